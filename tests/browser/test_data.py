"""The Data screen in a browser: an odd file becomes a dataset with mined negatives, and trains."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.mining.review import list_reviews
from core.data.store import list_datasets, load_dataset
from core.jobs.status import JobState, JobStatus
from core.training.report import Report
from core.workspace import PROJECT_ROOT, Workspace
from tests.browser.conftest import OpenPage
from tests.browser.waiting import only_run, wait_for
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(600)

PAIRS = 60


def odd_table(path: Path) -> list[tuple[str, str]]:
    """Write a GB18030 file with tabs and no header; return its good rows.

    Its columns are a product's short name, a shopper's question, the product's description.  One
    description is a full stop, and one row is there twice.
    """
    with (PROJECT_ROOT / "sample_data" / "product_triplets.csv").open(encoding="utf-8") as file:
        rows = [(row["anchor"], row["positive"]) for row in csv.DictReader(file)][:PAIRS]
    odd = [*rows, ("最近在看跑鞋", "。"), rows[3]]
    lines = "".join(f"{product[:5]}\t{question}\t{product}\r\n" for question, product in odd)
    path.write_bytes(lines.encode("gb18030"))
    return rows


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option, exact=True).click()


def fix(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(name))


@pytest.mark.slow
def test_an_odd_file_is_mended_mined_reviewed_and_trained_on(
    workbench: Workbench, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(locale="en-US")
    table = tmp_path / "商品.tsv"
    rows = odd_table(table)
    workspace = Workspace.open(workbench.home)

    page.goto(f"{workbench.url}/data")
    page.locator("input[type=file]").first.set_input_files(table)
    expect(page.get_by_text("encoding GB18030")).to_be_visible()
    expect(page.get_by_text("no header row")).to_be_visible()
    expect(page.get_by_text("62 pairs: A against B").first).to_be_visible()

    # The names of the products were taken for questions.
    choose(page, "Anchor", "B")
    choose(page, "Positive", "C")
    expect(page.get_by_text("62 pairs: B against C").first).to_be_visible()

    fix(page, "Leave these rows out").click()
    expect(page.get_by_text("61 pairs").first).to_be_visible()
    fix(page, "Keep only the first of equal rows").click()
    expect(page.get_by_text("60 pairs").first).to_be_visible()
    page.get_by_role("button", name="Save dataset").click()
    expect(page.get_by_role("button", name="Train on this")).to_be_visible()

    (saved,) = list_datasets(workspace)
    assert saved.source.encoding == "GB18030"
    assert [applied.step.kind for applied in saved.steps] == [
        "drop_one_character",
        "drop_duplicate_rows",
    ]
    frame = load_dataset(workspace, saved.id).frame()
    assert sorted(zip(frame["anchor"], frame["positive"], strict=True)) == sorted(rows)

    page.get_by_role("radio", name=re.compile("Negatives")).click()
    page.get_by_role("button", name="Start looking").click()
    # What was found opens by itself.
    expect(page.get_by_text(re.compile(r"^0 of \d+ candidates"))).to_be_visible(timeout=180_000)
    labels = ("Wrong answer", "Wrong answer", "Leave out", "Wrong answer", "Right answer")
    for decided, label in enumerate(labels, 1):
        page.get_by_role("button", name=re.compile(label)).first.click()
        expect(page.get_by_text(re.compile(rf"^{decided} of \d+ candidates"))).to_be_visible()
    page.get_by_role("button", name="Make the new version …").click()
    page.get_by_text("Take those that are not doubtful as wrong answers").click()
    page.get_by_role("button", name="Make the new version", exact=True).click()
    wait_for(lambda: len(list_datasets(workspace)) == 2, 60, "the new version")

    (review,) = list_reviews(workspace, saved.id)
    counts = review.counts()
    assert (counts.rejected, counts.matches) == (1, 1)
    mined = next(info for info in list_datasets(workspace) if info.parent is not None)
    assert mined.parent == saved.id
    triplets = load_dataset(workspace, mined.id).frame()
    of_question = triplets.groupby("anchor")["positive"].agg(set)
    assert set(triplets["negative"]) <= {product for _question, product in rows}
    assert not any(
        row["negative"] in of_question[row["anchor"]] for _number, row in triplets.iterrows()
    )

    # For a moment the page of the old version is still there, too.
    train = page.get_by_role("button", name="Train on this")
    expect(train).to_have_count(1)
    train.click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    choose(page, "Base model", "Static, from your own data")
    start = page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_enabled()
    start.click()
    expect(page.get_by_role("heading", name="Run", level=1)).to_be_visible()
    run = only_run(workbench.home)
    wait_for(lambda: not JobStatus.load(run).state.active, 180, "the end of the run")
    assert JobStatus.load(run).state is JobState.SUCCEEDED
    assert Report.load(run) is not None
