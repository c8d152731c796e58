"""Match in a real browser: two tables in, a workbook out, with the bundled model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from playwright.sync_api import Page, expect

from core.encoder import client
from core.matching.params import KEPT
from core.models.bundled import bundled_path
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.forms import settle
from tools.workbench import Workbench

ASKED = ["waterproof running shoes", "=camera for pets", "night light with a sensor"]
SHOP = [
    "A lamp that turns on when somebody walks by at night",
    "Trail running shoe, keeps the rain out",
    "Indoor camera: watch your cat from work",
    "Cast iron pan",
]


def bring(page: Page, place: str, file: Path) -> None:
    """Upload a file on one side of the form."""
    page.locator(f".st-key-match_{place}_table_file_0 input").set_input_files(file)
    chosen = page.locator(f".st-key-match_{place}_table").get_by_role("combobox").first
    expect(chosen).to_have_value(f"File · {file.name}")
    settle(page)


def test_two_tables_are_matched_and_taken_home_as_a_workbook(
    workbench: Workbench, open_page: OpenPage, home: Path, tmp_path: Path
) -> None:
    asked, shop = tmp_path / "asked.csv", tmp_path / "shop.csv"
    pd.DataFrame({"q": ASKED}).to_csv(asked, index=False)
    pd.DataFrame({"item": SHOP, "no": list("abcd")}).to_csv(shop, index=False)
    page = open_page(locale="en-US", color_scheme="dark")
    page.goto(f"{workbench.url}/match")
    bring(page, "left", asked)
    bring(page, "right", shop)
    page.locator(".st-key-start_match button").click()
    thumb = page.get_by_role("slider").first
    expect(thumb).to_be_visible()
    settle(page)
    thumb.press("Home")
    settle(page)
    matched = page.get_by_test_id("stMetric").filter(has_text="Matched")
    expect(matched.get_by_test_id("stMetricValue")).to_have_text("3")

    page.get_by_role("button", name="Files of the matches").click()
    link = page.get_by_role("link", name="Download Excel")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    file = tmp_path / "found.xlsx"
    download.value.save_as(file)
    assert download.value.suggested_filename == "asked - shop - matches.xlsx"
    rows = list(openpyxl.load_workbook(file).worksheets[0].values)[1:]
    found = [(row[1], row[3], row[4]) for row in rows if row[5] == 1]

    # The same numbers from the same model, without the job: the whole table of scores.
    workspace = Workspace(home)
    ours, theirs = (client.encode(workspace, bundled_path(), texts) for texts in (ASKED, SHOP))
    scores = ours @ theirs.T
    best = scores.argmax(axis=1)
    assert [(one, other) for one, other, _ in found] == [
        (ASKED[at], SHOP[best[at]]) for at in range(3)
    ]
    assert best.tolist() == [1, 2, 0]
    np.testing.assert_allclose([score for *_, score in found], scores.max(axis=1), atol=1e-4)
    assert len(rows) <= 3 * KEPT
