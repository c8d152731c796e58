"""Choosing the texts of the matrices: the examples, pasted ones, or rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.data.dataset import DATA_FILE
from core.data.shapes import POSITIVE, text_roles
from core.data.store import list_datasets
from core.inspection.sheet import (
    MOST_TEXTS,
    Sheet,
    sheet_of_card,
    sheet_of_examples,
    sheet_of_lines,
    sheet_of_rows,
)
from core.inspection.widgets import Example
from core.problems import N_
from core.training import artifacts
from core.training.runs import Run
from core.workspace import Workspace
from ui import format as fmt
from ui.dataset_search import find_rows, rows_at
from ui.datasets import dataset_name
from ui.language import _, ngettext, paragraph
from ui.texts import clipped

EXAMPLES, CARD, OWN, HELD_OUT, DATASET = "examples", "card", "own", "held_out", "dataset"
SOURCES = {
    EXAMPLES: N_("Examples"),
    CARD: N_("The recipe's card"),
    OWN: N_("Your own texts"),
    HELD_OUT: N_("Held-out rows"),
    DATASET: N_("Rows of a dataset"),
}
ALL = 0
OFFERED_ROWS = 200
"""How many of the rows found can be picked one by one."""
_TAKEN_AT_FIRST = 6
_OPTION_WIDTH = 60
_STATE = st.session_state


@dataclass(frozen=True)
class Choice:
    """What is compared.

    Attributes:
        sheet: the texts.
        group: the number of the one group of examples that is shown, from 1; 0 for anything else.
        examples: whether the texts are the examples, all of them or one group.
        example: that one group.
    """

    sheet: Sheet
    group: int = ALL
    examples: bool = False
    example: Example | None = None


def choose_texts(workspace: Workspace, run: Run, examples: Sequence[Example]) -> Choice | None:
    """The controls; None after saying what is missing."""
    offered = [name for name in SOURCES if name != CARD or run.config.examples]
    if _STATE.get("inspect_texts") not in (None, *offered):
        # It was chosen for another run.
        _STATE["inspect_texts"] = EXAMPLES
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        source = st.segmented_control(
            _("Texts to compare"),
            offered,
            format_func=lambda name: _(SOURCES[name]),
            default=EXAMPLES,
            required=True,
            key="inspect_texts",
            persist_state="session",
        )
        if source == EXAMPLES and examples:
            return _choose_examples(examples)
    if source == EXAMPLES:
        st.info(
            paragraph(
                _("The held-out rows were too few for examples, so there is nothing to compare."),
                _("Choose other texts above."),
            ),
            icon=":material/info:",
        )
        return None
    if source == CARD:
        st.caption(_("Texts of the model card that the settings of this run were read from."))
        return Choice(sheet_of_card(run.config.examples))
    if source == OWN:
        return _choose_own()
    file = run.folder / artifacts.HELD_OUT
    if source == DATASET:
        chosen = _choose_dataset(workspace, run)
        if chosen is None:
            return None
        file = chosen
    return _choose_rows(file, source)


def compared_texts() -> str:
    """Which texts are chosen, as :func:`core.cli.commands.inspect` takes them."""
    source: str = _STATE.get("inspect_texts") or EXAMPLES
    if source == DATASET:
        return f"{DATASET}:{_STATE.get('inspect_dataset') or ''}"
    return "" if source == EXAMPLES else source


def _choose_examples(examples: Sequence[Example]) -> Choice:
    """One group, or all of them."""
    if _STATE.get("inspect_group", ALL) > len(examples):
        _STATE["inspect_group"] = ALL
    group = st.segmented_control(
        _("Examples"),
        [ALL, *range(1, len(examples) + 1)],
        format_func=lambda group: (
            _("All examples") if group == ALL else _("Group {number}").format(number=group)
        ),
        default=ALL,
        required=True,
        key="inspect_group",
        persist_state="session",
        help=_("Each group is a text from the held-out rows, its right answer and two others."),
    )
    if group == ALL:
        return Choice(sheet_of_examples(examples), examples=True)
    example = examples[group - 1]
    return Choice(
        sheet_of_examples([example], numbered=False), group, examples=True, example=example
    )


def _choose_own() -> Choice | None:
    """A box for texts; what was compared last stays until the button is pressed again."""
    with st.form("inspect_own_form", border=False):
        text = st.text_area(
            _("One text a line"),
            height=150,
            key="inspect_own",
            persist_state="session",
            help=_(
                "Two columns copied from a spreadsheet are read as a text and its right answer. "
                "Repeated texts are taken once."
            ),
            placeholder=_("Paste texts here, one a line, or two columns from a spreadsheet"),
        )
        st.form_submit_button(_("Compare"), icon=":material/sync:", type="primary")
    sheet = sheet_of_lines(text or "")
    if not len(sheet):
        st.info(_("Paste at least two texts, then compare them."), icon=":material/info:")
        return None
    if len(sheet) > MOST_TEXTS:
        _say_too_many(len(sheet))
        return None
    return Choice(sheet)


def _choose_dataset(workspace: Workspace, run: Run) -> Path | None:
    """The file of a dataset, at first of the one that the run was trained on."""
    datasets = {info.id: info for info in list_datasets(workspace)}
    if not datasets:
        st.info(_("There is no dataset in this workspace."), icon=":material/info:")
        return None
    own = run.config.dataset.id
    ids = list(datasets)
    id = st.selectbox(
        _("Dataset"),
        ids,
        index=ids.index(own) if own in datasets else 0,
        format_func=lambda id: dataset_name(datasets[id]),
        key="inspect_dataset",
        persist_state="session",
    )
    return workspace.dataset(id) / DATA_FILE


def _choose_rows(file: Path, source: str) -> Choice | None:
    """Rows that hold some words: picked one by one, or all of them."""
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    words = left.text_input(
        _("Find rows that contain"), key=f"inspect_find_{source}", persist_state="session"
    )
    try:
        changed = file.stat().st_mtime_ns
        found, total = _found(str(file), changed, words.strip())
    except OSError:
        st.error(
            _("The file with these rows is no longer there. Choose other texts."),
            icon=":material/error:",
        )
        return None
    counted = ngettext("All {n} row found", "All {n} rows found", total)
    everything = right.toggle(
        counted.format(n=fmt.number(total)),
        key=f"inspect_all_{source}",
        persist_state="session",
        disabled=not total,
    )
    if not total:
        st.info(_("No row contains these words. Try others."), icon=":material/info:")
        return None
    if everything:
        return _all_rows(file, changed, found, total)
    places = _pick(file, changed, found, source)
    if not places:
        st.info(_("Pick rows above, or take all of them."), icon=":material/info:")
        return None
    return Choice(_sheet(str(file), changed, tuple(sorted(places))))


def _all_rows(file: Path, changed: int, found: NDArray[np.int64], total: int) -> Choice:
    """As many of the rows as there is room for."""
    sheet = _sheet(str(file), changed, tuple(found.tolist()))
    if len(found) < total:
        st.caption(
            _("At most {most} texts are compared: those of the first {rows} rows.").format(
                most=fmt.number(MOST_TEXTS), rows=fmt.number(len(found))
            )
        )
    return Choice(sheet)


def _pick(file: Path, changed: int, found: NDArray[np.int64], source: str) -> list[int]:
    """The places of the rows that somebody picked, the first few until then."""
    offered = found[:OFFERED_ROWS].tolist()
    key = f"inspect_rows_{source}_{file.parent.name}"
    picked = _STATE.setdefault(key, offered[:_TAKEN_AT_FIRST])
    options = sorted({*offered, *picked})
    frame = _rows(str(file), changed, tuple(options))
    first, *others = text_roles(frame.columns)
    second = POSITIVE if POSITIVE in others else first
    names = {
        place: clipped(one if second == first else f"{one} → {two}", _OPTION_WIDTH)
        for place, one, two in zip(options, frame[first], frame[second], strict=True)
    }
    return st.multiselect(
        _("Rows"),
        options,
        format_func=names.__getitem__,
        key=key,
        persist_state="session",
        help=_("The first {n} rows found can be picked; find others by their words.").format(
            n=fmt.number(OFFERED_ROWS)
        ),
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _found(file: str, changed: int, words: str) -> tuple[NDArray[np.int64], int]:
    """The places of the first rows found, as many as could be compared, and how many there are."""
    places = find_rows(Path(file), words, None)
    columns = len(text_roles(rows_at(Path(file), places[:0]).columns))
    return places[: MOST_TEXTS // max(columns, 1)], len(places)


@st.cache_data(max_entries=16, show_spinner=False)
def _rows(file: str, changed: int, places: tuple[int, ...]) -> pd.DataFrame:
    """The rows at these ascending places; ``changed`` is when the file was written."""
    return rows_at(Path(file), np.array(places, dtype=np.int64))


@st.cache_resource(max_entries=8, show_spinner=False)
def _sheet(file: str, changed: int, places: tuple[int, ...]) -> Sheet:
    """The texts of these rows; thousands of them take a while to be put together."""
    return sheet_of_rows(_rows(file, changed, places))


def _say_too_many(count: int) -> None:
    sentence = _("{count} texts are too many to compare: {most} is the most. Paste fewer.")
    st.warning(
        sentence.format(count=fmt.number(count), most=fmt.number(MOST_TEXTS)),
        icon=":material/warning:",
    )
