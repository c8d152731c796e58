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
from core.training.runs import Run, list_runs
from core.workspace import Workspace
from tests.browser.forms import settle
from tests.browser.waiting import wait_for
from tests.pages.made import make_run
from tools.workbench import Workbench

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("page", ["en-US"], indirect=True),
]

CARD = """---
base_model: sentence-transformers/all-MiniLM-L6-v2
tags:
- sentence-transformers
- loss:MultipleNegativesRankingLoss
---

# Shoes, found

### Model Description
- **Maximum Sequence Length:** 128 tokens
- **Output Dimensionality:** 384 dimensions
- **Similarity Function:** Cosine Similarity

## Training Details

### Training Dataset

#### json

* Size: 6,300 training samples
* Columns: <code>anchor</code>, <code>positive</code>, and <code>negative</code>
* Loss: [<code>MultipleNegativesRankingLoss</code>](https://sbert.net/docs) with these parameters:
  ```json
  {
      "scale": 25.0,
      "similarity_fct": "cos_sim"
  }
  ```

### Training Hyperparameters
#### Non-Default Hyperparameters

- `per_device_train_batch_size`: 48
- `num_train_epochs`: 2
- `warmup_ratio`: 0.2
- `seed`: 7
"""
LOAD = """
import sys
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
vectors = model.encode(["越野跑鞋", "防水徒步鞋", "电饭煲"], normalize_embeddings=True)
print(*vectors.shape, vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
"""


def test_a_card_is_pasted_trained_compared_and_taken_home(
    workbench: Workbench, page: Page, tmp_path: Path
) -> None:
    workspace = Workspace.open(workbench.home)
    earlier = make_run(workspace, name="Earlier", scores=(0.3, 0.4))
    run = trained_with_the_card(workspace, workbench, page)

    page.goto(f"{workbench.url}/runs?runs={run.id},{earlier}")
    expect(page.get_by_text("2 runs ticked")).to_be_visible()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    page.get_by_text("The same on the command line").click()
    expect(page.get_by_text(f"compare {run.id} {earlier}")).to_be_visible()

    page.goto(f"{workbench.url}/export?run={run.id}")
    page.locator(".st-key-format_safetensors").get_by_role("button").click()
    link = page.get_by_role("link", name=re.compile("Download the zip file"))
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "model.zip")
    loads_in_a_process_that_knows_nothing_of_us(tmp_path)


def trained_with_the_card(workspace: Workspace, workbench: Workbench, page: Page) -> Run:
    """Paste the card on Train, fill the form in, take the static base, and train."""
    page.goto(f"{workbench.url}/train?dataset={add_sample(workspace, 'products')}")
    page.get_by_text("Start from a model card or a recipe").click()
    page.get_by_text("Paste or upload a model card").click()
    settle(page)
    box = page.get_by_role("textbox", name=re.compile("The whole model card"))
    box.fill(CARD)
    box.press("Control+Enter")
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("batch size 48", exact=False).first).to_be_visible()
    page.get_by_role("button", name="Fill in the form").first.click()
    expect(page.get_by_text("The form below is filled in.")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Batch size")).to_have_value("48")
    rows = page.locator(".st-key-base_table").get_by_test_id("stHorizontalBlock")
    rows.filter(has_text=re.compile(r"^Static")).first.get_by_role("button").click()
    settle(page)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Run", level=1)).to_be_visible()
    (run,) = [run for run in list_runs(workspace) if run.name != "Earlier"]
    wait_for(lambda: not JobStatus.load(run.folder).state.active, 200, "the end of the run")
    assert JobStatus.load(run.folder).state is JobState.SUCCEEDED
    (recipe,) = [one for one in list_recipes(workspace) if not one.ready]
    config = run.config
    assert config.recipe == recipe.id and config.base.kind == "static"
    assert (config.training.seed, config.loss.parameters["scale"]) == (7, 25.0)
    return run


def loads_in_a_process_that_knows_nothing_of_us(folder: Path) -> None:
    zipfile.ZipFile(folder / "model.zip").extractall(folder / "home")
    (model,) = (folder / "home").iterdir()
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOAD, str(model)], capture_output=True, text=True, check=True
    )
    count, dimension, right = done.stdout.split()
    assert (count, right) == ("3", "True") and int(dimension) >= 256
