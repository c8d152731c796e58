"""The bases that a run on a table could start from, side by side, and which one to take.

What is found out about a base and a table is kept in the workspace's cache, so that a page that
shows the whole list waits for what is new only, and for that no longer than it says.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from core.data.shapes import Shape
from core.data.store import DatasetInfo, list_datasets, load_dataset
from core.devices import list_devices
from core.files import read_json, write_json, write_text
from core.jobs.status import JobState
from core.models.additions import check_extensible, extended, find_additions
from core.models.bases import (
    STATIC_NAME,
    BaseConfig,
    list_bases,
    resolve,
    sized,
)
from core.models.extension_config import Extension
from core.models.folder import Kind, ResolvedBase
from core.models.vocabulary import Coverage, coverage, distinct_texts, folded
from core.problems import N_, Message, Problem, Term
from core.retrieval.corpora import load_corpus
from core.training.advice.data import UNREADABLE_SHARE
from core.training.advice.facts import read_facts, reading_of
from core.training.defaults import propose
from core.training.estimate import estimate_rows
from core.training.report import METRIC_LABELS
from core.training.runs import list_runs, offered
from core.training.speed import speed_path
from core.workspace import Workspace

MOST_RUNS = 4
"""So many earlier runs are in the list; all of them can be chosen by name."""
STATIC_LIMITS = N_(
    "It does not see word order, and words that were never in your table mean nothing to it: give "
    "it every wording of the questions that you can think of."
)
_FOLDER = "bases"
_VERSION = 1
"""Goes up when figures are found out in another way."""
_RANKED = (Shape.PAIRS, Shape.SCORED_PAIRS, Shape.TRIPLETS, Shape.SEVERAL_NEGATIVES)
"""Tables that teach which text belongs to which: the task is to find it."""


@dataclass(frozen=True)
class Figures:
    """What is found out about a base and a table.

    Attributes:
        unknown_share: which share (0 to 1) of the tokens its vocabulary does not know.
        indistinguishable: how many of the texts look exactly like another one to it.
        texts: how many texts were looked at.
        seconds: what a run as proposed is expected to take here; None when none can be proposed.
        reads: how many tokens of a text that run is to read; None for what the base allows.
    """

    unknown_share: float
    indistinguishable: int
    texts: int
    seconds: float | None
    reads: int | None


@dataclass(frozen=True)
class BaseRow:
    """A base that a run could start from.

    Attributes:
        config: the base, as ``config.yaml`` says it.
        name: of the base, or of the earlier run; may be a Term.
        kind: "transformer" or "static".
        dimension: the length of its vectors.
        parameters: how many numbers there are to train.
        max_length: the most tokens of a text that it reads; None when there is no limit.
        figures: about this table; None while they are not known.
        gained: for an earlier run on this table: its metric, and that before and after.
    """

    config: BaseConfig
    name: str
    kind: Kind
    dimension: int
    parameters: int
    max_length: int | None
    figures: Figures | None
    gained: tuple[str, float, float] | None = None

    @property
    def reads(self) -> bool:
        """Whether it is known to read the table well enough to learn from it."""
        return self.figures is not None and self.figures.unknown_share < UNREADABLE_SHARE


@dataclass(frozen=True)
class Suggestion:
    """A base to take, one sentence that says why, and where it ends, if that has to be said."""

    config: BaseConfig
    why: Message
    limits: Message | None = None


@dataclass(frozen=True)
class Recommendation(Suggestion):
    """The base to take first; ``others`` are worth a thought, the best first."""

    others: tuple[Suggestion, ...] = ()


def describe_bases(
    workspace: Workspace, dataset: DatasetInfo, patience_seconds: float = 60.0
) -> list[BaseRow]:
    """The bases for this table: the bundled one, a static one, those from hubs, good runs.

    A transformer that cannot read the table has a second row with what it lacks added to its
    vocabulary.  Bases that cannot be used are left out.

    Args:
        workspace: where everything is.
        dataset: the table.
        patience_seconds: once so much time has passed, bases that nothing is known about yet come
            without figures; what is found out is kept, so that the next call goes on from there.

    Raises:
        UnknownItem, DatasetUnreadable: the table cannot be read.
    """
    bench = _Bench(workspace, dataset, time.monotonic() + patience_seconds)
    rows: list[BaseRow] = []
    for config, name, gained in _candidates(workspace, dataset):
        try:
            base = resolve(workspace, config)
        except Problem:
            continue
        row = bench.row(config, base, name, gained)
        rows.append(row)
        if base.kind == "transformer" and row.figures is not None and not row.reads:
            rows += bench.extended(row, base)
    return rows


def recommend(
    rows: Sequence[BaseRow], dataset: DatasetInfo, *, gpu: bool | None = None
) -> Recommendation:
    """Which of the bases to take for this table, and why.

    A model that reads the table knows its language already and is the first choice.  Where none
    does, a static model from the table's own texts finds most and needs no GPU; a transformer with
    a larger vocabulary is the other way, and the first one with a GPU or where nothing is searched
    for (design: nDCG@10 on unseen Chinese drugs 0.95 for a static model, 0.53 for all-MiniLM-L6-v2
    with 1,664 characters added, 0.41 without, 0.65 for BM25).

    Args:
        rows: from :func:`describe_bases`; at least the bundled one and the static one.
        dataset: the table.
        gpu: whether there is one; None to find out.
    """
    gpu = any(one.id != "cpu" for one in list_devices()) if gpu is None else gpu
    plain = [row for row in rows if row.config.kind != "run" and row.config.extend is None]
    readers = [row for row in plain if row.kind == "transformer" and row.reads]
    if readers:
        best = min(readers, key=_unknown)
        return Recommendation(best.config, _reader_words(best), others=tuple(_runs(rows)))
    static = [
        Suggestion(row.config, _static_words(row, plain), Message(STATIC_LIMITS))
        for row in plain
        if row.config.kind == "static" and _can_learn(row)
    ]
    larger = [
        Suggestion(row.config, _larger_words(row))
        for row in rows
        if row.config.extend is not None and _can_learn(row)
    ]
    searched = dataset.shape in _RANKED
    ordered = [*static, *larger] if searched and not gpu else [*larger, *static]
    if not ordered:
        first = plain[0]
        return Recommendation(first.config, _last_words(first), others=tuple(_runs(rows)))
    first_choice, *others = ordered
    why = first_choice.why
    if first_choice.config.extend is not None:
        why = _larger_first_words(first_choice.config, rows)
    return Recommendation(
        first_choice.config,
        why,
        first_choice.limits,
        others=(*others[:1], *_runs(rows)),
    )


def short_name(name: str) -> str:
    """A model's name without that of its owner, as everybody calls it."""
    return name if isinstance(name, Term) else name.rpartition("/")[2]


