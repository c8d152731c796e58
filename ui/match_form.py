"""The forms of Match: what is to be compared, with which model; and the work while it is done."""

from __future__ import annotations

import streamlit as st

from core.cli import match_commands
from core.jobs import queue
from core.matching.models import OfferedModel, Suggestion, offered_models, suggested_threshold
from core.matching.params import (
    DUPLICATES_KIND,
    MATCH_KIND,
    METHODS,
    DuplicateParams,
    HalfAFilter,
    MatchParams,
    Method,
    SameTable,
)
from core.matching.reading import UNREADABLE_SHARE
from core.matching.results import ResultMeta
from core.matching.start import START_DUPLICATES, active_job, duplicate_params, match_params
from core.matching.tables import TableChoice, describe_table
from core.problems import Problem
from core.workspace import Workspace
from ui import format as fmt
from ui import jobs
from ui.command_line import show_commands
from ui.language import _, paragraph, say
from ui.match_tables import choose_table, column_words, offer_sample, table_options
from ui.runs import sample_name
from ui.selection import select

STATE = st.session_state
VIEW = "match_view"
_WANTED = "match_wanted"


def show_match_form(workspace: Workspace) -> None:
    """Two tables side by side, how they are compared, and the button that starts it."""
    options = table_options(workspace)
    if not options:
        offer_sample(workspace)
    left_place, right_place = st.columns(2, gap="large")
    with left_place, st.container(border=True):
        st.subheader(_("For each row of this table …"), anchor=False)
        left = choose_table(workspace, "left")
    with right_place, st.container(border=True):
        st.subheader(_("… find the rows of this one that fit"), anchor=False)
        right = choose_table(workspace, "right", default=1)
    with st.container(border=True):
        method, offer = _choose_method(workspace)
        same = _choose_filter(workspace, left, right)
    if left is None or right is None:
        st.info(_("Choose both tables first."), icon=":material/arrow_upward:")
        return
    whole = _whole(same)
    if st.button(_("Match"), key="start_match", icon=":material/join_inner:", type="primary"):
        try:
            if same is not None and whole is None:
                raise HalfAFilter
            _start(
                MATCH_KIND,
                match_params(workspace, left, right, method=method, offer=offer, same=whole),
            )
        except SameTable as problem:
            STATE["match_same_table"] = left.id
            st.warning(say(problem), icon=":material/content_copy:")
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
    if STATE.get("match_same_table") == left.id == right.id:
        st.button(
            _("Look for near-duplicates in this table"),
            key="match_go_duplicates",
            icon=":material/content_copy:",
            on_click=_go_to_duplicates,
            args=(f"{left.kind}:{left.id}",),
        )
    lines = match_commands.match(workspace, left, right, method=method, model=offer, same=whole)
    show_commands(workspace, lines)


def show_duplicates_form(workspace: Workspace) -> None:
    """One table, the model, how alike two texts must be, and the button that starts it."""
    if not table_options(workspace):
        offer_sample(workspace)
    left, right = st.columns(2, gap="large")
    with left, st.container(border=True):
        st.subheader(_("What stands twice in this table?"), anchor=False)
        table = choose_table(workspace, "one")
    with right, st.container(border=True):
        st.subheader(_("How alike is nearly equal?"), anchor=False)
        offer = _choose_model(workspace, "duplicates_model")
        floor = st.number_input(
            _("Similar from this score on (cosine)"),
            0.0,
            1.0,
            START_DUPLICATES,
            step=0.01,
            key="duplicates_floor",
            persist_state="session",
            help=_(
                "1 means equal to the model. Start high and go lower when too little is found; "
                "afterwards the score can be raised at once, but not lowered."
            ),
        )
        st.caption(_("Exact copies are found by their letters, whatever the model says."))
    if table is None:
        return
    if st.button(_("Search"), key="start_duplicates", icon=":material/search:", type="primary"):
        try:
            _start(DUPLICATES_KIND, duplicate_params(workspace, table, offer, floor))
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
    lines = match_commands.duplicates(workspace, table, model=offer, threshold=floor)
    show_commands(workspace, lines)


def show_work(workspace: Workspace, id: str) -> bool:
    """The progress of the work for the result ``id``; False when nobody works on it."""
    active = active_job(workspace, id)
    if active is not None:
        kind = MATCH_KIND if isinstance(active[1], MatchParams) else DUPLICATES_KIND
        STATE[_WANTED] = (id, kind, active[1].model_dump(mode="json"))
    wanted = STATE.get(_WANTED)
    if wanted is None or wanted[0] != id:
        return False
    titles = {MATCH_KIND: _("Matching"), DUPLICATES_KIND: _("Near-duplicates")}
    jobs.follow(workspace, [jobs.Wanted(wanted[1], wanted[2], wanted[1], titles[wanted[1]])])
    # What has only just been put into the queue can be stopped too.
    active = active or active_job(workspace, id)
    if active is not None and st.button(_("Stop"), key="stop_match", icon=":material/stop_circle:"):
        try:
            queue.request_stop(workspace, active[0])
        except Problem as problem:
            st.error(say(problem), icon=":material/error:")
        else:
            STATE.pop(_WANTED)
            select("match", None)
            st.toast(
                _("Stopped. What the model has read is kept: the same work goes on from there."),
                icon=":material/stop_circle:",
            )
            st.rerun()
    return True


def forget_work() -> None:
    """The result is there: nobody is to start the work again, not even when it is deleted."""
    STATE.pop(_WANTED, None)


