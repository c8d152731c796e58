"""A model that is used where it lies: seen to be there, and to be the one that is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.models.fingerprint import model_fingerprint
from core.models.folder import NoSuchFolder
from core.problems import N_, Problem


class ModelGone(Problem):
    what = N_("The folder of the model {model} was deleted or moved: {folder}.")
    do = N_("Put the folder back, or choose another model.")


class ModelChanged(Problem):
    what = N_("The folder {folder} does not hold the model {model} any more.")
    do = N_("Put the earlier files back, or choose a model again.")


@dataclass(frozen=True)
class CheckedModel:
    """A model that was there a moment ago: what people call it, its folder and fingerprint."""

    name: str
    folder: Path
    fingerprint: str


def check_model(name: str, folder: Path, fingerprint: str | None = None) -> CheckedModel:
    """The model in ``folder`` as it is now.

    Args:
        name: what people call it.
        folder: where it lies.
        fingerprint: which model it must be; any will do when None.

    Raises:
        ModelGone: the folder was deleted or cannot be read.
        ModelChanged: it holds another model than ``fingerprint`` says.
    """
    try:
        found = model_fingerprint(folder)
    except (NoSuchFolder, OSError) as error:
        raise ModelGone(model=name, folder=str(folder)) from error
    if fingerprint is not None and found != fingerprint:
        raise ModelChanged(model=name, folder=str(folder))
    return CheckedModel(name, folder, found)
