"""A finished run as two models to compare: what the analyst had before, and what training made."""

from __future__ import annotations

from dataclasses import dataclass

from core.inspection.project_job import MapModel
from core.inspection.widgets import Example
from core.training import artifacts
from core.training.run_models import RunFilesDamaged, base_model, tuned_model
from core.training.runs import Run


@dataclass(frozen=True)
class Comparison:
    """The two models of a run and the texts that it kept for looking at them.

    Attributes:
        base_name: how the base is known to others.
        base: the model before training.
        tuned: the model after it.
        examples: the widget examples, from held-out rows.
        held_out: the distinct texts of the held-out rows.
    """

    base_name: str
    base: MapModel
    tuned: MapModel
    examples: tuple[Example, ...]
    held_out: tuple[str, ...]


def load_comparison(run: Run) -> Comparison:
    """What Inspect and Search need of a finished run.

    Raises:
        TunedModelGone, BaseModelGone: a model's folder was deleted.
        BaseModelChanged: the base's folder holds another model now.
        RunFilesDamaged: a file of the run cannot be read.
    """
    tuned, base = tuned_model(run), base_model(run)
    file = artifacts.EXAMPLES
    try:
        examples = tuple(artifacts.load_examples(run.folder))
        file = artifacts.HELD_OUT_TEXTS
        held_out = tuple(artifacts.load_held_out_texts(run.folder))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunFilesDamaged(file=file, name=run.name) from error
    before, after = (MapModel(model.folder, model.fingerprint) for model in (base, tuned))
    return Comparison(base.name, before, after, examples, held_out)