def say_unread(meta: ResultMeta) -> None:
    """Say when the model cannot read much of the texts: its scores then mean next to nothing."""
    params = meta.match or meta.duplicates
    model = params.model if params else None
    if model is None or meta.unread < UNREADABLE_SHARE:
        return
    sentence = _(
        "{model} cannot read {share} of these texts. The characters that it does not know are one "
        "and the same sign to it, so texts look alike that are not, and high scores mean little."
    ).format(
        model=fmt.verbatim(model_words(model.role, model.name)), share=fmt.percent(meta.unread)
    )
    if meta.match is not None:
        way_out = _("Compare by words, or train a model on such texts.")
    else:
        way_out = _("Train a model on such texts and search again with it.")
    st.warning(paragraph(sentence, way_out), icon=":material/warning:")


def model_words(role: str, name: str) -> str:
    """What a model is called: whose it is, and its name."""
    if role == "tuned":
        return _("your model {name}").format(name=sample_name(name))
    return name


def _start(kind: str, params: MatchParams | DuplicateParams) -> None:
    """Show the result from now on; while it is missing the screen sees to the work."""
    STATE[_WANTED] = (params.id, kind, params.model_dump(mode="json"))
    select("match", params.id)
    st.rerun()


def _go_to_duplicates(table: str) -> None:
    STATE[VIEW] = "duplicates"
    STATE["match_one_table_next"] = table
    STATE.pop("match_same_table", None)


def _whole(same: tuple[str | None, str | None] | None) -> tuple[str, str] | None:
    """The filter once both of its columns are chosen."""
    if same is None or same[0] is None or same[1] is None:
        return None
    return same[0], same[1]


def _choose_method(workspace: Workspace) -> tuple[Method, OfferedModel | None]:
    left, right = st.columns(2, gap="large")
    with left:
        method: Method = st.segmented_control(
            _("Compare"),
            list(METHODS),
            format_func=lambda name: _(METHODS[name]),
            default="model",
            required=True,
            key="match_method",
            persist_state="session",
            help=_(
                "By meaning finds other wordings; by words finds the same article numbers and "
                "names; both together takes what stands high in either list."
            ),
        )
    if method == "words":
        return method, None
    with right:
        offer = _choose_model(workspace, "match_model")
    st.caption(_threshold_words(suggested_threshold(workspace, offer)))
    return method, offer


def _threshold_words(suggestion: Suggestion | None) -> str:
    """Where the threshold begins, what it reached, and why it reaches less here."""
    if suggestion is None:
        return _(
            "No run has measured a threshold for this model, so it begins at a guess. Move it in "
            "the result until right and wrong pairs part."
        )
    words = {
        "threshold": fmt.number(suggestion.threshold, 3),
        "run": fmt.verbatim(sample_name(suggestion.run)),
        "precision": fmt.percent(suggestion.precision),
        "recall": fmt.percent(suggestion.recall),
    }
    if suggestion.questions is None or suggestion.answers is None:
        return _(
            "Threshold at first: {threshold}, measured on the held-out rows of “{run}”. Of the "
            "pairs that reached it {precision} were right, and {recall} of the right pairs did; "
            "but each right pair was measured beside about one wrong one. In a whole table there "
            "are far more wrong ones, and far fewer of the pairs found are right: raise it in the "
            "result until they are."
        ).format(**words)
    return _(
        "Threshold at first: {threshold}, measured by the run “{run}”: {questions} held-out "
        "questions took the best of {answers} answers each, once with the right one there and "
        "once without it. Of what reached the threshold {precision} was right, and {recall} of "
        "the questions found their answer. Among more rows more wrong ones come close: expect a "
        "lower share and raise the threshold in the result."
    ).format(
        questions=fmt.number(suggestion.questions), answers=fmt.number(suggestion.answers), **words
    )


def _choose_model(workspace: Workspace, key: str) -> OfferedModel:
    offers = {offer.key: offer for offer in offered_models(workspace)}
    if STATE.get(key) not in (None, *offers):
        del STATE[key]
    chosen = st.selectbox(
        _("Model"),
        list(offers),
        format_func=lambda option: model_words(offers[option].role, offers[option].name),
        key=key,
        persist_state="session",
        help=_("It decides which texts are alike. One that was trained on such texts knows best."),
    )
    return offers[chosen]


def _choose_filter(
    workspace: Workspace, left: TableChoice | None, right: TableChoice | None
) -> tuple[str | None, str | None] | None:
    """A column of each table that must be equal; None without this wish."""
    if left is None or right is None:
        return None
    chosen = []
    with st.expander(_("Only rows that agree in a column, such as the brand"), type="compact"):
        places = st.columns(2, gap="large")
        for place, side, words in (
            (places[0], left, _("Column of the first table")),
            (places[1], right, _("must be equal to this of the second")),
        ):
            info = describe_table(workspace, side.kind, side.id)
            titles = column_words(workspace, side.kind, side.id, info)
            chosen.append(
                place.selectbox(
                    words,
                    list(info.columns),
                    index=None,
                    format_func=titles.__getitem__,
                    placeholder=_("no column"),
                    key=f"match_same_{len(chosen)}_{side.id}",
                    persist_state="session",
                )
            )
        st.caption(
            _("Capitals, width and spaces do not count. A row that is blank there matches nothing.")
        )
    return None if chosen == [None, None] else (chosen[0], chosen[1])
