"""The bases that a data report looks through: whatever can be trained from and has a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
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
    """Every available base that has a tokenizer, ``chosen`` first, at most 8.

    These are the bundled model, the models of finished runs, and the local folders that earlier
    runs started from.  Of bases with the same vocabulary and maximum length one is enough.  A
    static base that is made from the data itself is not among them: it reads everything.

    Args:
        ws: the workspace.
        chosen: a base's name, the path of its folder, or the id of a run.
    """
    bases: dict[tuple[str, int | None], ReportBase] = {}
    first: tuple[str, int | None] | None = None
    for config in _configs(ws, chosen):
        try:
            base = resolve(ws, config)
            if base.tokenizer is None:
                continue
            key = _content(base.tokenizer), base.max_length
        except (Problem, OSError):
            # A base that cannot be used is no base; choosing it for a run says why.
            continue
        name = str(base.name)
        if any(one.name == name for other, one in bases.items() if other != key):
            name = f"{name} ({config.run or config.path or config.revision})"
        plain = config.model_dump(mode="json", exclude_none=True)
        found = ReportBase(name, base.tokenizer, base.max_length, plain)
        if first is None and chosen in (base.name, name, config.path, config.run) and chosen:
            # It stands for the bases with the same vocabulary, under its own name.
            bases[key], first = found, key
        else:
            bases.setdefault(key, found)
        if len(bases) >= MOST_BASES and (first is not None or not chosen):
            break
    ordered = [bases.pop(first)] if first is not None else []
    return [*ordered, *bases.values()][:MOST_BASES]


def _configs(ws: Workspace, chosen: str | None) -> Iterator[BaseConfig]:
    """Everything that could be a base, each once."""
    for choice in list_bases(ws):
        if choice.config.kind != "static":
            yield choice.config
    folders = [chosen] if chosen and Path(chosen).is_dir() else []
    for run in sorted(ws.runs.iterdir(), reverse=True):
        file = run / "config.yaml"
        if file.is_file():
            folders += _folders(file, file.stat().st_mtime_ns)
    for path in dict.fromkeys(folders):
        yield BaseConfig(kind="folder", path=path)


@lru_cache(maxsize=1_000)
def _folders(config: Path, changed_ns: int) -> list[str]:
    """The local folder that a run started from, if it did."""
    try:
        base = RunConfig.load(config).base
    except Problem:
        return []
    return [base.path] if base.kind == "folder" and base.path else []


def _content(file: Path) -> str:
    state = file.stat()
    return _sha256(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1_000)
def _sha256(file: Path, size: int, changed_ns: int) -> str:
    """The hash of the file as it is now; size and time of change make a changed file a new key."""
    return file_sha256(file)
