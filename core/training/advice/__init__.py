"""Warnings before a run is started, each with what can be done about it at once."""

from __future__ import annotations

from core.data.findings import Severity
from core.data.store import DatasetInfo
from core.models.folder import ResolvedBase
from core.training.advice import data, settings
from core.training.advice.case import Advice, Case, WayOut
from core.training.advice.facts import read_facts
from core.training.config import RunConfig
from core.training.losses.registry import loss_named
from core.workspace import Workspace

__all__ = ["Advice", "WayOut", "advise"]


def advise(
    workspace: Workspace, dataset: DatasetInfo, config: RunConfig, base: ResolvedBase
) -> list[Advice]:
    """What should be known before this run is started; the worst comes first.

    Args:
        workspace: where the table is.
        dataset: the table to learn from.
        config: the run.
        base: what ``config.base`` is, from :func:`core.models.bases.resolve`.

    Raises:
        UnknownLoss: there is no such loss.
        UnknownItem, DatasetUnreadable: the table cannot be read.
        Problem: its base cannot be read.
    """
    case = Case(
        workspace,
        dataset,
        config,
        base,
        loss_named(config.loss.name),
        read_facts(workspace, dataset),
    )
    order = list(Severity)
    found = [advice for check in (*data.CHECKS, *settings.CHECKS) for advice in check(case)]
    return sorted(found, key=lambda advice: -order.index(advice.severity))
