"""Finished exports of a run: what was packed, how it was checked, and whether it still counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.data.shapes import Shape
from core.export.card.form import FORM_FILE
from core.export.drafts import EXPORT_FOLDER
from core.export.formats import Format
from core.export.snippet import Prompts
from core.files import read_json, write_json
from core.models.fingerprint import model_fingerprint
from core.problems import N_, Message, Problem, Term
from core.training.evaluation import METRIC_NAMES
from core.training.runs import Run, load_run
from core.workspace import Workspace

_BY_SHAPE = {
    Shape.SCORED_PAIRS: N_(
        "{metric} on {questions:,} held-out pairs: {before:.4f} as trained, {after:.4f} in this "
        "form."
    ),
    Shape.CLASSES: N_(
        "{metric} on {questions:,} held-out texts, each searched among the others for those of "
        "its class: {before:.4f} as trained, {after:.4f} in this form."
    ),
}
_SEARCHED = N_(
    "{metric} on {questions:,} held-out questions, searched among the held-out answers: "
    "{before:.4f} as trained, {after:.4f} in this form."
)


class NothingToExport(Problem):
    what = N_("The run {name} has no trained model.")
    do = N_("Wait until the run has succeeded, or choose another one.")


class NotExportedYet(Problem):
    what = N_("The model of the run {name} has not been exported.")
    do = N_("Export it first; that takes less than a minute.")


@dataclass(frozen=True)
class Kept:
    """What an export kept of the model's score on the held-out rows.

    Attributes:
        metric: the metric that decides.
        questions: how many questions (or pairs) were scored.
        before: the model's score.
        after: the exported one's, on the same rows.
        shape: the shape of the rows.
    """

    metric: str
    questions: int
    before: float
    after: float
    shape: Shape = Shape.PAIRS

    def said(self) -> Message:
        """What was scored and how, in a sentence."""
        params = {
            "metric": Term(METRIC_NAMES[self.metric]),
            "questions": self.questions,
            "before": self.before,
            "after": self.after,
        }
        return Message(_BY_SHAPE.get(self.shape, _SEARCHED), params)


@dataclass(frozen=True)
class Export:
    """A finished export.

    Attributes:
        format: what it is.
        file: the zip file.
        size_bytes: its size.
        sha256: of its bytes, 64 hexadecimal digits.
        texts: how many texts were compared.
        made: how many of them are no held-out texts but made of some.
        difference: the largest difference of any number in their vectors.
        cosine: the smallest cosine of any text's vector before and after.
        texts_per_second: how many of these texts the exported model read in a second on this
            computer's processor.
        before_per_second: the same for the model as it was trained; None for the plain folder,
            which is that.
        kept: its score on the held-out rows; None where nothing can have changed, or for runs
            without held-out rows.
        created: when, ISO 8601 in UTC.
        fingerprint: of the model that it was made of.
        stamp: of the same, by sizes and times (:func:`model_stamp`).
        form: what the card's form said, as a hash.
        prompts: the words that the model wants before its texts, where the library does not know.
    """

    format: Format
    file: Path
    size_bytes: int
    sha256: str
    texts: int
    difference: float
    cosine: float
    texts_per_second: float
    before_per_second: float | None
    kept: Kept | None
    created: str
    fingerprint: str
    form: str
    prompts: Prompts = field(default_factory=Prompts)
    made: int = 0
    stamp: str = ""

    @property
    def folder(self) -> Path:
        """The same as a folder, beside the zip file."""
        return self.file.with_suffix("")

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form; the file is named, not located."""
        return {**asdict(self), "format": self.format.value, "file": self.file.name}

    def save(self) -> None:
        """Write it beside its file: from now on the export is offered."""
        write_json(record_file(self.file.parent, self.format), self.to_json())

    @classmethod
    def load(cls, folder: Path, format: Format) -> Export:
        """The record of a format in a run's export folder.

        Raises:
            OSError, ValueError, TypeError, KeyError: there is none that can be read.
        """
        data: Mapping[str, Any] = read_json(record_file(folder, format))
        kept = None
        if data["kept"]:
            kept = Kept(**{**data["kept"], "shape": Shape(data["kept"].get("shape", "pairs"))})
        parts = {
            "format": Format(data["format"]),
            "file": folder / data["file"],
            "kept": kept,
            "prompts": Prompts(**data["prompts"]),
        }
        return cls(**{**data, **parts})


def record_file(folder: Path, format: Format) -> Path:
    """Where the record of a format lies."""
    return folder / f"{format}.json"


def form_hash(run: Path) -> str:
    """What stands for the card's form as it is filled in now."""
    try:
        return hashlib.sha256((run / FORM_FILE).read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        return ""


def model_stamp(model: Path) -> str:
    """What stands for a model's files without reading them: their names, sizes and times of change.

    The same stamp means the same model; another one says nothing, for a copied workspace has new
    times.
    """
    files = sorted(path for path in model.rglob("*") if path.is_file())
    states = [
        f"{path.relative_to(model).as_posix()} {state.st_size} {state.st_mtime_ns}"
        for path, state in ((path, path.stat()) for path in files)
    ]
    return hashlib.sha256("\n".join(states).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def export_facts(
    workspace: Workspace, run_id: str, format: Format = Format.FOLDER
) -> Export | None:
    """The run's export; None while there is none of the model and its card as they are now.

    Raises:
        UnknownItem: there is no such run.
    """
    run = workspace.run(run_id)
    try:
        export = Export.load(run / EXPORT_FOLDER, format)
        whole = export.file.stat().st_size == export.size_bytes and export.folder.is_dir()
        if not whole or export.form != form_hash(run):
            return None
        return export if _made_of(export, run / "model") else None
    except (OSError, ValueError, TypeError, KeyError, Problem):
        return None


def _made_of(export: Export, model: Path) -> bool:
    """Whether the export is of this model; its weights are read only when its files look new."""
    return export.stamp == model_stamp(model) or export.fingerprint == model_fingerprint(model)


def require_export(workspace: Workspace, run_id: str, format: Format = Format.FOLDER) -> Export:
    """The run's export.

    Raises:
        NotExportedYet: there is none.
        UnknownItem: there is no such run.
    """
    export = export_facts(workspace, run_id, format)
    if export is None:
        raise NotExportedYet(name=load_run(workspace, run_id).name)
    return export


def require_model(run: Run) -> Path:
    """The folder of the run's model.

    Raises:
        NothingToExport: it has none.
    """
    if run.model is None:
        raise NothingToExport(name=run.name)
    return run.model
