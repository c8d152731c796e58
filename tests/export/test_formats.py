"""Each form of export gives its model's vectors in a program that knows nothing of Pairloom."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.encoder import client
from core.export.checking import VectorsTurned, check_changed
from core.export.formats import FORMATS, Format, formats_for
from core.export.job import export_run
from core.export.record import Export, require_export
from core.export.snippet import Prompts, loader, snippet
from core.export.verify import compare
from core.models.encoding import encode
from core.training.encoding import load_model
from core.training.runs import Run
from core.workspace import Workspace
from tests.export.conftest import Trained, encode_here
from tests.models.made import OTHERS, QUESTION, TEXTS, save_bert
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
    """Unpack the zip elsewhere; the lines for it rank texts as the model itself does."""
    with zipfile.ZipFile(export.file) as archive:
        archive.extractall(tmp_path)
    unpacked = tmp_path / export.folder.name
    names = {path.name for path in unpacked.iterdir()}
    assert names == {path.name for path in export.folder.iterdir()}
    assert {"README.md", "README.zh.md", "tokenizer.json"} <= names
    program = snippet(unpacked.name, [QUESTION, *OTHERS], export.format)
    assert program in (unpacked / "README.md").read_text().replace(
        _program_in_card(unpacked), program
    )
    shown = dict(line.split("  ", 1)[::-1] for line in run_program(program, tmp_path))
    loaded = load_model(model, "cpu")
    wanted = encode(loaded, OTHERS) @ encode(loaded, [QUESTION])[0]
    near = 0.03 if export.format is Format.INT8 else 0.002
    for text, score in zip(OTHERS, wanted, strict=True):
        assert float(shown[text]) == pytest.approx(score, abs=near)


def _program_in_card(folder: Path) -> str:
    """The program that the card shows: it loads this very folder."""
    card = (folder / "README.md").read_text()
    program = card.partition("```python\n")[2].partition("```")[0]
    assert f'"{folder.name}"' in program
    return program


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
        check_changed(export.folder, Format.ONNX, other, TEXTS, tmp_path, check_stop=lambda: None)


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
