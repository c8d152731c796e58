"""Starting a run: refuse at once what would fail later, then queue it."""

from __future__ import annotations

from core.data.store import DatasetInfo, load_dataset
from core.jobs import queue
from core.jobs.supervisor import ensure_supervisor
from core.models.bases import resolve
from core.training.config import RunConfig
from core.training.losses import check_fit, loss_named
from core.workspace import Workspace


def check_config(workspace: Workspace, config: RunConfig) -> DatasetInfo:
    """Refuse at once what would fail later.

    Returns:
        The dataset that the run will learn from.

    Raises:
        UnknownItem: the dataset or the exam's corpus does not exist.
        UnknownLoss, LossDoesNotFit, LossParameterWrong: the loss cannot be used like this.
        Problem: the base cannot be used.
    """
    info = load_dataset(workspace, config.dataset.id).info
    loss = loss_named(config.loss.name)
    check_fit(loss, info.shape)
    loss.settings(config.loss.parameters)
    resolve(workspace, config.base)
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
