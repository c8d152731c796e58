"""How the table of runs words what it shows: states, bases, losses, verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from core.jobs.status import JobState
from core.problems import N_
from core.training.losses.registry import LOSSES
from core.training.report import METRIC_LABELS
from core.training.run_index import DAMAGED, RunRow
from core.training.run_table import base_words
from ui.language import _
from ui.runs import sample_name
from ui.states import COLOURS, Colour

VERDICT_WORDS: Mapping[str, str] = {
    "better": N_("better"),
    "worse": N_("worse"),
    "unclear": N_("no clear change"),
}
_DAMAGED_WORD = N_("damaged")


def state_word(state: str) -> str:
    """The state of a run in the session's language."""
    return _(_DAMAGED_WORD) if state == DAMAGED else _(JobState(state).label)


def state_colour(state: str) -> Colour:
    """The colour that the state has on every screen."""
    return "red" if state == DAMAGED else COLOURS[JobState(state)]


def base_name(kind: str, detail: str, names: Mapping[str, str]) -> str:
    """What a run started from; ``names`` are those of all runs by their ids."""
    if kind == "static":
        return _("Static")
    words = base_words(kind, detail, names)
    return _("Earlier run: {name}").format(name=words) if kind == "run" else words


def loss_title(name: str) -> str:
    """A loss as the form calls it; the library's name where this version does not know it."""
    return _(LOSSES[name].title) if name in LOSSES else name


def metric_label(name: str) -> str:
    """A metric as the field writes it."""
    return METRIC_LABELS.get(name, name)


def unique_names(rows: list[RunRow]) -> list[str]:
    """The names of runs, told apart by the end of their ids where several have one name."""
    names = [sample_name(row.name) for row in rows]
    return [
        f"{name} · {row.id.rpartition('-')[2]}" if names.count(name) > 1 else name
        for name, row in zip(names, rows, strict=True)
    ]


def spoken(row: RunRow) -> str:
    """The words on the screen that a run can be found by, beside what it is made of."""
    return " ".join(
        (
            state_word(row.state),
            loss_title(row.loss),
            sample_name(row.name),
            sample_name(row.dataset_name),
        )
    )
