"""A finished match: how many rows found a partner, the pairs, and what a person says about them."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.cli import match_commands
from core.matching.chosen import Candidates, Chosen, State, Wish, choose
from core.matching.dataset import matches_to_dataset
from core.matching.decisions import read_decisions
from core.matching.export import decided_so_far, load_candidates
from core.matching.params import KEPT, METHODS
from core.matching.results import Result, open_result
from core.problems import Problem
from core.workspace import Workspace
from ui import charts
from ui import format as fmt
from ui.command_line import show_commands
from ui.language import _, paragraph, say
from ui.match_charts import score_chart
from ui.match_files import offer_files, wants_matched_only
from ui.match_form import model_words, say_unread
from ui.match_lines import STATE_WORDS, show_lines
from ui.match_tables import table_name
from ui.runs import sample_name
from ui.selection import select


def show_match(workspace: Workspace, result: Result) -> None:
    """Everything about one match."""
    meta = result.meta
    assert meta.match is not None
    candidates = _candidates(result.folder, meta.created)
    wish, span = _controls(result, candidates)
    say_unread(meta)
    chosen = _chosen(result.folder, meta.created, wish, decided_so_far(result))
    _figures(chosen, wish)
    charts.show(
        score_chart(candidates.best_scores(), wish.threshold, span),
        f"match_scores_{meta.id}",
        alt=_("The best score of each row"),
    )
    _remarks(result, candidates, chosen, wish)
    show_lines(result, candidates, chosen, wish)
    st.subheader(_("Take it with you"), anchor=False)
    offer_files(workspace, result, "matches", wish, len(chosen.states), _about(result, wish))
    _offer_dataset(workspace, result, wish)
    _show_command(workspace, result, wish)


def match_title(result_names: tuple[str, str]) -> str:
    """What a match is called: its two tables."""
    left, right = map(table_name, result_names)
    return f"{left} → {right}"


def _show_command(workspace: Workspace, result: Result, wish: Wish) -> None:
    params = result.meta.match
    assert params is not None
    try:
        lines = match_commands.match(
            workspace,
            params.left,
            params.right,
            method=params.method,
            model=params.model,
            same=params.same,
            wish=wish,
            threshold=params.threshold,
            matched_only=wants_matched_only(result),
        )
    except Problem:
        # A table was deleted since: nothing could do it again.
        return
    show_commands(workspace, [*lines, *match_commands.pairs(result.meta.id)])


@lru_cache(maxsize=4)
def _candidates(folder: Path, created: str) -> Candidates:
    """Kept, because every move of the threshold needs them."""
    return load_candidates(open_result(folder))


@lru_cache(maxsize=16)
def _chosen(folder: Path, created: str, wish: Wish, decided: int) -> Chosen:
    return choose(_candidates(folder, created), wish, read_decisions(folder))


def _controls(result: Result, candidates: Candidates) -> tuple[Wish, tuple[float, float]]:
    """How the candidates are looked at; all of it takes effect at once."""
    params, id = result.meta.match, result.meta.id
    assert params is not None
    best = candidates.best_scores()
    low, high = (float(best.min()), float(best.max())) if len(best) else (0.0, 1.0)
    if params.method == "words":
        span = (0.0, float(max(1, math.ceil(high))))
        step = 0.1
    else:
        lowest = math.floor(min(low, params.threshold) * 20) / 20 - 0.05
        span = (max(-1.0, round(lowest, 2)), 1.0)
        step = 0.005
    with st.container(border=True):
        left, middle, right = st.columns([5, 3, 3], gap="large", vertical_alignment="bottom")
        threshold = left.slider(
            _("Threshold: a match from this score on"),
            span[0],
            span[1],
            min(max(params.threshold, span[0]), span[1]),
            step=step,
            format="%.3f" if step < 0.01 else "%.1f",
            key=f"match_threshold_{id}",
            persist_state="session",
        )
        one_to_one = right.toggle(
            _("Use each row once"),
            key=f"match_once_{id}",
            persist_state="session",
            help=_(
                "One-to-one: the best pair of all is taken first, then the best of the rows that "
                "are left, and so on. A row of the second table then has one partner at most."
            ),
        )
        top = middle.number_input(
            _("Matches a row, at most"),
            1,
            KEPT,
            3,
            key=f"match_top_{id}",
            persist_state="session",
            disabled=one_to_one,
        )
        st.caption(_origin(result))
    return Wish(threshold=threshold, top=top, one_to_one=one_to_one), span


def _origin(result: Result) -> str:
    """Where the threshold comes from, in a sentence."""
    params = result.meta.match
    assert params is not None
    if params.method == "words":
        return _("The score of BM25 has no upper limit; compare it within this result only.")
    if params.threshold_from is None:
        return _(
            "The threshold began at {threshold}, which is a guess: nobody measured it."
        ).format(threshold=fmt.number(params.threshold, 2))
    return _("The threshold began at {threshold}, measured by the run “{run}”.").format(
        threshold=fmt.number(params.threshold, 3),
        run=fmt.verbatim(sample_name(params.threshold_from)),
    )


def _figures(chosen: Chosen, wish: Wish) -> None:
    rows = max(1, len(chosen.states))
    always = (State.MATCHED, State.BELOW, *([State.TAKEN] if wish.one_to_one else []))
    shown = [state for state in State if state in always or chosen.count(state)]
    for place, state in zip(st.columns(len(shown)), shown, strict=True):
        count = chosen.count(state)
        with place.container(border=True, gap="xxsmall"):
            st.metric(_(STATE_WORDS[state]), fmt.number(count))
            st.caption(
                _("{share} of the {rows} rows").format(
                    share=fmt.percent(count / rows, 1), rows=fmt.number(rows)
                )
            )


def _remarks(result: Result, candidates: Candidates, chosen: Chosen, wish: Wish) -> None:
    """What somebody might trip over."""
    tables = result.meta.tables
    blank = tables["left"].blank + tables["right"].blank
    if blank:
        st.caption(
            _(
                "Left out because their text is blank: {left} rows of the first table, {right} of "
                "the second."
            ).format(left=fmt.number(tables["left"].blank), right=fmt.number(tables["right"].blank))
        )
    if tables["right"].rows == 1:
        st.info(
            _("The second table has only one row: every row can be matched with that one only."),
            icon=":material/info:",
        )
    best = candidates.best_scores()
    if not chosen.listed.any():
        if len(best):
            st.warning(
                _(
                    "Nothing reaches the threshold of {threshold}: the highest score is {best}. "
                    "Lower the threshold."
                ).format(
                    threshold=fmt.number(wish.threshold, 3), best=fmt.number(float(best.max()), 3)
                ),
                icon=":material/warning:",
            )
        else:
            st.warning(
                _(
                    "No row has a candidate at all. With a filter, look whether the two columns "
                    "are written alike; by words, whether the tables share any."
                ),
                icon=":material/warning:",
            )


def _about(result: Result, wish: Wish) -> list[tuple[str, str]]:
    """What the file says about itself."""
    params, tables = result.meta.match, result.meta.tables
    assert params is not None
    lines_of = [
        (_("First table"), table_name(tables["left"].name)),
        (_("Second table"), table_name(tables["right"].name)),
        (_("Compare"), _(METHODS[params.method])),
        (_("Threshold"), fmt.number(wish.threshold, 3)),
        (_("Matches a row, at most"), fmt.number(1 if wish.one_to_one else wish.top)),
        (_("Use each row once"), _("yes") if wish.one_to_one else _("no")),
        (_("Made"), fmt.moment(result.meta.created)),
    ]
    if params.model is not None:
        lines_of.insert(3, (_("Model"), model_words(params.model.role, params.model.name)))
    if params.same is not None:
        lines_of.append((_("Must be equal"), " = ".join(params.same)))
    return lines_of


def _offer_dataset(workspace: Workspace, result: Result, wish: Wish) -> None:
    """Make a dataset of pairs from what counts as a match."""
    with st.popover(_("Make a dataset of the matches"), icon=":material/model_training:"):
        st.caption(
            _(
                "Pairs to train on: the text of the first table and its match. Look through them "
                "before, for a model learns their mistakes too."
            )
        )
        tables = result.meta.tables
        name = st.text_input(
            _("Name"),
            value=match_title((tables["left"].name, tables["right"].name)),
            max_chars=80,
            key=f"match_dataset_name_{result.meta.id}",
        )
        by_hand = st.toggle(
            _("Only those accepted by hand"), key=f"match_dataset_hand_{result.meta.id}"
        )
        if st.button(_("Make the dataset"), key="match_dataset", type="primary"):
            try:
                id = matches_to_dataset(workspace, result, wish, name, by_hand_only=by_hand)
            except Problem as problem:
                st.error(say(problem), icon=":material/error:")
            else:
                select("dataset", id)
                st.success(
                    paragraph(_("The dataset is made."), _("It is chosen on Data and Train."))
                )
                st.page_link(
                    "../pages/data.py", label=_("Look at it"), icon=":material/table_view:"
                )
