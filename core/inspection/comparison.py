"""A finished run as two models to compare: what the analyst had before, and what training made."""

from __future__ import annotations

from dataclasses import dataclass

from core.inspection.project_job import MapModel
from core.inspection.widgets import Example
from core.models.fingerprint import model_fingerprint
from core.models.folder import NoSuchFolder
from core.problems import N_, Problem
from core.training import artifacts
from core.training.runs import Run


class TunedModelGone(Problem):
    what = N_("The model of “{name}” is no longer in its folder {folder}.")
    do = N_("Put the folder back, choose another run, or train this one again.")


class BaseModelGone(Problem):
    what = N_("The model {model} that “{name}” is compared with is no longer in {folder}.")
    do = N_("Put the folder back, or choose another run.")


class BaseModelChanged(Problem):
    what = N_("The model {model} in {folder} is not the one that “{name}” was compared with.")
    do = N_("Put the earlier files back, or train again with the model as it is now.")


class RunFilesDamaged(Problem):
    what = N_("The file {file} of “{name}” is missing or damaged.")
    do = N_("Choose another run, or train this one again.")


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
    model = run.folder / artifacts.MODEL
    try:
        tuned = MapModel(model, model_fingerprint(model))
    except (NoSuchFolder, OSError) as error:
        raise TunedModelGone(name=run.name, folder=str(model)) from error
    file = artifacts.REFERENCE
    try:
        reference = artifacts.load_reference(run.folder)
        file = artifacts.EXAMPLES
        examples = tuple(artifacts.load_examples(run.folder))
        file = artifacts.HELD_OUT_TEXTS
        held_out = tuple(artifacts.load_held_out_texts(run.folder))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunFilesDamaged(file=file, name=run.name) from error
    words = {"model": reference.name, "name": run.name, "folder": str(reference.path)}
    try:
        found = model_fingerprint(reference.path)
    except (NoSuchFolder, OSError) as error:
        raise BaseModelGone(**words) from error
    if found != reference.fingerprint:
        raise BaseModelChanged(**words)
    return Comparison(reference.name, MapModel(reference.path, found), tuned, examples, held_out)
