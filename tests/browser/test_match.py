"""Match in a real browser: two tables in, a workbook out, with the bundled model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from playwright.sync_api import Page, expect

from core.encoder import client
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
STEP = 0.005
"""Of the slider."""


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

    # The same numbers from the same model, without the job: the whole table of scores.
    workspace = Workspace(home)
    ours, theirs = (client.encode(workspace, bundled_path(), texts) for texts in (ASKED, SHOP))
    scores = ours @ theirs.T
    best = np.sort(scores.max(axis=1))
    thumb.press("Home")
    lowest = float(thumb.input_value())
    # Between the best score of one row and those of the two others.
    for _step in range(round((best[:2].mean() - lowest) / STEP)):
        thumb.press("ArrowRight")
    settle(page)
    threshold = float(thumb.input_value())
    assert best[0] < threshold < best[1]
    matched = page.get_by_test_id("stMetric").filter(has_text="Matched")
    expect(matched.get_by_test_id("stMetricValue")).to_have_text("2")

    page.get_by_role("button", name="Files of the matches").click()
    link = page.get_by_role("link", name="Download Excel")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    file = tmp_path / "found.xlsx"
    download.value.save_as(file)
    assert download.value.suggested_filename == "asked - shop - matches.xlsx"
    rows = list(openpyxl.load_workbook(file).worksheets[0].values)[1:]
    wanted = list(lines_by_hand(scores, threshold))
    assert [(row[1], row[3], row[5], row[7]) for row in rows] == [
        (ASKED[q], SHOP[s], rank, "matched" if scores[q, s] >= threshold else "below the threshold")
        for q, s, rank in wanted
    ]
    np.testing.assert_allclose(
        [row[4] for row in rows], [scores[q, s] for q, s, _ in wanted], atol=1e-4
    )


def lines_by_hand(scores: np.ndarray, threshold: float) -> Iterator[tuple[int, int, int]]:
    """Of each row the three best that reach the threshold, or else its best; with their rank."""
    for row, own in enumerate(scores):
        order = np.argsort(-own, kind="stable")[:3].tolist()
        good = [column for column in order if own[column] >= threshold] or order[:1]
        yield from ((row, column, order.index(column) + 1) for column in good)
