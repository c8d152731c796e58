"""What a run that is there already is good for: its settings again, its model trained further."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.data.shapes import SPLIT
from core.data.store import load_dataset
from core.models.bases import BaseConfig, RunHasNoModel
from core.problems import N_, Message, Problem
from core.training.config import RunConfig
from core.training.runs import Run, load_run
from core.workspace import UnknownItem, Workspace

FURTHER_SHARE = 0.2
"""Part of a run's learning rate that is proposed for training its model further."""
_FURTHER_NAME = "{name} +"
_SUFFIX = re.compile(r" \((?:\d+|[\w.]+=.*)\)$")

_LOWER_RATE = N_(
    "The learning rate is {rate}, a fifth of the {before} that the run had: the model knows its "
    "task already, and large steps would first undo a part of what it has learned."
)


class DatasetGone(Problem):
    what = N_("The dataset {name} that this run learned from has been deleted.")
    do = N_("Choose another dataset; the other settings are filled in.")


class SettingUnknown(Problem):
    what = N_("A configuration has no setting {name}.")
    do = N_("Write it as in config.yaml, with a point between: training.epochs, for example.")


class ScoredRowsSeen(Problem):
    what = N_(
        "The base model {base} has been trained on this table with other rows held out. It has "
        "learned rows that would be scored here, so the scores would be better than the model."
    )
    do = N_("Hold out the same rows as then: seed {seed} and a held-out share of {held_out_share}.")


@dataclass(frozen=True)
class Further:
    """A configuration that trains a finished model further, and why its learning rate is lower."""

    config: RunConfig
    reason: Message


def clone_config(run: Run, changes: Mapping[str, Any] | None = None) -> RunConfig:
    """The configuration of ``run`` once more, with changes.

    It keeps no trace of the run that it comes from but its name, which says what is different:
    ``Products (training.epochs=3)``, or ``Products (2)`` when nothing is.  Seed and held-out share
    stay unless they are changed, so that both runs are scored on the same rows.

    Args:
        run: where the settings come from.
        changes: new values by the path of their setting in ``config.yaml``, such as
            ``{"training.epochs": 3}``; ``name`` sets the name as it is.

    Raises:
        SettingUnknown: a path leads nowhere.
        ConfigUnreadable: a value is wrong; names the setting.
    """
    changes = dict(changes or {})
    name = _name_of_clone(run.name, changes)
    return change_config(run.config, {"name": name, **changes})


def change_config(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """A configuration with new values by the path of their setting; see :func:`clone_config`.

    Raises:
        SettingUnknown: a path leads nowhere.
        ConfigUnreadable: a value is wrong; names the setting.
    """
    data = config.to_dict()
    for path, value in changes.items():
        _put(data, path, value)
    return RunConfig.parse(data, "config.yaml")


def further_config(run: Run) -> Further:
    """A configuration that goes on training the model of ``run`` on the same table.

    The loss stays and the rate is lower (:data:`FURTHER_SHARE`).  Seed and held-out share stay too,
    so that the model is never scored on rows that it has learned from; the rows come in another
    order.

    Raises:
        RunHasNoModel: the run has no model.
    """
    if run.model is None:
        raise RunHasNoModel(id=run.id)
    before = run.config.training
    rate = float(f"{before.learning_rate * FURTHER_SHARE:.2g}")
    order = before.seed if before.data_seed is None else before.data_seed
    # The model's vocabulary has been learned: its token vectors need no rate of their own.
    changed = {"learning_rate": rate, "new_rate": None, "data_seed": (order + 1) % 2**31}
    training = before.model_copy(update=changed)
    config = run.config.model_copy(
        update={
            "name": _FURTHER_NAME.format(name=run.name),
            "base": BaseConfig(kind="run", run=run.id),
            "training": training,
        }
    )
    reason = Message(_LOWER_RATE, {"rate": f"{rate:g}", "before": f"{before.learning_rate:g}"})
    return Further(config, reason)


@dataclass(frozen=True)
class Lineage:
    """Where the model of a run comes from, and what became of it.

    Attributes:
        before: the runs whose models it was trained from, the first one first.
        lost: the id of the run before all of these, when that one has been deleted.
        after: the runs that were begun with its model, the first one first.
    """

    before: tuple[Run, ...]
    lost: str | None
    after: tuple[Run, ...]


def lineage(run: Run, runs: Iterable[Run]) -> Lineage:
    """Which of ``runs``, the workspace's, stand before and after ``run``."""
    by_id = {one.id: one for one in runs}
    before: list[Run] = []
    parent = _parent(run)
    while parent in by_id and by_id[parent] not in before:
        before.insert(0, by_id[parent])
        parent = _parent(by_id[parent])
    after = [one for one in by_id.values() if _parent(one) == run.id]
    return Lineage(
        before=tuple(before),
        lost=parent if parent not in by_id else None,
        after=tuple(sorted(after, key=lambda one: one.status.created)),
    )


def _parent(run: Run) -> str | None:
    return run.config.base.run if run.config.base.kind == "run" else None


def dataset_problem(workspace: Workspace, config: RunConfig) -> Problem | None:
    """Why the dataset of a configuration cannot be used again; None when it can."""
    try:
        load_dataset(workspace, config.dataset.id)
    except UnknownItem:
        return DatasetGone(name=config.dataset.name)
    except Problem as problem:
        return problem
    return None


def seen_problem(workspace: Workspace, config: RunConfig) -> ScoredRowsSeen | None:
    """Whether the base has learned rows that this run would be scored on.

    That is so when it, or a run that it comes from itself, was trained on the same dataset with
    another seed or held-out share.  A dataset with a split column holds out the same rows always;
    datasets that were deleted, and other datasets with the same rows, are not noticed.

    Returns:
        The problem, with the seed and the share that were used then; None when there is none.
    """
    own = (config.evaluation.held_out_share, config.training.seed)
    try:
        if SPLIT in load_dataset(workspace, config.dataset.id).info.columns:
            return None
        base, seen = config.base, set[str]()
        while base.kind == "run" and base.run and base.run not in seen:
            seen.add(base.run)
            run = load_run(workspace, base.run)
            then = (run.config.evaluation.held_out_share, run.config.training.seed)
            if run.config.dataset.content_hash == config.dataset.content_hash and then != own:
                return ScoredRowsSeen(base=run.name, held_out_share=then[0], seed=then[1])
            base = run.config.base
    except Problem:
        # Deleted or damaged: nothing is known about it.
        return None
    return None


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    part: Any = data
    for parent in parents:
        part = part.get(parent) if isinstance(part, dict) else None
    # The parameters of a loss are those that were set; any other name has to be there.
    free = parents == ["loss", "parameters"]
    if not isinstance(part, dict) or not (free or name in part):
        raise SettingUnknown(name=path)
    part[name] = value


def _name_of_clone(name: str, changes: Mapping[str, Any]) -> str:
    plain = _SUFFIX.sub("", name)
    if not changes:
        number = re.fullmatch(r".* \((\d+)\)", name)
        return f"{plain} ({int(number[1]) + 1 if number else 2})"
    return f"{plain} ({', '.join(f'{path}={value}' for path, value in changes.items())})"
