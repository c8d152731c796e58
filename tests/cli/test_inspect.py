"""``inspect`` from the command line: the page, its figures, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from core.cli import work
from core.cli.output import DONE, REFUSED
from core.encoder import client
from core.files import write_text
from core.inspection.comparison import load_comparison
from core.inspection.map_points import held_out_points
from core.inspection.widgets import example_texts
from core.jobs.queue import CONFIG_FILE
from core.retrieval.corpora import load_corpus
from core.retrieval.sample_corpora import add_sample_corpus
from core.training.artifacts import load_held_out
from core.training.recipes.facts import Example
from core.training.runs import Run as FinishedRun
from core.training.runs import load_run
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.compared import do_jobs, make_compared
from tests.retrieval.stand_in import CharacterEncoder


@pytest.fixture
def core(core: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process; jobs are done at once."""
    monkeypatch.setattr(work, "ensure_supervisor", do_jobs)
    monkeypatch.setattr(client, "encode", CharacterEncoder().encode)
    return core


@pytest.fixture
def compared(workspace: Workspace) -> FinishedRun:
    return load_run(workspace, make_compared(workspace))


def points_of(compared: FinishedRun) -> tuple[str, ...]:
    examples = example_texts(load_comparison(compared).examples)
    return held_out_points(Workspace.open(), compared, examples).texts


def vectors_of(folder: Path, texts: list[str]) -> np.ndarray:
    return CharacterEncoder().encode(None, folder, texts)  # type: ignore[arg-type]


def test_the_page_has_both_parts_in_the_readers_language_and_loads_nothing(
    core: Run, compared: FinishedRun, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    code, said, told = core("inspect", compared.id, "--to", file, "--lang", "zh")
    assert code == DONE and str(file) in told and "moved most" in said
    page = file.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page and "<svg" in page and "Plotly.newPlot" in page
    texts = points_of(compared)
    assert page.count('"name":"') >= 3 and texts[0][:8] in page
    # plotly.js names addresses (of maps that nobody draws here), but nothing is asked for.
    outside = re.sub(r"<script[^>]*>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)=.?(?:https?:|//)", outside)
    assert not re.search(r"<script[^>]*\ssrc=", page)


def test_the_figures_are_those_of_the_vectors(core: Run, compared: FinishedRun) -> None:
    code, said, told = core("inspect", compared.id, "--json")
    assert code == DONE, told
    found = json.loads(said)
    comparison = load_comparison(compared)
    texts = example_texts(comparison.examples)
    for name, model in (("before", comparison.base), ("after", comparison.tuned)):
        vectors = vectors_of(model.folder, texts)
        assert np.allclose(found["similarity"][name], vectors @ vectors.T, atol=1e-5)
    groups = len(comparison.examples)
    assert found["similarity"]["verdict"]["groups"] == groups == len(found["similarity"]["answers"])
    assert found["similarity"]["verdict"]["message"]["text"]

    points = points_of(compared)
    near = []
    for model in (comparison.base, comparison.tuned):
        cosines = vectors_of(model.folder, list(points))
        cosines = cosines @ cosines.T
        np.fill_diagonal(cosines, -np.inf)
        near.append([set(np.argsort(-row, kind="stable")[:10].tolist()) for row in cosines])
    kept = np.mean([len(a & b) / len(a | b) for a, b in zip(*near, strict=True)])
    assert found["map"]["texts"] == len(points)
    # Equally near texts may stand in either order.
    assert found["map"]["neighbours_kept"] == pytest.approx(kept, abs=0.02)
    assert sum(found["map"]["explained"]) <= 1.0 and found["map"]["moved"]


def test_own_texts_are_compared_also_in_an_old_encoding(
    core: Run, compared: FinishedRun, tmp_path: Path
) -> None:
    file, page = tmp_path / "texts.txt", tmp_path / "page.html"
    file.write_bytes("越野跑鞋\t男士越野跑步鞋\n室内摄像头\t云台监控摄像头<b>\n".encode("gb18030"))
    options = ["--texts", file, "--to", page, "--json"]
    code, said, told = core("inspect", compared.id, *options, "--what", "similarity")
    found = json.loads(said)
    assert code == DONE and found["map"] is None, told
    assert found["similarity"]["answers"][0]["source"] == "越野跑鞋"
    written = page.read_text(encoding="utf-8")
    assert "摄像头&lt;b&gt;" in written and "plotly" not in written.lower()
    code, said, _ = core("inspect", compared.id, *options, "--what", "map")
    assert code == DONE and json.loads(said)["map"]["texts"] == 4


def test_rows_and_corpora_are_compared(
    workspace: Workspace, core: Run, compared: FinishedRun
) -> None:
    options = ["--what", "similarity", "--json"]
    code, said, _ = core("inspect", compared.id, "--held-out", *options)
    held_out = json.loads(said)["similarity"]
    anchors = load_held_out(compared.folder)["anchor"].nunique()
    assert code == DONE and held_out["verdict"]["groups"] == anchors
    code, said, _ = core("inspect", compared.id, "--dataset", compared.config.dataset.id, *options)
    found = json.loads(said)["similarity"]
    # So many that they are drawn as blocks.
    assert code == DONE and found["texts"] > 500 and found["before"] is None
    id = add_sample_corpus(workspace, "products")
    code, said, _ = core("inspect", compared.id, "--in", id, "--what", "map", "--json")
    texts = load_corpus(workspace, id).texts()
    assert code == DONE and json.loads(said)["map"]["texts"] == len(set(texts))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There is no run named nowhere"),
        (["RUN", "--texts", "missing.txt"], "The texts in missing.txt cannot be read"),
        (["RUN", "--texts", "ONE"], "1 texts are too few"),
        (["RUN", "--dataset", "nowhere"], "There is no dataset named nowhere"),
        (["RUN", "--what", "similarity", "--to", "/no/where.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_refused(
    core: Run, compared: FinishedRun, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    one = tmp_path / "one.txt"
    one.write_text("一行\n", encoding="utf-8")
    known = {"RUN": compared.id, "ONE": str(one)}
    code, said, told = core("inspect", *(known.get(word, word) for word in arguments))
    assert (code, said) == (REFUSED, ""), told
    assert sentence in told and "Traceback" not in told


def test_the_texts_of_the_recipes_card_are_compared(
    core: Run, compared: FinishedRun, workspace: Workspace
) -> None:
    code, _said, told = core("inspect", compared.id, "--card-examples")
    assert code == REFUSED and "come from no model card with examples" in told
    examples = (Example(source="red shoe", sentences=("a red shoe", "a blue boot")),)
    config = compared.config.model_copy(update={"examples": examples})
    write_text(compared.folder / CONFIG_FILE, config.to_yaml())
    asked = ("inspect", compared.id, "--card-examples", "--what", "similarity", "--json")
    record = json.loads(core(*asked)[1])
    assert record["similarity"]["texts"] == 3
