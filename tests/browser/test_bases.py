"""The table of bases in a browser: each table leads by one click to a run whose report confirms
what was recommended; and a model from a hub, paused, gone on with and started from."""

from __future__ import annotations

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.data.samples import add_sample
from core.data.shapes import Mapping
from core.jobs.status import JobState, JobStatus
from core.models.hub.settings import save_hub
from core.models.hub.shelf import list_downloads, list_unfinished
from core.training.runs import Run, list_runs
from core.workspace import Workspace
from tests.browser.forms import settle, take_minilm
from tests.browser.waiting import wait_for
from tests.models.hub_server import running_hub, tiny_files
from tests.training.conftest import add_table
from tools.workbench import Workbench

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("page", ["en-US"], indirect=True),
]
ENGLISH = {
    "a small domesticated animal that purrs": "cat",
    "a place where books are lent to readers": "library",
    "frozen water that falls in white flakes": "snow",
    "a tool for driving nails into wood": "hammer",
    "the meal that is eaten in the morning": "breakfast",
    "somebody who flies an aircraft": "pilot",
    "a vehicle with two wheels and pedals": "bicycle",
    "the star around which the earth turns": "sun",
}
PLACES = ("in Norway", "in old books", "for children", "in a poem", "at school")


def one_click(workbench: Workbench, page: Page, dataset: str, base: str, *words: str) -> None:
    """Open Train for a dataset, read what is recommended, and start that."""
    page.goto(f"{workbench.url}/train?dataset={dataset}")
    expect(page.get_by_text(f"Recommended: {base}")).to_be_visible()
    for told in words:
        expect(page.get_by_text(told)).to_be_visible()
    table = page.locator(".st-key-base_table")
    expect(table.get_by_text("Look-alikes", exact=True)).to_be_visible()
    expect(table.get_by_text("…", exact=True)).to_have_count(0)
    expect(table.get_by_role("button", name="Chosen")).to_have_count(1)
    page.get_by_role("button", name="Start as proposed").click()
    expect(page.get_by_role("heading", name="Run", level=1)).to_be_visible()


def finished(workspace: Workspace, dataset: str) -> Run:
    """The run on a dataset, once it has succeeded."""
    (run,) = [run for run in list_runs(workspace) if run.config.dataset.id == dataset]
    wait_for(lambda: not JobStatus.load(run.folder).state.active, 240, "the end of the run")
    assert JobStatus.load(run.folder).state is JobState.SUCCEEDED
    return run


@pytest.mark.slow
def test_each_table_leads_by_one_click_to_a_run_whose_report_confirms_it(
    workbench: Workbench, page: Page
) -> None:
    workspace = Workspace.open(workbench.home)
    products = add_sample(workspace, "products")
    pairs = [(f"{gloss} {place}", word) for gloss, word in ENGLISH.items() for place in PLACES]
    frame = pd.DataFrame(pairs, columns=["question", "word"])
    frame["word"] = frame["word"] + " " + frame["question"].str.split().str[-1]
    english = add_table(workspace, frame, Mapping("question", "word"))

    # Another base by one click in its row, with the warning that belongs to it.
    page.goto(f"{workbench.url}/train?dataset={products}")
    take_minilm(page)
    expect(page.get_by_text("This base cannot read 68% of the table.")).to_be_visible()
    one_click(workbench, page, english, "all-MiniLM-L6-v2", "knows its language already")
    static = ("cannot read 68% of this table", "It does not see word order")
    one_click(workbench, page, products, "Static, from your own data", *static)

    report = finished(workspace, english).report()
    assert report is not None and report.verdict != "worse"
    run = finished(workspace, products)
    report = run.report()
    assert run.config.base.kind == "static" and report is not None
    reached = {model.role: model.metrics["ndcg@10"] for model in report.models}
    assert report.verdict == "better" and reached["tuned"] > reached["base"] + 0.2
    expect(page.get_by_text(f"{reached['tuned']:.3f}").first).to_be_visible()


def test_a_download_is_paused_goes_on_and_becomes_a_base(workbench: Workbench, page: Page) -> None:
    workspace = Workspace.open(workbench.home)
    add_sample(workspace, "products")
    with running_hub() as hub:
        hub.add("tiny/static", tiny_files(dimension=128))
        save_hub(workspace, "huggingface", address=hub.address, token=None)
        hub.faults.pause = 0.2
        page.goto(f"{workbench.url}/train")
        page.get_by_text("Get a model from a hub").click()
        name = page.get_by_role("textbox", name="Name of the model")
        name.fill("tiny/static")
        name.press("Enter")
        settle(page)
        page.get_by_role("button", name="Look it up").click()
        page.get_by_role("button", name="Download", exact=True).click()
        wait_for(lambda: bool(hub.stored), 60, "the beginning of the weights")
        page.get_by_role("button", name="Pause the download").click()
        expect(page.get_by_text("the download goes on from there")).to_be_visible()
        assert list_downloads(workspace) == [] and len(list_unfinished(workspace)) == 1
        hub.faults.pause = 0.0
        page.get_by_role("button", name="Go on with the download").click()
        expect(page.get_by_text("It is on this computer.")).to_be_visible()
        assert len(list_downloads(workspace)) == 1
        assert hub.stored[-1].headers.get("range") is not None
    page.get_by_role("button", name="Start from it").click()
    expect(page.get_by_text("vectors of 128 numbers")).to_be_visible()

    name.fill("tiny/other")
    name.press("Enter")
    settle(page)
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_text("cannot be reached")).to_be_visible()
    expect(page.get_by_text("https://hf-mirror.com")).to_be_visible()
    expect(page.get_by_text("A model folder on this computer").first).to_be_visible()
