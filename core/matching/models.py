"""The models that texts can be compared with, and the threshold that a run found for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.models.bases import list_bases, resolve
from core.models.bundled import BUNDLED_NAME
from core.models.checked import check_model
from core.problems import Problem
from core.training.run_models import known_reference
from core.training.runs import Run, finished_runs
from core.workspace import Workspace

Role = Literal["tuned", "base", "bundled", "hub", "folder"]


@dataclass(frozen=True)
class OfferedModel:
    """A model that somebody can choose.

    Attributes:
        key: tells it from the others; stays the same from day to day.
        role: what it is: the model of a run, what such a run started from, and so on.
        name: the run's name, or the model's own.
        folder: where it lies.
        run: the id of the run that says which threshold suits it, if there is one.
        fingerprint: which model it must be, where something is known about that one only.
    """

    key: str
    role: Role
    name: str
    folder: Path
    run: str | None = None
    fingerprint: str | None = None


class UsedModel(BaseModel):
    """A model as a job's parameters name it; another fingerprint is another model."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    role: Role
    name: str
    folder: Path
    fingerprint: str

    def check(self) -> None:
        """See that the model is there and still the same.

        Raises:
            ModelGone: its folder was deleted.
            ModelChanged: the folder holds another model now.
        """
        check_model(self.name, self.folder, self.fingerprint)


@dataclass(frozen=True)
class Suggestion:
    """A threshold that was measured on held-out rows of a run.

    Attributes:
        threshold: the cosine from which on to say "match".
        run: the name of the run.
        precision: which share of the pairs that reached it were right.
        recall: which share of the right pairs reached it.
        questions, answers: every one of so many questions took the best of so many answers; None
            where only chosen pairs were measured, about one wrong pair for each right one.
    """

    threshold: float
    run: str
    precision: float
    recall: float
    questions: int | None = None
    answers: int | None = None


def offered_models(workspace: Workspace) -> list[OfferedModel]:
    """The models of finished runs, newest first, what these started from, the bundled one, hubs'.

    A model that cannot be found any more is listed too: choosing it says what is wrong.
    """
    offers: list[OfferedModel] = []
    bases: dict[Path, OfferedModel] = {}
    for run in finished_runs(workspace):
        assert run.model is not None
        offers.append(OfferedModel(f"tuned:{run.id}", "tuned", run.name, run.model, run.id))
        base = _base_of(run)
        if base is not None:
            bases.setdefault(base.folder, base)
    for choice in list_bases(workspace):
        if choice.config.kind not in ("bundled", "hub"):
            continue
        try:
            folder = resolve(workspace, choice.config).path
        except Problem:
            # A damaged installation is said where models are chosen for training.
            continue
        if folder is not None and folder not in bases:
            role: Role = "bundled" if choice.config.kind == "bundled" else "hub"
            bases[folder] = OfferedModel(f"{role}:{choice.name}", role, choice.name, folder)
    return [*offers, *bases.values()]


def use(offer: OfferedModel) -> UsedModel:
    """The model as it is now; what a run started from must be as it was then.

    Raises:
        ModelGone: its folder was deleted.
        ModelChanged: the folder holds another model than the run knew.
    """
    model = check_model(offer.name, offer.folder, offer.fingerprint)
    return UsedModel(
        role=offer.role, name=offer.name, folder=model.folder, fingerprint=model.fingerprint
    )


def suggested_threshold(workspace: Workspace, offer: OfferedModel) -> Suggestion | None:
    """The threshold from the report of the offer's run; None where none was measured."""
    run = next((run for run in finished_runs(workspace) if run.id == offer.run), None)
    report = run.report() if run else None
    if run is None or report is None or report.calibration is None:
        return None
    tuned, search = offer.role == "tuned", report.calibration.search
    if search is not None:
        cut = search.after if tuned else search.before
        counted = (search.questions, search.answers)
        return Suggestion(cut.threshold, run.name, cut.precision, cut.recall, *counted)
    cut = (report.calibration.after if tuned else report.calibration.before).cut
    return Suggestion(cut.threshold, run.name, cut.precision, cut.recall)


def _base_of(run: Run) -> OfferedModel | None:
    reference = known_reference(run)
    if reference is None:
        return None
    name, folder, wanted = reference.name, reference.path, reference.fingerprint
    if name == BUNDLED_NAME:
        # It comes with the workbench, and is used as it is there.
        return OfferedModel(f"bundled:{name}", "bundled", name, folder, run.id)
    return OfferedModel(f"base:{wanted}", "base", name, folder, run.id, wanted)
