"""The table of runs in a browser: ticks, side by side, a link to it, and a deletion."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from core.jobs.events import EventWriter
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.forms import settle
from tests.pages.made import make_run
from tools.workbench import Workbench

_ROW_PIXELS = 34


def make_finished(workspace: Workspace, name: str, score: float) -> str:
    id = make_run(workspace, name=name, scores=(0.5, score))
    writer = EventWriter(workspace.run(id))
    writer.write({"type": "start", "step": 0, "steps": 2})
    for step in (1, 2):
        look = {"step": step, "epoch": step / 2, "metric": "ndcg@10", "value": score * step / 2}
        writer.write({"type": "held_out_score", **look})
    return id


def tick_row(page: Page, place: int) -> None:
    """Click the box before a row of the table, which is a picture to the browser."""
    box = page.locator(".st-key-runs_table canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + (place + 1.5) * _ROW_PIXELS)
    settle(page)


def test_two_runs_are_compared_linked_to_and_one_is_deleted(
    workbench: Workbench, open_page: OpenPage
) -> None:
    workspace = Workspace.open(workbench.home)
    boots = make_finished(workspace, "Boots", 0.6)
    shoes = make_finished(workspace, "Shoes", 0.8)
    page = open_page(locale="en-US")
    page.goto(f"{workbench.url}/runs")
    expect(page.get_by_text("2 of 2 runs.")).to_be_visible()
    tick_row(page, 0)
    expect(page.get_by_role("button", name="Use these settings again")).to_be_visible()
    tick_row(page, 1)
    expect(page.get_by_text("2 runs ticked")).to_be_visible()
    names = page.locator(".js-plotly-plot .legendtext")
    expect(names).to_have_text(["Shoes", "Boots"])

    other = open_page(locale="en-US")
    other.goto(f"{workbench.url}/runs?runs={boots},{shoes}")
    expect(other.locator(".js-plotly-plot .legendtext")).to_have_text(["Boots", "Shoes"])

    tick_row(page, 0)
    expect(page.get_by_role("heading", name="Side by side")).to_have_count(0)
    page.get_by_role("button", name="Delete …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("1 run,")).to_be_visible()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("1 of 1 runs.")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert [run.id for run in list_runs(workspace)] == [shoes]
