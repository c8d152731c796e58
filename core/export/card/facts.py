"""Everything that a card says, gathered from a run's folder and its dataset."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from core.data.report import DataReport
from core.data.store import DatasetInfo, load_dataset
from core.export.card.recorded import Recorded
from core.inspection.widgets import Example
from core.models.bases import BaseConfig, resolve, start_of
from core.models.bundled import BUNDLED_NAME, WEIGHTS_SHA256
from core.models.folder import ResolvedBase, read_folder
from core.models.hub.names import hub_name
from core.problems import Problem
from core.training.artifacts import MODEL, load_examples
from core.training.config import RunConfig
from core.training.report import Report
from core.training.runs import Curves, Run, load_run
from core.workspace import Workspace

_MOST_RUNS = 20
_QUESTIONS = "evaluation.questions"
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
        table_words: the model's vocabulary was made from the words of a training table, which are
            therefore in its files.
        static: the model is a table of vectors and no transformer.
    """

    run: Run
    origin: Origin
    report: Report | None
    curves: Curves
    recorded: Recorded | None
    dataset: DatasetInfo | None
    data_report: DataReport | None
    examples: tuple[Example, ...]
    table_words: bool = False
    static: bool = False

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
    model = _or_none(lambda: read_folder(run.folder / MODEL))
    return CardFacts(
        run=run,
        origin=origin_of(workspace, run.config.base, run.folder),
        report=_or_none(run.report),
        curves=curves,
        recorded=Recorded.load(run.folder),
        dataset=dataset.info if dataset else None,
        data_report=_or_none(dataset.report) if dataset else None,
        examples=tuple(_or_none(lambda: load_examples(run.folder)) or ()),
        table_words=holds_table_words(workspace, run.config.base),
        static=model is not None and model.kind == "static",
    )


def holds_table_words(workspace: Workspace, base: BaseConfig) -> bool:
    """Whether a model's vocabulary was made from the words of its table, or of an earlier run's."""
    for _ in range(_MOST_RUNS):
        if base.kind == "static" or base.extend is not None:
            return True
        if base.kind != "run":
            return False
        before = _or_none(partial(load_run, workspace, base.run or ""))
        if before is None:
            return False
        base = before.config.base
    return False


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
        if start is None:
            return Origin(runs=tuple(runs))
        first = origin_of(workspace, start)
        return replace(first, runs=(*first.runs, *runs))
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
    name = name or last_name(base.path or "")
    known = "/" in name and hub_name(name) == name
    return Origin(name, _HUBS["huggingface"] + name if known else "", known, "", runs)


@dataclass(frozen=True)
class PublicConfig:
    """A configuration as a card shows it.

    Attributes:
        text: the configuration as YAML.
        paths: the settings in which a name stands in the place of a path, as ``base.path``: name.
        ids: the settings that hold an id of the workspace, as ``dataset.id``.
        questions_left_out: one's own questions were taken out.
    """

    text: str
    paths: dict[str, str]
    ids: tuple[str, ...]
    questions_left_out: bool


def public_config(config: RunConfig, origin: Origin, *, show_texts: bool) -> PublicConfig:
    """The configuration without anything that belongs to this computer.

    Paths become names; without ``show_texts`` one's own questions and the texts of the recipe's
    card are left out.
    """
    data, paths = config.to_dict(), {}
    if data["base"]["path"]:
        data["base"]["path"] = paths["base.path"] = origin.name
    private = not show_texts and not isinstance(data["evaluation"]["questions"], str)
    left_out = private and bool(data["evaluation"]["questions"])
    if private:
        data["evaluation"]["questions"] = []
    if not show_texts:
        data["examples"] = []
    text = yaml.safe_dump(_without_paths(data, "", paths), allow_unicode=True, sort_keys=False)
    ids = ["dataset.id"]
    if data["base"]["run"]:
        ids.append("base.run")
    if data["base"]["start"].startswith("run:"):
        ids.append("base.start")
    if data["evaluation"]["exam"]:
        ids.append("evaluation.exam")
    if isinstance(data["evaluation"]["questions"], str):
        ids.append(_QUESTIONS)
    return PublicConfig(str(text), paths, tuple(ids), left_out)


PATH_START = r"(?:~[\w.-]*|\.{1,2})?/|[A-Za-z]:[\\/]|(?:~|\.{1,2})?\\"
"""How a path begins: from the root, the home or the current folder, also on Windows."""
_PATH = re.compile(PATH_START)


def _without_paths(value: Any, key: str, paths: dict[str, str]) -> Any:
    """``value`` in which every path is only its last name; adds those names to ``paths``."""
    if isinstance(value, Mapping):
        return {
            name: _without_paths(one, f"{key}.{name}".strip("."), paths)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        # One's own questions are texts, whatever they begin with.
        return [one if key == _QUESTIONS else _without_paths(one, key, paths) for one in value]
    if isinstance(value, str) and "\n" not in value and _PATH.match(value):
        paths[key] = last_name(value)
        return paths[key]
    return value


def last_name(path: str) -> str:
    """The last name of a path, on whichever system it was written."""
    return re.split(r"[\\/]+", path.rstrip("\\/"))[-1]


def _or_none(read: Callable[[], _T]) -> _T | None:
    """What can be read; a card is made without the rest."""
    try:
        return read()
    except (Problem, OSError, ValueError, TypeError, KeyError):
        return None
