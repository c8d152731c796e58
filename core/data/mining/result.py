"""From a review to a dataset: accepted candidates become negatives, matches become rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.data.check import MINIMUM_ROWS
from core.data.mining.review import Decision, Finished, Review, load_review
from core.data.mining.texts import plain
from core.data.reading.rows import ROW
from core.data.shapes import (
    ANCHOR,
    MATCH_SCORE,
    POSITIVE,
    SCORE,
    SPLIT,
    Shape,
    is_negative,
    negative_role,
    shape_of,
)
from core.data.store import store_version
from core.problems import N_, Message, Problem
from core.workspace import Workspace, utc_now

Undecided = Literal["leave_out", "accept"]
BareRows = Literal["keep", "leave_out"]
_MINED = 1_000
"""Where mined negatives stand among a row's; those that it had already stand before."""


class TooFewAccepted(Problem):
    what = N_(
        "Only {rows:,} rows would have a negative; a dataset needs at least {minimum}. "
        "Accepted so far: {accepted:,}."
    )
    do = N_("Accept more candidates, then make the dataset.")


_ORIGIN = N_("Negatives mined with {model}: {accepted:,} accepted, {matches:,} were matches.")
_ROWS_WITHOUT = N_(
    "Rows left out because no candidate for their anchor was accepted: {count:,}. "
    "A row of this kind of table needs a negative."
)
_ROWS_KEPT = N_("Rows without a new negative that stay as they were: {count:,}.")
_ROWS_DROPPED = N_("Rows without a new negative that were left out, as chosen: {count:,}.")
_MATCHES_WITHOUT = N_(
    "Matches left out because no candidate for their anchor was accepted: {count:,}."
)
_UNDECIDED_OUT = N_("Candidates that nobody decided about and that were left out: {count:,}.")
_LOW_SCORES = N_("Pairs scored below 0.5 that have no place among triplets: {count:,}.")


@dataclass(frozen=True)
class Result:
    """The rows that a review gives, their origin in a sentence, and what is missing and why."""

    frame: pd.DataFrame
    origin: Message
    notes: tuple[Message, ...]

    @property
    def shape(self) -> Shape:
        """Triplets, or several negatives when every row has the same number of them."""
        return shape_of(self.frame.columns)


def preview_result(
    ws: Workspace,
    review: Review,
    *,
    undecided: Undecided = "leave_out",
    bare_rows: BareRows = "keep",
) -> Result:
    """What :func:`finish_review` would store.

    An accepted candidate becomes a negative of every row with its anchor, beside those that the
    row has already.  A match becomes a further row with the candidate as positive and with the
    negatives of its anchor.  When all rows have the same number of negatives, they are columns;
    otherwise there is a triplet for each negative.  The split column is carried along; a match goes
    where its anchor's row is.

    Args:
        ws: the workspace.
        review: the review with its decisions so far.
        undecided: what becomes of candidates that nobody decided about; "accept" takes those that
            are not likely to be right answers.
        bare_rows: what becomes of rows that get no new negative but have old ones.

    Raises:
        ReviewDatasetGone, ReviewDatasetChanged: see :meth:`Review.dataset`.
        TooFewAccepted: fewer rows than a dataset needs would have a negative.
    """
    frame = review.dataset(ws).frame()
    decided = review.decided(accept_undecided=undecided == "accept")
    accepted = review.candidates(decided[Decision.ACCEPT])
    matches = review.candidates(decided[Decision.MATCH])
    notes: list[Message] = []

    def note(template: str, count: int) -> None:
        if count:
            notes.append(Message(template, {"count": count}))

    if SCORE in frame:
        right = frame[SCORE] >= MATCH_SCORE
        note(_LOW_SCORES, int((~right).sum()))
        frame = frame[right].drop(columns=SCORE)
    frame = frame.reset_index(drop=True)
    given = len(frame)
    keys, added = _with_matches(frame, matches)
    rows = pd.concat([frame, added], ignore_index=True)
    negatives = _negatives(rows, keys, accepted)
    mined = np.zeros(len(rows), dtype=bool)
    mined[negatives["at"][negatives["place"] >= _MINED]] = True
    has = np.zeros(len(rows), dtype=bool)
    has[negatives["at"]] = True
    note(_ROWS_WITHOUT, int((~has[:given]).sum()))
    note(_MATCHES_WITHOUT, int((~has[given:]).sum()))
    bare = has & ~mined
    bare[given:] = False
    note(_ROWS_KEPT if bare_rows == "keep" else _ROWS_DROPPED, int(bare.sum()))
    if bare_rows == "leave_out":
        negatives = negatives[~bare[negatives["at"]]]
        has &= ~bare
    note(_UNDECIDED_OUT, review.info.candidates - sum(map(len, decided.values())))
    if has.sum() < MINIMUM_ROWS:
        raise TooFewAccepted(
            rows=int(has.sum()), minimum=MINIMUM_ROWS, accepted=len(decided[Decision.ACCEPT])
        )
    facts = {"model": review.info.model, "accepted": len(accepted), "matches": len(matches)}
    return Result(_assemble(rows, negatives), Message(_ORIGIN, facts), tuple(notes))


