"""The similarity view of Inspect: matrices before and after, what is behind a cell, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.inspection.comparison import Comparison
from core.inspection.ordering import cluster_order, group_order
from core.inspection.sheet import Sheet
from core.inspection.similarity import Place, places, similarity_matrix, verdict
from core.inspection.similarity_results import INTERACTIVE, Results, blocks_of
from core.inspection.vectors_job import read_params
from core.inspection.widgets import Example
from core.problems import N_, Message
from core.training.calibration import Calibration
from core.training.runs import Run
from core.workspace import Workspace
from ui import charts, jobs
from ui import format as fmt
from ui.examples import edit_group, list_group
from ui.language import _, paragraph, say
from ui.matrix_charts import ALL as ALL_PANELS
from ui.matrix_charts import PANELS, WRAPPED, Shown, fits_beside, matrices, picture
from ui.matrix_hover import show_hover
from ui.run_report_similarity import show_similarities
from ui.similarity_cell import choose_cell, chosen_cell, show_cell
from ui.similarity_export import show_export
from ui.similarity_texts import Choice, choose_texts
from ui.similarity_verdict import show_verdict
from ui.texts import clipped
from ui.vectors import Pair, encode, encoded

WAITED_FOR = 300
"""How many texts are encoded while somebody waits; more are read by a job."""
GIVEN, CLUSTER, GROUP = "given", "cluster", "group"
_ORDERED = "inspect_ordered"
_ORDER_OPTIONS = {GIVEN: "given", CLUSTER: "alike", GROUP: "group"}
"""The orders' names on the command line."""
ORDERS = {GIVEN: N_("As given"), CLUSTER: N_("Like beside like"), GROUP: N_("By group")}
_BLOCK = "inspect_block"
_LISTED_WIDTH = 90
_STATE = st.session_state


@dataclass(frozen=True)
class _View:
    """What this drawing of the page is about, handed from part to part."""

    workspace: Workspace
    run: Run
    comparison: Comparison
    choice: Choice
    vectors: Pair
    which: str
    order: NDArray[np.int64]

    @property
    def sheet(self) -> Sheet:
        return self.choice.sheet


def show_similarity(
    workspace: Workspace, run: Run, comparison: Comparison, examples: Sequence[Example]
) -> None:
    """The texts, their matrices, the verdict, and how right and wrong pairs are spread.

    Raises:
        Problem: a model cannot be loaded, or the encoder does not start.
    """
    choice = choose_texts(workspace, run, examples)
    if choice is not None:
        _show_choice(workspace, run, comparison, choice)
        if choice.examples:
            _offer_change(run.id, choice.group, examples, comparison.examples)
    _show_spread(_calibration(run))


def _show_choice(workspace: Workspace, run: Run, comparison: Comparison, choice: Choice) -> None:
    count = len(choice.sheet)
    if count == 1:
        st.info(
            _("One text alone has nothing to be compared with. Add at least another one."),
            icon=":material/info:",
        )
        return
    vectors = _vectors(workspace, run.id, comparison, choice.sheet)
    if vectors is None:
        return
    which, how = _controls(choice.sheet)
    order = _order(how, choice.sheet, comparison.tuned.fingerprint, vectors[1])
    view = _View(workspace, run, comparison, choice, vectors, which, order)
    models = comparison.base.fingerprint, comparison.tuned.fingerprint
    before, after = _places((*models, choice.sheet.digest), choice.sheet, vectors)
    found = verdict(before, after, choice.sheet.asked)
    if count <= INTERACTIVE:
        base, tuned = (similarity_matrix(rows[order]) for rows in vectors)
        _show_matrices(view, order, "matrices")
        note = None
    else:
        base, tuned, note = _show_picture(view)
    _show_cell(view)
    show_verdict(choice.sheet, found, before, after)
    results = Results(choice.sheet.taken(order), base, tuned, found, (before, after), note)

    def whole() -> Pair:
        return similarity_matrix(vectors[0][order]), similarity_matrix(vectors[1][order])

    show_export(run, comparison, results, _calibration(run), whole)


