"""The command lines that do what Search does; see :mod:`core.cli.commands`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.cli.lines import Line, each, line, option, switch
from core.problems import N_
from core.retrieval.filters import Filter

_BUNDLED = "minilm"


def search(
    question: str,
    corpus: str,
    asked: Iterable[str],
    *,
    filters: Iterable[Filter],
    top: int,
    quick: bool,
) -> list[Line]:
    """Search: one question to everybody who is asked.

    Args:
        question: what was typed; "" for nothing yet.
        corpus: the id of the texts.
        asked: the keys of :mod:`core.retrieval.candidates`, in their order.
        filters: which of the texts count.
        top: how many hits of each are shown.
        quick: whether the quick index is looked through.
    """
    options = [
        *option("in", corpus),
        *each("by", map(_who, asked)),
        *option("top", top),
        *each("where", (condition for one in filters for condition in _conditions(one))),
        *switch("quick", quick),
    ]
    named = [question.strip() or "…"]
    judged = N_("Judge what it finds")
    marks = [*option("in", corpus), *option("right", "ID"), *option("wrong", "ID")]
    return [
        line(N_("Ask the same question"), "search", named, options),
        line(judged, "judge", named, marks),
    ]


def _who(key: str) -> str:
    """A candidate as ``--by`` knows it: the model of a run by the run's id alone."""
    return key.removeprefix("tuned:")


def _conditions(wanted: Filter) -> list[str]:
    if wanted.values:
        return [f"{wanted.field}={value}" for value in wanted.values]
    if wanted.contains:
        return [f"{wanted.field}~{wanted.contains}"]
    low, high = ("" if end is None else f"{end:.15g}" for end in (wanted.low, wanted.high))
    return [f"{wanted.field}={low}..{high}"]


def questions(corpus: str, asked: Sequence[str], *, judged: bool) -> list[Line]:
    """Search: many questions at once, to everybody who is asked.

    Args:
        corpus: the id of the texts.
        asked: as for :func:`search`.
        judged: the questions whose answers were judged, not those that come with the texts.
    """
    first, *others = map(_who, asked) if asked else [_BUNDLED]
    named, options = [first], [*option("in", corpus), *each("by", others)]
    if judged:
        score = N_("Score the answers to the questions that were judged")
        place = option("in", corpus)
        return [
            line(score, "evaluate", named, [*options, "--judged"]),
            line(N_("Write them as a file"), "judge", (), [*place, "--csv", "judgements.csv"]),
            line(N_("Make a dataset of them"), "judge", (), [*place, "--dataset", "judged"]),
        ]
    own = [*options, "--questions", "questions.csv"]
    return [
        line(N_("Ask the questions that come with these texts"), "evaluate", named, options),
        line(N_("Ask the questions of a file"), "evaluate", named, own),
    ]


def texts() -> list[Line]:
    """Search: the texts that can be searched."""
    return [
        line(N_("Add a file of texts"), "corpus", ["texts.csv"]),
        line(N_("List the texts that can be searched"), "corpus", ["list"]),
    ]
