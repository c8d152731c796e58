"""The table of bases in a browser: the recommended one on top, another one by one click on a row;
and a model from a hub, cut off, gone on with and started from."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from core.data.samples import add_sample
from core.models.hub.settings import save_hub
from core.models.hub.shelf import list_downloads
from core.workspace import Workspace
from tests.browser.waiting import wait_for
from tests.models.hub_server import running_hub, tiny_files
from tools.workbench import Workbench

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("page", ["en-US"], indirect=True),
]
FIRST_ROW = {"x": 300, "y": 52}


def test_one_click_on_a_row_chooses_the_base(workbench: Workbench, page: Page) -> None:
    add_sample(Workspace.open(workbench.home), "drugs")
    page.goto(f"{workbench.url}/train")
    expect(page.get_by_text("Recommended: Static, from your own data")).to_be_visible()
    expect(page.get_by_text("cannot read 67% of this table")).to_be_visible()
    expect(page.get_by_text("one vector a piece")).to_be_visible()
    # No figure is missing any more.
    expect(page.get_by_role("gridcell", name="…", exact=True)).to_have_count(0)
    table = page.get_by_test_id("stDataFrame").first
    table.locator("canvas").first.click(position=FIRST_ROW)
    warning = page.get_by_text("This base cannot read 67% of the table.")
    expect(warning).to_be_visible()
    page.get_by_role("button", name="Use Static, from your own data").click()
    expect(warning).to_have_count(0)
    expect(page.get_by_text("one vector a piece")).to_be_visible()


def test_a_download_that_was_cut_off_goes_on_and_becomes_a_base(
    workbench: Workbench, page: Page
) -> None:
    workspace = Workspace.open(workbench.home)
    add_sample(workspace, "products")
    with running_hub() as hub:
        hub.add("tiny/static", tiny_files())
        save_hub(workspace, "huggingface", address=hub.address, token=None)
        hub.faults.cut = [9_000]
        hub.faults.pause = 0.3
        page.goto(f"{workbench.url}/train")
        page.get_by_text("Get a model from a hub").click()
        page.get_by_role("textbox", name="Name of the model").fill("tiny/static")
        page.get_by_role("textbox", name="Name of the model").press("Enter")
        page.get_by_role("button", name="Look it up").click()
        page.get_by_role("button", name="Download", exact=True).click()
        page.get_by_role("button", name="Cancel the download").click()
        page.get_by_role("button", name="Go on with the download").click()
        hub.faults.pause = 0.0
        expect(page.get_by_text("It is on this computer.")).to_be_visible()
        wait_for(lambda: len(list_downloads(workspace)) == 1, 30, "the model")
        assert [one.headers.get("range") for one in hub.stored][-1] is not None
    page.get_by_role("button", name="Start from it").click()
    expect(page.get_by_text("vectors of 16 numbers")).to_be_visible()

    page.get_by_role("textbox", name="Name of the model").fill("tiny/other")
    page.get_by_role("textbox", name="Name of the model").press("Enter")
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_text("cannot be reached")).to_be_visible()
    expect(page.get_by_text("https://hf-mirror.com")).to_be_visible()