@st.cache_resource(max_entries=8, show_spinner=False)
def _places(key: tuple[str, ...], _sheet: Sheet, _vectors: Pair) -> tuple[list[Place], list[Place]]:
    """Where the right answers stand before and after; ``key`` names the models and the sheet."""
    before, after = (places(_sheet.questions, rows) for rows in _vectors)
    return before, after


def _vectors(
    workspace: Workspace, run_id: str, comparison: Comparison, sheet: Sheet
) -> Pair | None:
    """The vectors of all texts; None while a job reads them."""
    if len(sheet) <= WAITED_FOR:
        return encode(workspace, comparison, sheet.texts, sheet.roles)
    vectors = encoded(workspace, comparison, sheet.texts, sheet.roles)
    if vectors is None:
        params = read_params(sheet.texts, comparison.base, comparison.tuned, sheet.roles)
        wanted = jobs.Wanted("read_texts", params, "texts", _("Reading the texts"))
        jobs.replace(workspace, f"texts_of_{run_id}", wanted)
        jobs.follow(workspace, [wanted])
    return vectors


def _controls(sheet: Sheet) -> tuple[str, str]:
    """Which matrices are drawn, and in which order their rows stand."""
    many = len(sheet) > INTERACTIVE
    # Groups that stand together as they were given need no other order.
    moved = (np.diff(group_order(sheet.groups)) != 1).any()
    orders = [name for name in ORDERS if name != GROUP or moved]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        which = st.segmented_control(
            _("Matrices"),
            list(PANELS),
            format_func=lambda name: _(PANELS[name]),
            default=ALL_PANELS,
            required=True,
            key="inspect_which",
            persist_state="session",
            help=_("One alone is larger, with numbers for up to 22 texts."),
        )
        how = st.segmented_control(
            _("Order"),
            orders,
            format_func=lambda name: _(ORDERS[name]),
            default=CLUSTER if many else GIVEN,
            required=True,
            key=f"inspect_order_{'many' if many else 'few'}_{len(orders)}",
            persist_state="session",
            help=_(
                "“Like beside like” puts texts together that are alike to the tuned model. All "
                "matrices stand in the same order."
            ),
        )
    usual = CLUSTER if many else GIVEN
    st.session_state[_ORDERED] = None if how == usual else _ORDER_OPTIONS[how]
    return which, how


def chosen_order() -> str | None:
    """The order as :func:`core.cli.commands.inspect` takes it; None for the usual one."""
    order: str | None = st.session_state.get(_ORDERED)
    return order


def _order(
    how: str, sheet: Sheet, fingerprint: str, vectors: NDArray[np.float32]
) -> NDArray[np.int64]:
    if how == CLUSTER:
        return _clustered((fingerprint, sheet.texts), vectors)
    return group_order(sheet.groups) if how == GROUP else np.arange(len(sheet))


