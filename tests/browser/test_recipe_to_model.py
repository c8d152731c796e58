"""From somebody's model card to a model of one's own, in a browser: paste, train, compare, take."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.data.samples import add_sample
from core.jobs.status import JobState, JobStatus
from core.training.recipes.store import list_recipes
from core.training.runs import Run, list_runs, load_curves
from core.workspace import Workspace
from tests.browser.forms import settle
from tests.browser.waiting import wait_for
from tools.workbench import Workbench

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("page", ["en-US"], indirect=True),
]

CARD = (Path(__file__).parent / "product_card.md").read_text(encoding="utf-8")
"""As version 5 of the library writes them: all sections, every hyperparameter."""
LOAD = """
import sys
from sentence_transformers import SentenceTransformer
texts = ["越野跑鞋", "防水徒步鞋", "电饭煲"]
home, run = (SentenceTransformer(path, device="cpu").encode(texts) for path in sys.argv[1:])
print(*home.shape, abs(home - run).max() < 1e-5)
"""


def test_a_card_is_pasted_trained_compared_and_taken_home(
    workbench: Workbench, page: Page, tmp_path: Path
) -> None:
    workspace = Workspace.open(workbench.home)
    first = trained_with_the_card(workspace, workbench, page)
    second = trained_again_with_a_change(workspace, page, first)
    compared(workbench, page, first, second)

    page.goto(f"{workbench.url}/export?run={second.id}")
    page.locator(".st-key-format_safetensors").get_by_role("button").click()
    link = page.get_by_role("link", name=re.compile("Download the zip file"))
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "model.zip")
    loads_in_a_process_that_knows_nothing_of_us(tmp_path, second)


def trained_with_the_card(workspace: Workspace, workbench: Workbench, page: Page) -> Run:
    """Paste the card on Train, fill the form in, take less time, and train."""
    page.goto(f"{workbench.url}/train?dataset={add_sample(workspace, 'products')}")
    page.get_by_text("Start from a model card or a recipe").click()
    page.get_by_text("Paste or upload a model card").click()
    settle(page)
    box = page.get_by_role("textbox", name=re.compile("The whole model card"))
    box.fill(CARD)
    box.press("Control+Enter")
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("batch size 16", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Fill in the form").first.click()
    expect(page.get_by_text("The form below is filled in.")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Batch size")).to_have_value("16")
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("2")
    fill(page, "Epochs", "0.2")
    run = started(workspace, page)
    (recipe,) = [one for one in list_recipes(workspace) if not one.ready]
    config = run.config
    assert (config.recipe, config.base.kind, config.loss.name) == (
        recipe.id,
        "bundled",
        "TripletLoss",
    )
    assert (config.loss.parameters["triplet_margin"], config.training.seed) == (5.0, 42)
    return run


def trained_again_with_a_change(workspace: Workspace, page: Page, first: Run) -> Run:
    """The same settings again, but for one."""
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Use these settings again").click()
    expect(page.get_by_role("heading", name="Train", level=1)).to_be_visible()
    settle(page)
    fill(page, "Epochs", "0.4")
    return started(workspace, page, first)


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label, exact=True)
    field.fill(value)
    field.press("Enter")
    settle(page)


def started(workspace: Workspace, page: Page, *others: Run) -> Run:
    """Press Start, and wait for the end of the run that it makes."""
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Run", level=1)).to_be_visible()
    known = {run.id for run in others}
    wait_for(lambda: len(list_runs(workspace)) > len(known), 20, "the start of the run")
    (run,) = [run for run in list_runs(workspace) if run.id not in known]
    wait_for(lambda: not JobStatus.load(run.folder).state.active, 200, "the end of the run")
    assert JobStatus.load(run.folder).state is JobState.SUCCEEDED
    return run


def compared(workbench: Workbench, page: Page, first: Run, second: Run) -> None:
    """Both runs side by side: the one setting that differs, and where their curves end."""
    page.goto(f"{workbench.url}/runs?runs={first.id},{second.id}")
    expect(page.get_by_text("2 runs ticked")).to_be_visible()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    cells = page.get_by_test_id("stDataFrame").last.locator('[role="gridcell"]')
    expect(cells).to_have_text(["Epochs", "0.2", "0.4"])
    ends = page.locator(".js-plotly-plot").first.evaluate(
        "chart => chart.data.map(line => [line.name, Array.from(line.y).at(-1)])"
    )
    looks = [load_curves(run.folder).held_out_scores[-1]["value"] for run in (first, second)]
    assert [name for name, _end in ends] == [first.name, second.name]
    assert [end for _name, end in ends] == pytest.approx(looks)
    page.get_by_text("The same on the command line").click()
    expect(page.get_by_text(f"compare {first.id} {second.id}")).to_be_visible()


def loads_in_a_process_that_knows_nothing_of_us(folder: Path, run: Run) -> None:
    zipfile.ZipFile(folder / "model.zip").extractall(folder / "home")
    (model,) = (folder / "home").iterdir()
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD, str(model), str(run.folder / "model")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["3", "384", "True"]