def finish_review(
    ws: Workspace,
    review_id: str,
    *,
    name: str | None = None,
    undecided: Undecided = "leave_out",
    bare_rows: BareRows = "keep",
) -> str:
    """Store the dataset that a review gives as a new version of the one that was mined.

    The review stays; more can be decided and another version made.

    Args:
        ws: the workspace.
        review_id: which review.
        name: what people call the new dataset; None keeps the old one's name.
        undecided: see :func:`preview_result`.
        bare_rows: see :func:`preview_result`.

    Returns:
        The new dataset's id.

    Raises:
        UnknownItem, ReviewUnreadable: the review cannot be read.
        Problem: see :func:`preview_result`.
    """
    review = load_review(ws, review_id)
    result = preview_result(ws, review, undecided=undecided, bare_rows=bare_rows)
    dataset = review.dataset(ws).info
    id = store_version(ws, dataset.id, result.frame, result.origin, name or dataset.name)
    notes = tuple(message.to_json() for message in result.notes)
    review.record_finished(Finished(dataset=id, time=utc_now(), notes=notes))
    return id


def _with_matches(frame: pd.DataFrame, matches: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """The rows for matches, and a number for the anchor of every row, theirs included."""
    spellings, distinct = pd.factorize(frame[ANCHOR])
    forms, _ = pd.factorize(pd.Series([plain(text) for text in distinct], dtype=object))
    keys = forms[spellings]
    # A match is like the row beside which it was shown.
    shown = pd.MultiIndex.from_frame(frame[[ROW, ANCHOR]])
    positions = pd.Series(np.arange(len(frame)), index=shown)[~shown.duplicated()]
    models = positions.reindex(pd.MultiIndex.from_frame(matches[[ROW, ANCHOR]])).to_numpy(np.int64)
    added = frame.iloc[models].assign(**{POSITIVE: matches["candidate"].to_numpy(object)})
    return np.concatenate([keys, keys[models]]), added


def _negatives(rows: pd.DataFrame, keys: np.ndarray, accepted: pd.DataFrame) -> pd.DataFrame:
    """One line a negative: ``at`` (position in ``rows``), ``place`` (its order), ``text``."""
    old = [str(column) for column in rows if is_negative(str(column))]
    lines = [
        pd.DataFrame({"at": np.arange(len(rows)), "place": place, "text": rows[column]})
        for place, column in enumerate(old)
    ]
    key_of = dict(zip(rows[ANCHOR], keys.tolist(), strict=True))
    mined = pd.DataFrame(
        {
            "key": np.array([key_of[anchor] for anchor in accepted[ANCHOR]], dtype=np.int64),
            "place": _MINED + accepted["rank"].to_numpy(),
            "text": accepted["candidate"],
        }
    )
    at = pd.DataFrame({"at": np.arange(len(rows)), "key": keys})
    lines.append(at.merge(mined, on="key")[["at", "place", "text"]])
    return pd.concat(lines).sort_values(["at", "place"], ignore_index=True)


def _assemble(rows: pd.DataFrame, negatives: pd.DataFrame) -> pd.DataFrame:
    """The stored columns of triplets, or of several negatives when all rows have as many."""
    many = negatives.groupby("at").size()
    each = int(many.iloc[0]) if many.nunique() == 1 else 1
    used = rows.iloc[negatives["at"].to_numpy()[::each]].reset_index(drop=True)
    texts = negatives["text"].to_numpy(object).reshape(-1, each)
    columns = {ANCHOR: used[ANCHOR], POSITIVE: used[POSITIVE].astype("str")}
    for place in range(each):
        columns[negative_role(place)] = pd.Series(texts[:, place], dtype="str")
    if SPLIT in used:
        columns[SPLIT] = used[SPLIT]
    return pd.DataFrame({**columns, ROW: used[ROW].astype(np.int32)})
