"""The bases that a data report looks through: whatever can be trained from and has a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.files import file_sha256
from core.models.bases import BaseConfig, list_bases, resolve
from core.problems import Problem
from core.training.config import RunConfig
from core.workspace import Workspace

MOST_BASES = 8
"""More bases than this are not compared: a report should not grow with the number of runs."""


@dataclass(frozen=True)
class ReportBase:
    """A base as far as a report needs it.

    Attributes:
        name: how it is shown.
        tokenizer_json: its tokenizer.
        max_length: the most tokens of a text that it reads; None for no limit.
        config: the base as a run's configuration says it.
    """

    name: str
    tokenizer_json: Path
    max_length: int | None
    config: Mapping[str, Any] = field(default_factory=dict)


def bases_for_report(ws: Workspace, chosen: str | None = None) -> list[ReportBase]:
    """Every available base that has a tokenizer, ``chosen`` first.

    These are the bundled model, the models of finished runs, and the local folders that earlier
    runs started from.  Of bases with the same vocabulary and maximum length one is enough.  A
    static base that is made from the data itself is not among them: it reads everything.

    Args:
        ws: the workspace.
        chosen: a base's name, the path of its folder, or the id of a run.
    """
    bases: dict[tuple[str, int | None], ReportBase] = {}
    for config in _configs(ws, chosen):
        try:
            base = resolve(ws, config)
            if base.tokenizer is None:
                continue
            key = file_sha256(base.tokenizer), base.max_length
        except (Problem, OSError):
            # A base that cannot be used is no base; choosing it says why.
            continue
        name = str(base.name)
        if any(one.name == name for other, one in bases.items() if other != key):
            name = f"{name} ({config.run or config.path})"
        found = ReportBase(name, base.tokenizer, base.max_length, _plain(config))
        if chosen is not None and chosen in (base.name, name, config.path, config.run):
            bases = {key: found} | {other: one for other, one in bases.items() if other != key}
        elif len(bases) < MOST_BASES:
            bases.setdefault(key, found)
    return list(bases.values())[:MOST_BASES]


def _configs(ws: Workspace, chosen: str | None) -> Iterator[BaseConfig]:
    for choice in list_bases(ws):
        if choice.config.kind != "static":
            yield choice.config
    folders = [chosen] if chosen and Path(chosen).is_dir() else []
    for run in sorted(ws.runs.iterdir(), reverse=True):
        try:
            base = RunConfig.load(run / "config.yaml").base
        except Problem:
            continue
        if base.kind == "folder" and base.path:
            folders.append(base.path)
    for path in dict.fromkeys(folders):
        yield BaseConfig(kind="folder", path=path)


def _plain(config: BaseConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude_none=True)