@st.cache_data(max_entries=16, show_spinner=False)
def _clustered(
    key: tuple[str, tuple[str, ...]], _vectors: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The order by likeness; ``key`` names the model and the texts."""
    return cluster_order(_vectors)


def _show_matrices(view: _View, drawn: NDArray[np.int64], key: str) -> None:
    """The matrices of the texts at these places of the sheet, and the texts' list."""
    sheet = view.sheet.taken(drawn)
    base, tuned = (similarity_matrix(rows[drawn]) for rows in view.vectors)
    named = not view.choice.group and fits_beside(sheet.texts, view.which)
    # A list beside the matrices, where each text is short to say but not to write on an axis.
    beside = view.choice.group or (not named and len(sheet) <= WRAPPED)
    place = st.container()
    if beside:
        listed, place = st.columns([2, 5], gap="medium")
        with listed:
            _list_few(view, sheet)
    cell = chosen_cell(view.sheet)
    there = {old: at for at, old in enumerate(drawn.tolist())}
    chosen = None
    if cell is not None and all(one in there for one in cell):
        chosen = (there[cell[0]], there[cell[1]])
    shown = Shown(
        sheet,
        drawn,
        of=len(view.sheet),
        base=base,
        tuned=tuned,
        base_name=view.comparison.base_name,
        named=named,
        narrow=named or bool(beside),
        chosen=chosen,
    )
    with place:
        charts.show(
            matrices(shown, view.which),
            key,
            alt=_("Similarity matrices of the texts: base model, tuned model, and the change"),
            on_select=_clicked(
                key, lambda at: choose_cell(view.sheet, *divmod(at, len(view.sheet)))
            ),
        )
        show_hover(key, sheet.labels, sheet.texts)
        st.caption(paragraph(*_how_to_read(sheet)))
    if not beside and not named:
        _list_many(sheet, key)


def _clicked(key: str, take: Callable[[int], None]) -> Callable[[], None]:
    """What a click on a marker does; a click that only takes a selection away does nothing."""

    def remember() -> None:
        points = _STATE[key]["selection"]["points"]
        if points:
            take(int(points[0]["customdata"]))

    return remember


def _how_to_read(sheet: Sheet) -> list[str]:
    words = [_("Point at a cell to read both texts, click it to see more about them.")]
    if sheet.questions:
        words.insert(
            0,
            _(
                "Framed: a source (a text that an answer is looked for) with its right answer. "
                "Training should bring these two closer and push the other texts away."
            ),
        )
    return words


def _list_few(view: _View, sheet: Sheet) -> None:
    """The texts by their labels beside the matrices; of a group also what each of them is."""
    if view.choice.example is not None:
        list_group(view.choice.example)
        return
    for label, text in zip(sheet.labels, sheet.texts, strict=True):
        st.markdown(f"**{label}** {fmt.verbatim(clipped(text, _LISTED_WIDTH))}")


def _list_many(sheet: Sheet, key: str) -> None:
    with st.expander(_("The texts"), icon=":material/list:"):
        st.dataframe(
            pd.DataFrame({_("Label"): sheet.labels, _("Text"): sheet.texts}),
            hide_index=True,
            key=f"{key}_texts",
            alt=_("The texts of the matrices by their labels"),
            column_config={
                _("Label"): st.column_config.TextColumn(width="small"),
                _("Text"): st.column_config.TextColumn(width="large"),
            },
        )


def _show_picture(
    view: _View,
) -> tuple[NDArray[np.float32], NDArray[np.float32], Message]:
    """The matrices of many texts as blocks; a click on one opens it.

    Returns:
        What is drawn of base and tuned model, and what a pixel stands for.
    """
    blocks = blocks_of(view.vectors, view.order)
    base, tuned, edges = blocks.base, blocks.tuned, blocks.edges
    ordered = view.sheet.taken(view.order).texts

    def open_block(at: int) -> None:
        _STATE[_BLOCK] = (ordered, *divmod(at, len(base)))

    charts.show(
        picture(base, tuned, edges, view.comparison.base_name, view.which),
        "picture",
        alt=_("Similarity matrices of many texts as pictures of blocks"),
        on_select=_clicked("picture", open_block),
    )
    st.caption(paragraph(say(blocks.note), _("Click a pixel to open its texts below.")))
    texts, row, column = _STATE.get(_BLOCK, ((), 0, 0))
    if texts == ordered:
        spans = [view.order[edges[at] : edges[at + 1]] for at in dict.fromkeys((row, column))]
        _show_matrices(view, np.concatenate(spans), "block")
    return base, tuned, blocks.note


def _show_cell(view: _View) -> None:
    cell = chosen_cell(view.sheet)
    if cell is not None:
        show_cell(view.workspace, view.comparison, view.sheet, view.vectors, cell)


def _offer_change(
    run_id: str, group: int, examples: Sequence[Example], originals: Sequence[Example]
) -> None:
    with st.expander(_("Change the examples"), icon=":material/edit:", key="inspect_change"):
        if not group:
            st.caption(_("Choose a group above, then its texts can be changed here."))
        else:
            edit_group(run_id, group - 1, examples[group - 1], originals[group - 1])


def _calibration(run: Run) -> Calibration | None:
    report = run.report()
    return report.calibration if report is not None else None


def _show_spread(calibration: Calibration | None) -> None:
    """How right and wrong pairs of all held-out rows are spread, from the run's report."""
    if calibration is None:
        st.caption(
            _(
                "This run's report has no similarities of right and wrong pairs, so no threshold "
                "can be shown here."
            )
        )
        return
    show_similarities(calibration)
    st.caption(_("These figures are of all held-out rows; they were taken when the run ended."))
