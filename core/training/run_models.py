"""The two models of a finished run, seen to be there: for every screen that works with them."""

from __future__ import annotations

from core.models.checked import CheckedModel, ModelChanged, ModelGone, check_model
from core.problems import N_, Problem
from core.training import artifacts
from core.training.artifacts import Reference
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


def tuned_model(run: Run) -> CheckedModel:
    """What training made.  Raises TunedModelGone: its folder was deleted."""
    folder = run.folder / artifacts.MODEL
    try:
        return check_model(run.name, folder)
    except ModelGone as problem:
        raise TunedModelGone(name=run.name, folder=str(folder)) from problem


def base_model(run: Run) -> CheckedModel:
    """What it started from, or is compared with, as it was then.

    Raises:
        BaseModelGone: its folder was deleted.
        BaseModelChanged: the folder holds another model now.
        RunFilesDamaged: the run does not say any more which model that was.
    """
    reference = known_reference(run)
    if reference is None:
        raise RunFilesDamaged(file=artifacts.REFERENCE, name=run.name)
    words = {"model": reference.name, "name": run.name, "folder": str(reference.path)}
    try:
        return check_model(reference.name, reference.path, reference.fingerprint)
    except ModelGone as problem:
        raise BaseModelGone(**words) from problem
    except ModelChanged as problem:
        raise BaseModelChanged(**words) from problem


def known_reference(run: Run) -> Reference | None:
    """Which model the run is compared with; None when its file cannot be read."""
    try:
        return artifacts.load_reference(run.folder)
    except (OSError, ValueError, TypeError, KeyError):
        return None