# Words ------------------------------------------------------------------------------------------


def _reader_words(row: BaseRow) -> Message:
    assert row.figures is not None
    return Message(
        N_(
            "{model} reads this table ({share} of it is unknown to it) and knows its language "
            "already, so that little has to be learned."
        ),
        {"model": short_name(row.name), "share": round(row.figures.unknown_share, 3)},
    )


def _static_words(row: BaseRow, plain: Sequence[BaseRow]) -> Message:
    transformers = [one for one in plain if one.kind == "transformer" and one.figures]
    if not transformers:
        return Message(
            N_("A static model from your own texts reads all of them and learns in seconds.")
        )
    best = min(transformers, key=_unknown)
    assert best.figures is not None
    return Message(
        N_(
            "{model} cannot read {share} of this table. A static model from your own texts reads "
            "all of it, learns in seconds, and found most in what we measured on such tables."
        ),
        {"model": short_name(best.name), "share": round(best.figures.unknown_share, 3)},
    )


def _larger_words(row: BaseRow) -> Message:
    return Message(
        N_(
            "{model} with the characters that it lacks added to its vocabulary sees word order, "
            "but it has to learn them from your rows and takes much longer."
        ),
        {"model": short_name(row.name)},
    )


def _larger_first_words(config: BaseConfig, rows: Sequence[BaseRow]) -> Message:
    plain = config.model_copy(update={"extend": None})
    row = next(row for row in rows if row.config == plain)
    assert row.figures is not None
    return Message(
        N_(
            "{model} cannot read {share} of this table. With the characters that it lacks added to "
            "its vocabulary it can: it learns them from your rows, and it sees word order."
        ),
        {"model": short_name(row.name), "share": round(row.figures.unknown_share, 3)},
    )


def _last_words(row: BaseRow) -> Message:
    return Message(
        N_("No base here reads this table well; {model} is the nearest."),
        {"model": short_name(row.name)},
    )


def _runs(rows: Sequence[BaseRow]) -> list[Suggestion]:
    """The best earlier run on this table, to go on from."""
    runs = [row for row in rows if row.gained is not None]
    if not runs:
        return []
    best = max(runs, key=lambda row: row.gained[2] if row.gained else 0.0)
    assert best.gained is not None
    metric, before, after = best.gained
    words = Message(
        N_(
            "The run {run} brought {metric} on this table from {before} to {after}; go on from "
            "there."
        ),
        {
            "run": best.name,
            "metric": metric,
            "before": round(before, 3),
            "after": round(after, 3),
        },
    )
    return [Suggestion(best.config, words)]


def _can_learn(row: BaseRow) -> bool:
    return row.figures is None or row.figures.seconds is not None


def _unknown(row: BaseRow) -> float:
    return round(row.figures.unknown_share, 2) if row.figures is not None else 1.0


# Figures ----------------------------------------------------------------------------------------

_Candidate = tuple[BaseConfig, str, tuple[str, float, float] | None]


