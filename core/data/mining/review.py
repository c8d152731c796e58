"""Going through mined negatives: what was proposed, what a person decided, how far they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from core.data.mining.doubts import doubt_messages
from core.data.mining.params import MiningParams
from core.data.store import Dataset, load_dataset
from core.files import append_json, read_json, write_json
from core.problems import N_, Message, Problem
from core.workspace import UnknownItem, Workspace, utc_now

CANDIDATES_FILE = "candidates.parquet"
REVIEW_FILE = "review.json"
DECISIONS_FILE = "decisions.jsonl"
_LOCK = ".lock"
_GROUP_ROWS = 2_000


class Decision(StrEnum):
    """What a person says about a candidate."""

    ACCEPT = "accept"
    """It is a wrong answer: a good negative."""
    REJECT = "reject"
    """It is of no use."""
    MATCH = "match"
    """It is a right answer that the table did not know."""


class Order(StrEnum):
    """How candidates are listed."""

    DOUBTFUL = "doubtful"
    """Likely right answers first, the nearest ones before others."""
    TABLE = "table"
    """As their rows stand in the table, the nearest of each row first."""


_DECISIONS = tuple(Decision)
_UNDECIDED = 0
_PROGRESS = N_("{decided:,} of {candidates:,} candidates are decided.")


class ReviewUnreadable(Problem):
    what = N_("The review {id} is damaged: {reason}.")
    do = N_("Delete it and mine the negatives again.")


class ReviewDatasetGone(Problem):
    what = N_("The dataset {name}, whose negatives these are, has been deleted.")
    do = N_("Delete this review too, or upload the table again and mine again.")


class ReviewDatasetChanged(Problem):
    what = N_("The dataset {name} is not the one any more that these negatives were mined for.")
    do = N_("Delete this review and mine again.")


class UnknownCandidate(Problem):
    what = N_("This review has {candidates:,} candidates; there is no number {number}.")
    do = N_("Reload the page.")


class Finished(BaseModel):
    """What a finished review became: a dataset's id, when (UTC), and what was left out and why."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    time: str
    notes: tuple[dict[str, Any], ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The notes as sentences."""
        return tuple(map(Message.from_json, self.notes))


class ReviewInfo(BaseModel):
    """What ``review.json`` says.

    Attributes:
        id: the review's id, which is that of the job that mined.
        dataset: the id of the dataset; ``dataset_name`` and ``content_hash`` are its own then.
        model: the name of the model that searched.
        params: what was looked for.
        created: when it was done, in UTC.
        candidates: how many texts were proposed; ``likely_false`` of them are doubtful.
        anchors: how many different anchors were searched for; nothing was found for
            ``anchors_without``.
        corpus: among how many different texts.
        finished: the datasets that were made from it, the newest last.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    dataset: str
    dataset_name: str
    content_hash: str
    model: str
    params: MiningParams
    created: str
    candidates: int
    likely_false: int
    anchors: int
    anchors_without: int
    corpus: int
    finished: tuple[Finished, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How many candidates are decided how; ``doubtful`` counts the undecided likely false ones."""

    accepted: int
    rejected: int
    matches: int
    undecided: int
    doubtful: int

    @property
    def decided(self) -> int:
        """All that somebody has decided."""
        return self.accepted + self.rejected + self.matches


class Review:
    """The candidates of one search and the decisions about them.

    A candidate is known by its number, its place in the order "doubtful" from 0 on.  Decisions are
    appended to a file at once; several people may decide at the same time, and the last word about
    a candidate counts.
    """

    def __init__(self, info: ReviewInfo, folder: Path) -> None:
        self.info = info
        self.folder = folder
        self._offset = 0
        self._decisions = np.zeros(info.candidates, dtype=np.int8)
        self._numbers: pd.DataFrame | None = None

    def page(
        self,
        start: int,
        rows: int,
        order: Order | str = Order.DOUBTFUL,
        *,
        undecided_only: bool = False,
    ) -> pd.DataFrame:
        """Candidates ``start`` to ``start + rows`` of an order; only their texts are read.

        Returns:
            Columns row (in the source, as a spreadsheet shows it), anchor, positive, candidate,
            score_positive and score_candidate (cosines), rank, margin (their difference),
            likely_false, why (a tuple of Messages), decision (None while undecided); the index
            holds the candidates' numbers.

        Raises:
            ReviewUnreadable: the candidates' file is damaged.
        """
        numbers = np.arange(self.info.candidates)
        if Order(order) is Order.TABLE:
            figures = self._figures()
            numbers = np.lexsort((figures["rank"], figures["row"]))
        decisions = self._current()
        if undecided_only:
            numbers = numbers[decisions[numbers] == _UNDECIDED]
        chosen = numbers[start : start + rows]
        page = self.candidates(chosen)
        columns = (page[name].tolist() for name in ("doubts", "score_positive", "score_candidate"))
        why = [doubt_messages(*figure) for figure in zip(*columns, strict=True)]
        page["why"] = pd.Series(why, index=page.index, dtype=object)
        page["decision"] = pd.Series(
            [_DECISIONS[code - 1] if code else None for code in decisions[chosen]],
            index=page.index,
            dtype=object,
        )
        return page.drop(columns="doubts")

    def candidates(self, numbers: np.ndarray) -> pd.DataFrame:
        """The stored columns of the candidates with these numbers, in this order."""
        try:
            with pq.ParquetFile(self.folder / CANDIDATES_FILE) as file:
                groups = np.unique(numbers // _GROUP_ROWS).tolist()
                table = file.read_row_groups(groups).to_pandas()
        except (OSError, pa.ArrowException) as error:
            raise ReviewUnreadable(id=self.info.id, reason=str(error)) from error
        starts = np.array(groups, dtype=np.int64) * _GROUP_ROWS
        inside = np.searchsorted(starts, numbers, side="right") - 1
        # All groups but the last of the file are full, and they were read in ascending order.
        found = table.iloc[inside * _GROUP_ROWS + numbers % _GROUP_ROWS]
        return found.set_axis(pd.Index(numbers, name="number"), axis=0)

    def decide(self, number: int, decision: Decision | str | None) -> None:
        """Say what a candidate is; None takes a decision back.  Raises UnknownCandidate."""
        self.decide_many([number], decision)

    def decide_many(self, numbers: Iterable[int], decision: Decision | str | None) -> None:
        """Say the same of several candidates, all of them or none.

        Raises:
            UnknownCandidate: a number is not that of a candidate; nothing is recorded then.
        """
        chosen = [int(number) for number in numbers]
        for number in chosen:
            if not 0 <= number < self.info.candidates:
                raise UnknownCandidate(number=number, candidates=self.info.candidates)
        word = None if decision is None else Decision(decision).value
        said = {"candidates": chosen, "decision": word, "time": utc_now()}
        append_json(self.folder / DECISIONS_FILE, said)

    def accept_rest(self, below: float | None = None) -> int:
        """Accept every undecided candidate that is not likely to be a right answer.

        Args:
            below: only those whose similarity to the anchor is lower than this.

        Returns:
            How many were accepted.
        """
        chosen = self._plain_undecided()
        if below is not None:
            chosen = chosen[self._figures()["score_candidate"].to_numpy()[chosen] < below]
        if len(chosen):
            self.decide_many(chosen.tolist(), Decision.ACCEPT)
        return len(chosen)

    def counts(self) -> Counts:
        """How far the review is."""
        decisions = self._current()
        found = np.bincount(decisions, minlength=len(_DECISIONS) + 1).tolist()
        undecided = decisions == _UNDECIDED
        # Likely right answers stand first.
        doubtful = int(undecided[: self.info.likely_false].sum())
        return Counts(found[1], found[2], found[3], found[0], doubtful)

    @property
    def progress(self) -> Message:
        """How far the review is, in a sentence."""
        facts = {"decided": self.counts().decided, "candidates": self.info.candidates}
        return Message(_PROGRESS, facts)

    def decided(self, *, accept_undecided: bool = False) -> dict[Decision, np.ndarray]:
        """The numbers of the candidates that were decided so, ascending.

        With ``accept_undecided`` those that nobody decided about and that are not likely to be
        right answers count as accepted.
        """
        decisions = self._current().copy()
        if accept_undecided:
            decisions[self._plain_undecided()] = _DECISIONS.index(Decision.ACCEPT) + 1
        return {word: np.flatnonzero(decisions == n) for n, word in enumerate(_DECISIONS, start=1)}

    def dataset(self, ws: Workspace) -> Dataset:
        """The dataset that the negatives are for.

        Raises:
            ReviewDatasetGone: it has been deleted.
            ReviewDatasetChanged: it holds other rows.
        """
        try:
            dataset = load_dataset(ws, self.info.dataset)
        except UnknownItem as error:
            raise ReviewDatasetGone(name=self.info.dataset_name) from error
        if dataset.info.content_hash != self.info.content_hash:
            raise ReviewDatasetChanged(name=dataset.info.name)
        return dataset

    def record_finished(self, finished: Finished) -> None:
        """Add a dataset that was made from this review."""
        with FileLock(self.folder / _LOCK):
            info = _read_info(self.folder)
            self.info = info.model_copy(update={"finished": (*info.finished, finished)})
            write_json(self.folder / REVIEW_FILE, self.info.model_dump(mode="json"))

    def _plain_undecided(self) -> np.ndarray:
        numbers = np.flatnonzero(self._current() == _UNDECIDED)
        return numbers[numbers >= self.info.likely_false]

    def _figures(self) -> pd.DataFrame:
        if self._numbers is None:
            columns = ["row", "rank", "score_candidate"]
            try:
                table = pq.read_table(self.folder / CANDIDATES_FILE, columns=columns)
            except (OSError, pa.ArrowException) as error:
                raise ReviewUnreadable(id=self.info.id, reason=str(error)) from error
            self._numbers = table.to_pandas()
        return self._numbers

    def _current(self) -> np.ndarray:
        """The decision about every candidate, with what was written since the last look."""
        path = self.folder / DECISIONS_FILE
        if path.exists():
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            end = data.rfind(b"\n") + 1
            self._offset += end
            for line in data[:end].splitlines():
                self._apply(line)
        return self._decisions

    def _apply(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            word = entry["decision"]
            code = _UNDECIDED if word is None else _DECISIONS.index(Decision(word)) + 1
            numbers = np.array(entry["candidates"], dtype=np.int64)
        except (ValueError, TypeError, KeyError):
            # Cut short when its writer was killed.
            return
        known = (numbers >= 0) & (numbers < len(self._decisions))
        self._decisions[numbers[known]] = code


def write_review(folder: Path, info: ReviewInfo, candidates: pd.DataFrame) -> None:
    """Write a new review; ``candidates`` has the likely right answers first."""
    table = pa.Table.from_pandas(candidates, preserve_index=False)
    pq.write_table(table, folder / CANDIDATES_FILE, compression="zstd", row_group_size=_GROUP_ROWS)
    write_json(folder / REVIEW_FILE, info.model_dump(mode="json"))


def load_review(ws: Workspace, id: str) -> Review:
    """The review ``id``.

    Raises:
        UnknownItem: there is none.
        ReviewUnreadable: its files are damaged.
    """
    folder = ws.review(id)
    info = _read_info(folder)
    if info.id != id or not (folder / CANDIDATES_FILE).is_file():
        raise ReviewUnreadable(id=id, reason=CANDIDATES_FILE)
    return Review(info, folder)


def list_reviews(ws: Workspace, dataset_id: str | None = None) -> Sequence[Review]:
    """The reviews of a dataset, or all of them, the newest first; damaged ones are passed over."""
    reviews = []
    for folder in ws.reviews.iterdir():
        if folder.name.startswith("."):
            continue
        try:
            review = load_review(ws, folder.name)
        except Problem:
            continue
        if dataset_id in (None, review.info.dataset):
            reviews.append(review)
    return sorted(reviews, key=lambda review: review.info.created, reverse=True)


def delete_review(ws: Workspace, id: str) -> None:
    """Delete a review with its decisions; datasets made from it stay.  Raises UnknownItem."""
    folder = ws.review(id)
    doomed = folder.with_name(f".deleted-{id}")
    folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _read_info(folder: Path) -> ReviewInfo:
    try:
        return ReviewInfo.model_validate(read_json(folder / REVIEW_FILE))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ReviewUnreadable(id=folder.name, reason=reason) from error
