"""The Data screen in a browser: an odd file becomes a dataset with mined negatives, and trains."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.store import list_datasets, load_dataset
from core.jobs.status import JobState, JobStatus
from core.training.report import Report
from core.workspace import PROJECT_ROOT, Workspace
from tests.browser.conftest import OpenPage
from tests.browser.test_story import only_run, wait_for
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(600)

PAIRS = 60


def odd_table(path: Path) -> list[tuple[str, str]]:
    """A GB18030 file with tabs and no header: product, question; with a dot and a row twice."""
    with (PROJECT_ROOT / "sample_data" / "product_triplets.csv").open(encoding="utf-8") as file:
        rows = [(row["positive"], row["anchor"]) for row in csv.DictReader(file)][:PAIRS]
    odd = [*rows, ("。", "最近在看跑鞋"), rows[3]]
    lines = "".join(f"{product}\t{question}\r\n" for product, question in odd)
    path.write_bytes(lines.encode("gb18030"))
    return rows


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option, exact=True).click()


def settled(page: Page) -> None:
    """Wait until the script has run: Streamlit marks what it has not drawn anew as stale."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)


def fix(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(name))


def test_an_odd_file_is_mended_mined_reviewed_and_trained_on(
    workbench: Workbench, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(locale="en-US")
    table = tmp_path / "商品.tsv"
    rows = odd_table(table)
    workspace = Workspace.open(workbench.home)

    page.goto(f"{workbench.url}/data")
    page.locator("input[type=file]").first.set_input_files(table)
    expect(page.get_by_text("encoding GB18030")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("no header row")).to_be_visible()
    expect(page.get_by_text("62 pairs: A against B", exact=False).first).to_be_visible(
        timeout=60_000
    )

    # What was guessed is the wrong way round: the second column asks.
    choose(page, "Anchor", "B")
    choose(page, "Positive", "A")
    expect(page.get_by_text("62 pairs: B against A", exact=False).first).to_be_visible(
        timeout=60_000
    )

    fix(page, "Leave these rows out").click()
    expect(page.get_by_text("61 pairs", exact=False).first).to_be_visible(timeout=60_000)
    fix(page, "Keep only the first of equal rows").click()
    expect(page.get_by_text("60 pairs", exact=False).first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Save dataset").click()
    expect(page.get_by_role("button", name="Train on this")).to_be_visible(timeout=60_000)

    (saved,) = list_datasets(workspace)
    assert saved.source.encoding == "GB18030"
    assert [applied.step.kind for applied in saved.steps] == [
        "drop_one_character",
        "drop_duplicate_rows",
    ]
    frame = load_dataset(workspace, saved.id).frame()
    assert sorted(zip(frame["positive"], frame["anchor"], strict=True)) == sorted(rows)

    page.get_by_role("radio", name=re.compile("Negatives")).click()
    page.get_by_role("button", name=re.compile("Start looking")).click()
    page.get_by_role("button", name=re.compile("Review|Go on|Look through")).first.click(
        timeout=180_000
    )
    for decisions, label in enumerate(
        ("Wrong answer", "Wrong answer", "Leave out", "Wrong answer", "Wrong answer"), 1
    ):
        page.get_by_role("button", name=re.compile(label)).first.click()
        expect(page.get_by_text(re.compile(rf"\b{decisions} of \d"))).to_be_visible()
    page.get_by_role("button", name=re.compile("Make the new version")).click()
    page.get_by_role("button", name=re.compile("Make the new version")).last.click()
    wait_for(lambda: len(list_datasets(workspace)) == 2, 60, "the new version")
    mined = next(info for info in list_datasets(workspace) if info.parent is not None)
    assert mined.parent == saved.id
    assert mined.origin is not None and "4 accepted" in mined.origin.text()
    negatives = load_dataset(workspace, mined.id).frame()["negative"]
    assert set(negatives) <= {product for product, _question in rows}

    page.get_by_role("button", name="Train on this").click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible(timeout=30_000)
    choose(page, "Base model", "Static, from your own data")
    start = page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_enabled(timeout=30_000)
    start.click()
    expect(page.get_by_role("heading", name="Run", level=1)).to_be_visible(timeout=30_000)
    run = only_run(workbench.home)
    wait_for(lambda: not JobStatus.load(run).state.active, 180, "the end of the run")
    assert JobStatus.load(run).state is JobState.SUCCEEDED
    assert Report.load(run) is not None
