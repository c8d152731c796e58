"""Which runs and jobs need a dataset, and deleting one without pulling it from under them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from core.data.mining.review import delete_review, list_reviews
from core.data.store import list_datasets, remove_dataset
from core.files import read_json
from core.jobs.queue import CONFIG_FILE, JOB_FILE
from core.jobs.status import JobState, JobStatus, StatusUnreadable
from core.problems import N_, Problem
from core.workspace import Workspace

_NAMED = 5
# The C parser is ten times as fast; not every build of PyYAML has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DatasetInUse(Problem):
    what = N_("The dataset “{name}” was used in training: {runs}.")
    do = N_(
        "These runs keep their models, scores and charts, but they cannot be repeated or resumed "
        "without it. Confirm that it is to be deleted all the same."
    )


class DatasetNeeded(Problem):
    what = N_("The dataset “{name}” is needed by work that has not ended: {runs}.")
    do = N_("Wait until it has ended, or stop it; then delete the dataset.")


class RunUse(NamedTuple):
    """A run or another job that uses a dataset: its id, what people call it, its state."""

    id: str
    name: str
    state: JobState


def runs_using(ws: Workspace, dataset_id: str) -> list[RunUse]:
    """The training runs that were made with a dataset, the newest first.

    Runs whose files are damaged are counted as far as they can be read.
    """
    return [use for id, use in _uses(ws) if id == dataset_id]


def count_uses(ws: Workspace) -> dict[str, int]:
    """How many training runs were made with each dataset, by its id; those with none are absent."""
    counts: dict[str, int] = {}
    for id, _ in _uses(ws):
        counts[id] = counts.get(id, 0) + 1
    return counts


@dataclass(frozen=True)
class DatasetRemoval:
    """What goes when a dataset is deleted, and what is left without it.

    Attributes:
        name: what it is called.
        rows: how many it has; 0 when it is damaged.
        bytes: its size on disk, with that of its reviews.
        reviews: how many reviews of mined negatives go with it; in ``decided`` of them somebody has
            decided something.
        versions: how many other versions of the table stay.
        runs: training runs that were made with it; they stay.
        needed_by: work that has not ended and needs it, because of which it cannot be deleted.
    """

    name: str
    rows: int
    bytes: int
    reviews: int
    decided: int
    versions: int
    runs: tuple[RunUse, ...]
    needed_by: tuple[RunUse, ...]


def plan_dataset_removal(ws: Workspace, id: str) -> DatasetRemoval:
    """What deleting the dataset ``id`` would take away.  Raises UnknownItem."""
    folder = ws.dataset(id)
    infos = list_datasets(ws)
    info = next((one for one in infos if one.id == id), None)
    reviews = list_reviews(ws, id)
    runs = runs_using(ws, id)
    files = [path for place in (folder, *(one.folder for one in reviews)) for path in _files(place)]
    return DatasetRemoval(
        name=info.name if info else id,
        rows=info.rows if info else 0,
        bytes=sum(path.lstat().st_size for path in files),
        reviews=len(reviews),
        decided=sum(one.counts().decided > 0 for one in reviews),
        versions=sum(one.family == info.family for one in infos) - 1 if info else 0,
        runs=tuple(runs),
        needed_by=tuple(use for use in (*runs, *_jobs_using(ws, id)) if use.state.active),
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def delete_dataset(ws: Workspace, id: str, *, confirmed: bool = False) -> None:
    """Delete the dataset ``id``, also when it is damaged, and the reviews of its mined negatives.

    Args:
        ws: the workspace.
        id: which dataset.
        confirmed: delete it although runs that have ended were made with it.

    Raises:
        UnknownItem: there is none.
        DatasetNeeded: a run or another job that needs it is waiting or at work, confirmed or not.
        DatasetInUse: runs were made with it, and ``confirmed`` was not given.
    """
    plan = plan_dataset_removal(ws, id)
    if plan.needed_by:
        raise DatasetNeeded(name=plan.name, runs=named(plan.needed_by))
    if plan.runs and not confirmed:
        raise DatasetInUse(name=plan.name, runs=named(plan.runs))
    remove_dataset(ws, id)
    for review in list_reviews(ws, id):
        delete_review(ws, review.info.id)


def _uses(ws: Workspace) -> list[tuple[str, RunUse]]:
    """(dataset's id, run) of every training run, the newest first."""
    uses = []
    for folder in sorted(ws.runs.iterdir(), reverse=True):
        if folder.name.startswith("."):
            continue
        path = folder / CONFIG_FILE
        try:
            stamp = path.stat()
        except OSError:
            continue
        dataset, name = _read_config(path, stamp.st_mtime_ns, stamp.st_size)
        if dataset is not None:
            uses.append((dataset, RunUse(folder.name, name or folder.name, _state(folder))))
    return uses


@lru_cache(maxsize=4096)
def _read_config(path: Path, changed_ns: int, size: int) -> tuple[str | None, str]:
    """The dataset's id and the run's name, as far as a ``config.yaml`` says them.

    It is read without the rules of a configuration, which may be of another version of Pairloom;
    ``changed_ns`` and ``size`` make it be read again when it has changed.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        return str(data["dataset"]["id"]), str(data.get("name") or "")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        return None, ""


def _jobs_using(ws: Workspace, dataset_id: str) -> list[RunUse]:
    """Jobs other than training whose parameters name the dataset."""
    uses = []
    for folder in ws.jobs.iterdir():
        job = _read_object(folder / JOB_FILE)
        params = job.get("params")
        if isinstance(params, dict) and params.get("dataset") == dataset_id:
            uses.append(RunUse(folder.name, folder.name, _state(folder)))
    return uses


def _read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is none to be read."""
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _state(folder: Path) -> JobState:
    try:
        return JobStatus.load(folder).state
    except StatusUnreadable:
        return JobState.FAILED


def named(uses: Iterable[RunUse]) -> str:
    """The names of the first of them, for a sentence."""
    names = [use.name for use in uses]
    return ", ".join(names[:_NAMED] + (["…"] if len(names) > _NAMED else []))
