"""Each form of export gives its model's vectors in a program that knows nothing of Pairloom."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.shapes import Shape
from core.encoder import client
from core.export.checking import VectorsTurned, check_changed
from core.export.formats import FORMATS, Format, formats_for
from core.export.job import export_run
from core.export.record import Export, Kept, require_export
from core.export.snippet import Prompts, loader, snippet
from core.export.texts import Compared
from core.export.verify import compare
from core.models.encoding import encode
from core.training.artifacts import HELD_OUT
from core.training.encoding import load_model
from core.training.runs import Run
from core.workspace import Workspace
from tests.export.conftest import Trained, encode_here
from tests.models.made import TEXTS, save_bert
from tests.retrieval.stand_in import running_job
from tests.training.conftest import one_thread

__all__ = ["one_thread"]

TRANSFORMER = [Format.FOLDER, Format.HALF, Format.ONNX, Format.INT8]
STATIC = [Format.FOLDER, Format.HALF, Format.NUMPY]


def each(formats: list[Format]) -> list[Any]:
    """The formats as parameters; half the size goes the way of the whole folder, and is slow."""
    half = pytest.param(Format.HALF, marks=pytest.mark.slow)
    return [half if format is Format.HALF else format for format in formats]


def run_program(program: str, folder: Path) -> list[str]:
    """What a program prints that runs beside an unpacked export, without Pairloom in reach."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def check_packed(export: Export, model: Path, tmp_path: Path) -> None:
    """Unpack the zip elsewhere; the program in its card ranks texts as the model itself does."""
    with zipfile.ZipFile(export.file) as archive:
        archive.extractall(tmp_path)
    unpacked = tmp_path / export.folder.name
    names = {path.name for path in unpacked.iterdir()}
    assert names == {path.name for path in export.folder.iterdir()}
    assert {"README.md", "README.zh.md", "tokenizer.json"} <= names
    programs = [program_in(unpacked / name) for name in ("README.md", "README.zh.md")]
    assert f'"{unpacked.name}"' in programs[0]
    question, texts = asked_in(programs[0])
    if (question, texts) == asked_in(programs[1]):
        assert programs[0] == programs[1]
    shown = dict(line.split("  ", 1)[::-1] for line in run_program(programs[0], tmp_path))
    assert set(shown) == set(texts) and len(texts) >= 2
    loaded = load_model(model, "cpu")
    wanted = encode(loaded, texts, "document") @ encode(loaded, [question], "query")[0]
    near = 0.03 if export.format is Format.INT8 else 0.002
    for text, score in zip(texts, wanted, strict=True):
        assert float(shown[text]) == pytest.approx(score, abs=near)


def program_in(card: Path) -> str:
    """The program that a card shows, letter by letter."""
    return card.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]


def asked_in(program: str) -> tuple[str, list[str]]:
    """The question and the texts of a program."""
    found = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(program).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("question", "texts")
    }
    return found["question"], found["texts"]


@pytest.mark.parametrize("format", each(TRANSFORMER))
def test_a_transformer(trained: Trained, tmp_path: Path, format: Format) -> None:
    export = trained.export(format)
    assert export.texts >= 100
    assert export.cosine >= (0.9 if format is Format.INT8 else 0.999)
    if format is Format.FOLDER:
        assert export.difference <= 1e-5
        assert export.kept is None
    else:
        assert export.kept is not None and export.before_per_second is not None
        report = trained.run.report()
        assert report is not None and export.kept.questions == report.questions
        assert export.kept.before == pytest.approx(export.kept.after, abs=0.1)
    if format is Format.HALF:
        # Compared with the model as it was trained, not as it became by being written.
        assert 1e-7 < export.difference < 1e-2
    assert export.texts_per_second > 0
    assert trained.run.model is not None
    check_packed(export, trained.run.model, tmp_path)


def test_smaller_forms_are_smaller(trained: Trained) -> None:
    def weights(format: Format, name: str) -> int:
        return (trained.export(format).folder / name).stat().st_size

    full = weights(Format.FOLDER, "model.safetensors")
    assert weights(Format.HALF, "model.safetensors") < 0.6 * full
    assert weights(Format.INT8, "model.onnx") < weights(Format.ONNX, "model.onnx")


def test_a_graph_takes_any_number_of_texts_of_any_length(trained: Trained) -> None:
    import onnxruntime

    export = trained.export(Format.ONNX)
    graph = onnxruntime.InferenceSession(str(export.folder / "model.onnx"))
    assert [one.name for one in graph.get_outputs()] == ["sentence_embedding"]
    shapes = [one.shape for one in graph.get_inputs()]
    assert all(isinstance(side, str) for shape in shapes for side in shape), "a fixed length"
    assert trained.run.model is not None
    model = load_model(trained.run.model, "cpu")
    space: dict[str, object] = {"__file__": str(export.folder / "encode.py")}
    exec((export.folder / "encode.py").read_text(), space)
    for texts in (["红"], ["", "a"], ["鞋" * 500, "x"], TEXTS * 4):
        found = space["encode"](texts)  # type: ignore[operator]
        assert compare(encode(model, texts), found).cosine > 0.9999


