"""Deleting runs: what goes with them is counted first, and nothing is pulled from under others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.mining.review import list_reviews
from core.jobs.cleaning import GRAVE
from core.jobs.queue import JOB_FILE
from core.jobs.status import JobState, JobStatus, StatusUnreadable
from core.problems import N_, Problem, Term
from core.training.run_index import RunRow, load_rows
from core.workspace import Workspace

_NAMED = 5


class RunActive(Problem):
    what = N_("{name} is still {state}.")
    do = N_("Stop it first, then delete it.")


class RunNeeded(Problem):
    what = N_("{name} is needed by work that has not ended: {users}.")
    do = N_("Wait until that has ended, or stop it; then delete the run.")


@dataclass(frozen=True)
class Removal:
    """What goes when runs are deleted, and what is left without them.

    Attributes:
        runs: the runs, the newest first.
        bytes: their size on disk.
        models: how many have a trained model.
        exports: how many zip files go.
        favourites: how many have a star.
        noted: how many have a note.
        active: those that cannot be deleted because they have not ended.
        users: work that has not ended and needs one of them: (name of the run, what needs it).
        descendants: names of other runs that started from one of these models, or were guided by
            it; they keep their own models.
        reviews: how many reviews of mined negatives name one of them; they stay.
    """

    runs: tuple[RunRow, ...]
    bytes: int
    models: int
    exports: int
    favourites: int
    noted: int
    active: tuple[RunRow, ...]
    users: tuple[tuple[str, str], ...]
    descendants: tuple[str, ...]
    reviews: int

    @property
    def allowed(self) -> bool:
        """Whether all of them can be deleted."""
        return not self.active and not self.users


def plan_removal(workspace: Workspace, ids: Iterable[str]) -> Removal:
    """What deleting these runs would take away.

    Raises:
        UnknownItem: one of them is not there.
    """
    wanted = dict.fromkeys(ids)
    rows = load_rows(workspace)
    runs = tuple(row for row in rows if row.id in wanted)
    for id in wanted.keys() - {row.id for row in runs}:
        workspace.run(id)
    others = [row for row in rows if row.id not in wanted and wanted.keys() & set(row.needs)]
    sizes = [_files(workspace.runs / row.id) for row in runs]
    return Removal(
        runs=runs,
        bytes=sum(size for files in sizes for _, size in files),
        models=sum(row.model for row in runs),
        exports=sum(_is_export(path) for files in sizes for path, _ in files),
        favourites=sum(row.favourite for row in runs),
        noted=sum(bool(row.note) for row in runs),
        active=tuple(row for row in runs if row.active),
        users=_users(workspace, runs, others),
        descendants=tuple(row.name for row in others if not row.active),
        reviews=_reviews(workspace, wanted.keys()),
    )


def remove_runs(workspace: Workspace, ids: Iterable[str]) -> Removal:
    """Delete runs with everything in their folders: all of them, or none (see :func:`bury`).

    Returns:
        What went.

    Raises:
        UnknownItem: one of them is not there.
        RunActive: one of them has not ended.
        RunNeeded: work that has not ended needs one of them.
    """
    removal = plan_removal(workspace, ids)
    if removal.active:
        first = removal.active[0]
        raise RunActive(name=first.name, state=Term(JobState(first.state).label))
    if removal.users:
        name = removal.users[0][0]
        users = [user for run, user in removal.users if run == name]
        raise RunNeeded(name=name, users=_listed(users))
    for row in removal.runs:
        bury(workspace.runs / row.id)
    return removal


def bury(folder: Path) -> None:
    """Take the folder of a run away: from now on nobody finds it any more.

    Deleting many large files takes longer than a screen may wait; that is left to
    :func:`core.jobs.cleaning.clear_graves`, which the supervisor calls every 30 s.
    """
    folder.rename(folder.with_name(f"{GRAVE}{folder.name}"))


def _users(
    workspace: Workspace, runs: Sequence[RunRow], others: Sequence[RunRow]
) -> tuple[tuple[str, str], ...]:
    """Which of ``runs`` is needed by what: training runs that wait or run, and other jobs."""
    training = [
        (row, one.name) for one in others if one.active for row in runs if row.id in one.needs
    ]
    jobs = [(row, job) for job, text in _active_jobs(workspace) for row in runs if row.id in text]
    return tuple((row.name, user) for row, user in (*training, *jobs))


def _active_jobs(workspace: Workspace) -> list[tuple[str, str]]:
    """The ids of jobs that have not ended, each with what it is to do, as it is written down."""
    found = []
    for folder in workspace.jobs.iterdir():
        try:
            if JobStatus.load(folder).state.active:
                found.append((folder.name, (folder / JOB_FILE).read_text(encoding="utf-8")))
        except (OSError, StatusUnreadable):
            continue
    return found


def _reviews(workspace: Workspace, ids: Iterable[str]) -> int:
    wanted = set(ids)
    return sum(_searcher(one.info.params.model) in wanted for one in list_reviews(workspace))


def _searcher(model: object) -> str | None:
    return model if isinstance(model, str) else getattr(model, "run", None)


def _files(folder: Path) -> list[tuple[Path, int]]:
    """Every file in a folder with its size in bytes."""
    found = []
    for parent, _folders, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                found.append((path, path.lstat().st_size))
            except OSError:
                continue
    return found


def _is_export(path: Path) -> bool:
    return path.parent.name == "export" and path.suffix == ".zip"


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])
