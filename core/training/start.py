"""Starting a run: refuse at once what would fail later, then queue it."""

from __future__ import annotations

from core.data.store import DatasetInfo, load_dataset
from core.data.structure import NoStructure, shape_with
from core.jobs import queue
from core.jobs.supervisor import ensure_supervisor
from core.models.additions import check_extensible
from core.models.bases import resolve
from core.training.config import RunConfig
from core.training.defaults import structure_of
from core.training.losses.registry import (
    check_batch,
    check_fit,
    check_matryoshka,
    loss_named,
)
from core.workspace import Workspace


def check_config(workspace: Workspace, config: RunConfig) -> DatasetInfo:
    """Refuse at once what would fail later.

    Returns:
        The dataset that the run will learn from.

    Raises:
        UnknownItem: the dataset or the exam's corpus does not exist.
        UnknownLoss, NoLossFits, LossDoesNotFit, LossNotForStatic, LossParameterUnknown,
        LossParameterWrong, BatchSizeOdd, MatryoshkaDoesNotFit, MatryoshkaTooLong: the loss cannot
            be used like this.
        NegativesDoNotFit, NoStructure: the table gives no wrong answers of its own.
        CannotExtend: nothing can be added to the base's vocabulary.
        Problem: the base cannot be used.
    """
    info = load_dataset(workspace, config.dataset.id).info
    loss = loss_named(config.loss.name)
    base = resolve(workspace, config.base)
    count = config.training.structured_negatives
    check_fit(loss, shape_with(info.shape, count), static=base.kind == "static")
    if count and structure_of(workspace, info) is None:
        raise NoStructure
    loss.settings(config.loss.parameters)
    check_batch(loss, config.training.batch_size)
    if config.base.extend is not None:
        check_extensible(base)
    check_matryoshka(loss, config.loss.matryoshka, base.dimension)
    if config.evaluation.exam is not None:
        workspace.corpus(config.evaluation.exam)
    return info


def start_run(workspace: Workspace, config: RunConfig) -> str:
    """Put a run into the queue and see to it that somebody serves the queue.

    Returns:
        The run's id.

    Raises:
        Problem: see :func:`check_config`.
    """
    check_config(workspace, config)
    id = queue.submit(workspace, "train", config.to_dict(), name=config.name)
    ensure_supervisor(workspace)
    return id