@pytest.mark.parametrize("format", each(STATIC))
def test_a_static_model(
    workspace: Workspace,
    run: Run,
    tmp_path: Path,
    format: Format,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "encode", encode_here)
    params = {"run": run.id, "format": format.value}
    export_run(running_job(workspace, "export", params))
    export = require_export(workspace, run.id, format)
    assert export.cosine >= 0.999
    assert run.model is not None
    check_packed(export, run.model, tmp_path)
    if format is Format.NUMPY:
        assert len((export.folder / "encode.py").read_text().splitlines()) <= 20
        table = np.load(export.folder / "embeddings.npy")
        assert table.shape[1] == 32


@pytest.fixture
def prompted(run: Run) -> Run:
    """A run whose model wants words before its texts, others before questions, and has rows."""
    from sentence_transformers import SentenceTransformer

    shutil.rmtree(run.folder / "model")
    model = SentenceTransformer(str(save_bert(run.folder / "made")), device="cpu")
    model.prompts = {"query": "red shoes of 1999: ", "document": "blue box; "}
    model.default_prompt_name = "document"
    model.save_pretrained(str(run.folder / "model"))
    names = [f"{what} {number}" for number in range(20) for what in ("box", "shoe", "a red of")]
    rows = pd.DataFrame({"anchor": names, "positive": [name[::-1] for name in names]})
    rows.to_parquet(run.folder / HELD_OUT)
    return run


@pytest.mark.parametrize("format", [Format.HALF, Format.ONNX])
def test_prompts_are_read_as_the_model_wants_them(
    workspace: Workspace, prompted: Run, tmp_path: Path, format: Format
) -> None:
    """Of a model that puts a prompt before plain texts, too: by the check and by the program."""
    export_run(running_job(workspace, "export", {"run": prompted.id, "format": format.value}))
    export = require_export(workspace, prompted.id, format)
    assert export.cosine > 0.9999 and export.kept is not None
    assert export.kept.after == pytest.approx(export.kept.before, abs=0.003)
    assert prompted.model is not None
    # No prompt, the other one, or twice the same give other scores.
    model = load_model(prompted.model, "cpu")
    ways = [encode(model, ["box 1"], role)[0] for role in ("query", "document")]
    assert ways[0] @ ways[1] < 0.98
    if format is Format.HALF:
        weights = (export.folder / "model.safetensors").stat().st_size
        assert weights < 0.6 * (prompted.model / "model.safetensors").stat().st_size
    check_packed(export, prompted.model, tmp_path)


def test_scores_are_said_as_they_were_measured() -> None:
    said = {
        shape: Kept("ndcg@10", 1_500, 0.9, 0.85, shape).said().text()
        for shape in (Shape.PAIRS, Shape.TRIPLETS, Shape.CLASSES)
    }
    assert "on 1,500 held-out questions, searched among the held-out answers" in said[Shape.PAIRS]
    assert said[Shape.TRIPLETS] == said[Shape.PAIRS]
    assert "on 1,500 held-out texts, each searched among the others" in said[Shape.CLASSES]
    pairs = Kept("spearman", 50, 0.9, 0.85, Shape.SCORED_PAIRS).said().text()
    assert pairs == (
        "Spearman correlation on 50 held-out pairs: 0.9000 as trained, 0.8500 in this form."
    )


def test_the_formats_that_suit_a_model(trained: Trained, run: Run, tmp_path: Path) -> None:
    assert trained.run.model is not None and run.model is not None
    assert formats_for(trained.run.model) == TRANSFORMER
    assert formats_for(run.model) == STATIC
    assert formats_for(tmp_path) == [Format.FOLDER]
    assert set(FORMATS) == set(Format)


def test_a_model_that_computes_something_else_is_refused(trained: Trained, tmp_path: Path) -> None:
    """The graph of one model beside another one: the first vectors that differ stop the export."""
    export = trained.export(Format.ONNX)
    other = load_model(save_bert(tmp_path / "other"), "cpu")
    with pytest.raises(VectorsTurned, match="smallest cosine is"):
        compared = Compared(list(TEXTS), 0)
        check_changed(export.folder, Format.ONNX, other, compared, tmp_path, lambda: None)


def test_prompts_stand_before_texts_where_the_library_does_not_know_them() -> None:
    prompts = Prompts(query="query: ", document="passage: ")
    program = snippet("m", ["q", "a", "b"], Format.ONNX, prompts)
    assert 'encode([question], prompt="query: ")' in program
    assert 'encode(texts, prompt="passage: ")' in program
    assert "prompt=" not in snippet("m", ["q", "a"], Format.FOLDER, prompts)


@pytest.mark.parametrize("format", [Format.ONNX, Format.NUMPY])
def test_the_loader_is_short_and_finds_its_own_folder(format: Format) -> None:
    assert "Path(__file__).parent" in loader(format)
    assert len(loader(format).splitlines()) <= 26
    compile(loader(format), "encode.py", "exec")


def test_what_is_recorded_is_read_back(trained: Trained) -> None:
    export = trained.export(Format.ONNX)
    assert Export.load(export.file.parent, Format.ONNX) == export
    assert json.loads((export.file.parent / "onnx.json").read_text())["file"] == export.file.name
