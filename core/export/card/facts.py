"""Everything that a card says, gathered from a run's folder and its dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any, TypeVar

import yaml

from core.data.report import DataReport
from core.data.store import DatasetInfo, load_dataset
from core.export.card.recorded import Recorded
from core.inspection.widgets import Example
from core.models.bases import BaseConfig, resolve, start_of
from core.models.bundled import BUNDLED_NAME, WEIGHTS_SHA256
from core.models.folder import ResolvedBase
from core.models.hub.names import hub_name
from core.problems import Problem
from core.training.artifacts import load_examples
from core.training.config import RunConfig
from core.training.report import Report
from core.training.runs import Curves, Run, load_run
from core.workspace import Workspace

_MOST_RUNS = 20
_T = TypeVar("_T")
_HUBS = {"huggingface": "https://huggingface.co/", "modelscope": "https://modelscope.cn/models/"}


@dataclass(frozen=True)
class Origin:
    """Where a model comes from, told without a path.

    Attributes:
        name: the model that all began with, as the hub knows it; "" for one made from the table's
            own texts.
        address: its page on the hub; "" when it is on none that is known.
        hub: it is a model of Hugging Face, which knows it by this name.
        revision: the commit, or what else says exactly which weights they were; "".
        runs: the names of the runs in between, the first one first.
    """

    name: str = ""
    address: str = ""
    hub: bool = False
    revision: str = ""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardFacts:
    """What is known about a run's model; parts that are gone are None or empty.

    Attributes:
        run: the run.
        origin: what it was trained from.
        report: its report.
        curves: its losses and scores.
        recorded: what the training process noted for the card.
        dataset: its dataset.
        data_report: what was found in the dataset.
        examples: questions and texts of the table, for widgets.
    """

    run: Run
    origin: Origin
    report: Report | None
    curves: Curves
    recorded: Recorded | None
    dataset: DatasetInfo | None
    data_report: DataReport | None
    examples: tuple[Example, ...]

    def languages(self) -> list[str]:
        """The languages of a tenth of the texts or more, as the data report found them."""
        shares: dict[str, float] = {}
        for column in self.data_report.languages.values() if self.data_report else ():
            for code, share in column.items():
                shares[code] = max(shares.get(code, 0.0), share)
        common = sorted(shares.items(), key=lambda item: -item[1])
        return [code for code, share in common if code and share >= 0.1]


def card_facts(workspace: Workspace, run_id: str) -> CardFacts:
    """Gather what there is about a run.

    Raises:
        UnknownItem: there is no such run.
        Problem: its configuration or status cannot be read.
    """
    run = load_run(workspace, run_id)
    curves = Curves()
    curves.update(run.folder)
    dataset = _or_none(lambda: load_dataset(workspace, run.config.dataset.id))
    return CardFacts(
        run=run,
        origin=origin_of(workspace, run.config.base, run.folder),
        report=_or_none(run.report),
        curves=curves,
        recorded=Recorded.load(run.folder),
        dataset=dataset.info if dataset else None,
        data_report=_or_none(dataset.report) if dataset else None,
        examples=tuple(_or_none(lambda: load_examples(run.folder)) or ()),
    )


def origin_of(workspace: Workspace, base: BaseConfig, run: Path | None = None) -> Origin:
    """What a base comes from; follows the runs that it was trained in.

    Args:
        workspace: where those runs are.
        base: a run's base.
        run: that run's folder, which knows the name of a base that is gone.
    """
    runs: list[str] = []
    while base.kind == "run" and len(runs) < _MOST_RUNS:
        before = _or_none(partial(load_run, workspace, base.run or ""))
        runs.insert(0, before.name if before else str(base.run))
        if before is None:
            return Origin(runs=tuple(runs))
        base, run = before.config.base, before.folder
    if base.kind == "static":
        start = start_of(base)
        return Origin(runs=tuple(runs)) if start is None else origin_of(workspace, start)
    if base.kind == "bundled":
        address = _HUBS["huggingface"] + BUNDLED_NAME
        return Origin(BUNDLED_NAME, address, True, f"SHA-256 {WEIGHTS_SHA256}", tuple(runs))
    if base.kind == "hub":
        name, on_face = base.repo or "", base.source == "huggingface"
        return Origin(name, _HUBS[base.source] + name, on_face, base.revision or "", tuple(runs))
    return _origin_of_folder(workspace, base, run, tuple(runs))


def _origin_of_folder(
    workspace: Workspace, base: BaseConfig, run: Path | None, runs: tuple[str, ...]
) -> Origin:
    found: ResolvedBase | None = _or_none(lambda: resolve(workspace, base))
    recorded = Recorded.load(run) if run else None
    name = str(found.name) if found else recorded.base if recorded else ""
    name = name or PurePath(base.path or "").name
    known = "/" in name and hub_name(name) == name
    return Origin(name, _HUBS["huggingface"] + name if known else "", known, "", runs)


def public_config(config: RunConfig, origin: Origin, *, show_texts: bool) -> str:
    """The configuration as YAML without anything that belongs to this computer.

    Paths become names; without ``show_texts`` one's own questions and the texts of the recipe's
    card are left out.
    """
    data = config.to_dict()
    if data["base"]["path"]:
        data["base"]["path"] = origin.name
    if not show_texts:
        data["examples"] = []
        if not isinstance(data["evaluation"]["questions"], str):
            data["evaluation"]["questions"] = []
    text = yaml.safe_dump(_without_paths(data), allow_unicode=True, sort_keys=False)
    return str(text)


def _without_paths(value: Any) -> Any:
    """``value`` in which every path of this computer is only its last name."""
    if isinstance(value, Mapping):
        return {name: _without_paths(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_paths(one) for one in value]
    if isinstance(value, str) and "\n" not in value and Path(value).is_absolute():
        return PurePath(value).name
    return value


def _or_none(read: Callable[[], _T]) -> _T | None:
    """What can be read; a card is made without the rest."""
    try:
        return read()
    except (Problem, OSError, ValueError, TypeError, KeyError):
        return None