def _candidates(workspace: Workspace, dataset: DatasetInfo) -> list[_Candidate]:
    """Every base that is no run, and the newest runs on this table that made it better."""
    bases = [one for one in list_bases(workspace) if one.config.kind != "run"]
    found: list[_Candidate] = [(one.config, one.name, None) for one in bases]
    family = {one.id for one in list_datasets(workspace) if one.family == dataset.family}
    runs: list[_Candidate] = []
    for run in offered(list_runs(workspace)):
        if len(runs) == MOST_RUNS:
            break
        if run.status.state is not JobState.SUCCEEDED or run.model is None:
            continue
        report = run.report() if run.config.dataset.id in family else None
        base, tuned = (report.scores("base"), report.scores("tuned")) if report else (None, None)
        if report is None or base is None or tuned is None or report.verdict != "better":
            continue
        name = METRIC_LABELS.get(report.primary, report.primary)
        gained = (name, base.metrics[report.primary], tuned.metrics[report.primary])
        runs.append((BaseConfig(kind="run", run=run.id), run.name, gained))
    return [*found, *runs]


class _Bench:
    """Finds figures out, from what is kept or anew, until its time is up."""

    def __init__(self, workspace: Workspace, dataset: DatasetInfo, deadline: float) -> None:
        self._workspace = workspace
        self._dataset = dataset
        self._deadline = deadline

    def row(
        self,
        config: BaseConfig,
        base: ResolvedBase,
        name: str,
        gained: tuple[str, float, float] | None = None,
    ) -> BaseRow:
        if base.path is None:
            base = resolve(self._workspace, sized(config, self._dataset.rows))
        return BaseRow(
            config,
            Term(STATIC_NAME) if base.path is None else name,
            base.kind,
            base.dimension,
            base.parameters,
            base.max_length,
            self._figures(config, base),
            gained,
        )

    def extended(self, row: BaseRow, base: ResolvedBase) -> list[BaseRow]:
        """The same base with what it lacks for this table; nothing when nothing can be added."""
        try:
            check_extensible(base)
        except Problem:
            return []
        config = row.config.model_copy(update={"extend": Extension()})
        return [replace(row, config=config, figures=self._figures(config, base))]

    def _figures(self, config: BaseConfig, base: ResolvedBase) -> Figures | None:
        file = self._file(config, base)
        try:
            return Figures(**read_json(file))
        except (OSError, ValueError, TypeError):
            if time.monotonic() > self._deadline:
                return None
        read = self._read(config, base, file)
        seconds, reads = self._as_proposed(config)
        figures = Figures(read.unknown_share, read.indistinguishable, read.texts, seconds, reads)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, asdict(figures))
        return figures

    def _read(self, config: BaseConfig, base: ResolvedBase, file: Path) -> Coverage:
        if base.tokenizer is None:
            return _order_alone(self._texts)
        if config.extend is None:
            return reading_of(self._workspace, self._dataset, base)
        added = find_additions(base.tokenizer, self._texts, config.extend)
        tokenizer = json.loads(base.tokenizer.read_text(encoding="utf-8"))
        larger, _ = extended(tokenizer, added.pieces)
        # Another session may look at the same base at the same time.
        written = file.with_suffix(f".{secrets.token_hex(4)}.tokenizer")
        written.parent.mkdir(parents=True, exist_ok=True)
        write_text(written, json.dumps(larger, ensure_ascii=False))
        try:
            return coverage(written, self._texts)
        finally:
            written.unlink()

    def _as_proposed(self, config: BaseConfig) -> tuple[float | None, int | None]:
        """What a run as proposed takes, and how many tokens of a text it reads."""
        try:
            proposed = propose(self._workspace, self._dataset, config)
        except Problem:
            return None, None
        told = estimate_rows(self._workspace, proposed, self._frame, self._exam_texts)
        return told.seconds, proposed.training.max_length

    def _file(self, config: BaseConfig, base: ResolvedBase) -> Path:
        """Where the figures are kept; another place once anything that they rest on is changed."""
        tokenizer: list[Any] = []
        if base.tokenizer is not None:
            state = base.tokenizer.stat()
            tokenizer = [str(base.tokenizer), state.st_size, state.st_mtime_ns]
        speed = speed_path(self._workspace)
        measured = speed.stat().st_mtime_ns if speed.exists() else 0
        rests_on = [_VERSION, config.model_dump(mode="json"), tokenizer, measured, self._exam]
        text = json.dumps([self._dataset.content_hash, self._dataset.shape, rests_on])
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self._workspace.cache / _FOLDER / f"{name}.json"

    @cached_property
    def _exam(self) -> str | None:
        config = BaseConfig(kind="static")
        try:
            return propose(self._workspace, self._dataset, config).evaluation.exam
        except Problem:
            return None

    @cached_property
    def _exam_texts(self) -> list[str]:
        return load_corpus(self._workspace, self._exam).texts() if self._exam is not None else []

    @cached_property
    def _frame(self) -> pd.DataFrame:
        return load_dataset(self._workspace, self._dataset.id).frame()

    @cached_property
    def _texts(self) -> tuple[str, ...]:
        return read_facts(self._workspace, self._dataset).texts


def _order_alone(texts: Sequence[str]) -> Coverage:
    """What a static model that is yet to be made from these texts will make of them.

    It reads every character; texts of the same characters in another order look the same to it.
    """
    distinct = distinct_texts(texts)
    alike = Counter("".join(sorted(folded(text).replace(" ", ""))) for text in distinct)
    return Coverage(len(distinct), 0.0, sum(count for count in alike.values() if count > 1))
