"""Choosing whom to ask: models of any finished runs, MiniLM, BM25, and fusions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from core.problems import Problem
from core.retrieval.answers import Column
from core.retrieval.candidates import (
    Candidate,
    Candidates,
    Source,
    column_of,
    default_keys,
    find_candidates,
)
from core.training.runs import Run, finished_runs
from core.workspace import Workspace
from ui import charts
from ui import format as fmt
from ui.language import _, say
from ui.runs import run_name
from ui.search_address import linked, mirror

STATE = st.session_state
MOST = 6
"""Four models, BM25 and a fusion; more columns nobody can read side by side."""
_CHOSEN, _CHOSEN_FOR, _WIDGET = "search_models", "search_models_for", "choose_search_models"
_FURTHER = ("#000005", "#000006", "#000007", "#000008")


@dataclass(frozen=True)
class Asked:
    """A column that is asked, the colour in which charts show it, and the candidate's key."""

    column: Column
    colour: str
    key: str


def choose_columns(workspace: Workspace, run: Run | None) -> list[Asked]:
    """The list of models to compare, and what was chosen; what cannot be asked says why.

    Another run brings its own models, unless a link names some.
    """
    offered = find_candidates(finished_runs(workspace), run)
    run_id = run.id if run is not None else None
    if STATE.get(_CHOSEN_FOR) != run_id:
        STATE[_CHOSEN], STATE[_CHOSEN_FOR] = None, run_id
    wished = linked("models")
    if wished is not None:
        STATE[_CHOSEN] = [key for key in wished.split(",") if key]
    default, _none = offered.settle(default_keys(run))
    keys, gone = offered.settle(default if STATE.get(_CHOSEN) is None else STATE[_CHOSEN])
    if gone:
        st.warning(
            _(
                "The link names models that are not here any more ({models}). The others are asked."
            ).format(models=fmt.verbatim(", ".join(gone))),
            icon=":material/warning:",
        )
        keys = keys or default
    keys = keys[:MOST]
    STATE[_WIDGET] = keys
    names = _names(offered)

    def take() -> None:
        # After a change of language the browser sends back labels that nobody knows any more.
        if all(key in offered.by_key for key in STATE[_WIDGET]):
            STATE[_CHOSEN] = STATE[_WIDGET]

    chosen = st.multiselect(
        _("Compare"),
        list(offered.by_key),
        format_func=names.__getitem__,
        key=_WIDGET,
        max_selections=MOST,
        placeholder=_("Choose models"),
        help=_(
            "The first one is what the others are compared with. Models of any finished runs can "
            "stand side by side, with keyword search (BM25) and with both together."
        ),
        on_change=take,
    )
    mirror("models", None if chosen == default else ",".join(chosen))
    return _columns(offered, chosen)


def _columns(offered: Candidates, keys: list[str]) -> list[Asked]:
    candidates = [offered.by_key[key] for key in keys]
    titles = [_title(one) for one in candidates]
    repeated = Counter(titles)
    further = iter(_FURTHER)
    used: set[str] = set()
    asked = []
    for one, title in zip(candidates, titles, strict=True):
        if repeated[title] > 1 and one.run is not None:
            title = f"{title} · {fmt.moment(one.run.status.created)}"
        colour = _colour(one)
        colour = next(further) if colour in used else colour
        used.add(colour)
        try:
            asked.append(Asked(column_of(one, title), colour, one.key))
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
    return asked


def _title(one: Candidate) -> str:
    """What stands above its column."""
    if one.source is Source.WORDS:
        return _("BM25 keyword search")
    if one.source is Source.TUNED and one.run is not None:
        name = run_name(one.run)
        title = name if one.fused else _("Tuned: {name}").format(name=name)
    else:
        model = one.model_name.rpartition("/")[2]
        title = model if one.fused else _("Base: {model}").format(model=model)
    return _("{model} with BM25").format(model=title) if one.fused else title


def _names(offered: Candidates) -> dict[str, str]:
    """What they are called in the list; runs of the same name are told apart by their time."""
    runs = {one.run.id: one.run for one in offered.by_key.values() if one.run is not None}
    repeated = Counter(run_name(run) for run in runs.values())
    names = {}
    for key, one in offered.by_key.items():
        if one.source is Source.WORDS:
            name = "BM25"
        elif one.source is Source.TUNED and one.run is not None:
            name = run_name(one.run)
            if repeated[name] > 1:
                name = f"{name} · {fmt.moment(one.run.status.created)}"
        else:
            name = _("{model} (untrained)").format(model=one.model_name.rpartition("/")[2])
        names[key] = f"{name} + BM25" if one.fused else name
    return names


def _colour(one: Candidate) -> str:
    if one.fused:
        return charts.FUSION
    return {Source.WORDS: charts.BM25, Source.TUNED: charts.TUNED}.get(one.source, charts.BASE)
