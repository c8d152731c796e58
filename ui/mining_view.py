"""Hard negatives for a stored dataset: having them mined, and the reviews of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.data.mining.params import (
    JOB_KIND,
    LEVELS,
    USUAL_LEVEL,
    Level,
    MiningParams,
    start_mining,
)
from core.data.mining.review import Review, delete_review, list_reviews
from core.data.shapes import Shape
from core.data.store import Dataset, DatasetInfo
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.models.bases import BaseConfig, list_bases
from core.problems import N_, Problem
from core.training.runs import list_runs
from core.workspace import Workspace
from ui import format as fmt
from ui.dataset_review import show_review
from ui.language import _, ngettext, say
from ui.runs import sample_name
from ui.states import state_badge
from ui.tables import paged

STATE = st.session_state

_REFRESH_SECONDS = 1.0


@dataclass(frozen=True)
class _Words:
    """How hard the negatives are to be, in words; the numbers are in :data:`LEVELS`."""

    label: str
    help: str


_LEVELS = {
    "easy": _Words(
        N_("Easy"),
        N_(
            "Texts that are clearly something else. Hardly any of them is a right answer, but the "
            "model learns less from them."
        ),
    ),
    "medium": _Words(
        N_("Medium"),
        N_(
            "Texts that are near, but clearly less so than the right answer. A good start for "
            "most tables."
        ),
    ),
    "hard": _Words(
        N_("Hard"),
        N_(
            "The nearest texts of all. The model learns most from them, but some will be right "
            "answers that your table does not know: look through them with care."
        ),
    ),
}


def show_negatives(workspace: Workspace, dataset: Dataset) -> None:
    """The open review, or the form, what is at work, and the list of reviews."""
    info = dataset.info
    opened = STATE.get(_open_key(info.id))
    reviews = list_reviews(workspace, info.id)
    review = next((one for one in reviews if one.info.id == opened), None)
    if review is not None:
        st.button(
            _("All reviews"),
            key="close_review",
            icon=":material/arrow_back:",
            type="tertiary",
            on_click=STATE.pop,
            args=(_open_key(info.id), None),
        )
        show_review(workspace, info, review)
        return
    st.markdown(
        _(
            "A model learns most from wrong answers that look right. Pairloom looks for such texts "
            "in your own table; you say which of them really are wrong. They become the negatives "
            "of a new version of this dataset."
        )
    )
    if info.shape in (Shape.CLASSES, Shape.TEXTS):
        st.info(
            _(
                "This needs rows with an anchor and a positive. Turn the dataset into pairs first, "
                "under “History and downloads”."
            ),
            icon=":material/info:",
        )
        return
    _show_work(workspace, info, reviews)
    for_form, for_list = st.columns([3, 2], gap="large")
    with for_form:
        _show_form(workspace, info)
    with for_list:
        _show_reviews(workspace, info, reviews)


def open_review(dataset: str, id: str) -> None:
    """Show the review ``id`` when the negatives of ``dataset`` are looked at next."""
    STATE[_open_key(dataset)] = id


def _open_key(id: str) -> str:
    return f"review_of_{id}"


def _show_form(workspace: Workspace, info: DatasetInfo) -> None:
    with st.container(border=True):
        st.subheader(_("Look for negatives"), anchor=False)
        model = _choose_model(workspace)
        how_many = st.slider(
            _("How many for each anchor, at most"),
            1,
            10,
            3,
            key=f"mine_count_{info.id}",
            persist_state="page",
        )
        level = st.segmented_control(
            _("How hard"),
            list(_LEVELS),
            format_func=lambda name: _(_LEVELS[name].label),
            default=USUAL_LEVEL,
            required=True,
            key=f"mine_level_{info.id}",
            persist_state="page",
        )
        st.caption(_(_LEVELS[level].help))
        with st.expander(_("Exact numbers"), icon=":material/tune:"):
            numbers = _exact_numbers(LEVELS[level], how_many, f"{info.id}_{level}_{how_many}")
        if st.button(_("Start looking"), key="mine", icon=":material/search:", type="primary"):
            try:
                start_mining(
                    workspace,
                    MiningParams.parse(
                        {
                            "dataset": info.id,
                            "model": model.model_dump(mode="json"),
                            "how_many": how_many,
                            **numbers,
                        }
                    ),
                )
            except Problem as problem:
                st.error(say(problem), icon=":material/error:")
            else:
                st.rerun()


def _choose_model(workspace: Workspace) -> BaseConfig:
    """The model whose idea of nearness is used: one that exists already."""
    names = {run.id: sample_name(run.name) for run in list_runs(workspace)}
    choices = {
        choice.config.model_dump_json(): choice
        for choice in list_bases(workspace)
        if choice.config.kind != "static"
    }

    def words(option: str) -> str:
        choice = choices[option]
        if choice.config.run is None:
            return choice.name
        return _("your model {name}").format(name=names.get(choice.config.run, choice.name))

    chosen = st.selectbox(
        _("Model that looks"),
        list(choices),
        format_func=words,
        key="mine_model",
        help=_(
            "It decides which texts are near. One that was trained on this table finds better "
            "negatives than one that cannot read its language."
        ),
        persist_state="page",
    )
    return BaseConfig.model_validate_json(chosen)


def _exact_numbers(level: Level, how_many: int, key: str) -> dict[str, object]:
    """The search's numbers, set by the level until somebody changes them."""
    left, right = st.columns(2)
    range_min = left.number_input(
        _("Nearest texts to pass over"),
        0,
        10_000,
        level.range_min,
        key=f"mine_from_{key}",
        help=_("The nearest ones are the most likely to be right answers."),
    )
    range_max = right.number_input(
        _("Go down the list to place"),
        1,
        20_000,
        level.range_min + 10 * how_many,
        key=f"mine_to_{key}",
        help=_("How many of the nearest texts are looked at for each anchor."),
    )
    margin = left.number_input(
        _("At least so much less similar than the right answer, in %"),
        0,
        100,
        round(100 * level.relative_margin),
        key=f"mine_margin_{key}",
    )
    max_score = right.number_input(
        _("Highest similarity (cosine)"),
        0.0,
        1.0,
        1.0,
        step=0.05,
        key=f"mine_score_{key}",
        help=_("Texts that are more similar to the anchor than this are passed over."),
    )
    drawn = left.toggle(
        _("Draw at random"),
        key=f"mine_drawn_{key}",
        help=_("Among the texts that are left, instead of taking the nearest of them."),
    )
    seed = right.number_input(
        _("Seed"), 0, 2**31 - 1, 42, key=f"mine_seed_{key}", disabled=not drawn
    )
    return {
        "range_min": range_min,
        "range_max": range_max,
        "relative_margin": margin / 100 or None,
        "max_score": max_score if max_score < 1 else None,
        "sampling": "random" if drawn else "top",
        "seed": seed,
    }


def _show_work(workspace: Workspace, info: DatasetInfo, reviews: Sequence[Review]) -> None:
    """The search that is at work, or how the last one ended if not well."""
    job = _last_job(workspace, info.id)
    if job is None or any(review.info.id == job for review in reviews):
        return
    status = JobStatus.load(workspace.job(job))
    if status.state.active:
        ensure_supervisor(workspace)
        st.fragment(_watch, run_every=_REFRESH_SECONDS)(workspace, info.id, job)
    elif status.error_messages:
        st.error(say(*status.error_messages), icon=":material/error:")
    elif status.state is JobState.CANCELLED:
        st.info(
            _("The last search was stopped before its end; nothing of it was kept."),
            icon=":material/cancel:",
        )


def _last_job(workspace: Workspace, dataset: str) -> str | None:
    """The newest search for negatives of a dataset."""
    for folder in sorted(workspace.jobs.glob("[!.]*-negatives-*"), reverse=True):
        try:
            spec = queue.read_spec(folder)
        except (OSError, ValueError, TypeError):
            continue
        if spec.kind == JOB_KIND and spec.params.get("dataset") == dataset:
            return folder.name
    return None


def _watch(workspace: Workspace, dataset: str, job: str) -> None:
    """State and progress of a search; drawn again every second until it ends."""
    status = JobStatus.load(workspace.job(job))
    if not status.state.active:
        if status.state is JobState.SUCCEEDED:
            STATE[_open_key(dataset)] = job
        st.rerun()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(status)
            with st.container():
                st.markdown(say(status.stage_message) or _("Waiting for the worker to start"))
            if status.state is not JobState.STOPPING and st.button(
                _("Stop"), key="stop_mining", icon=":material/stop_circle:"
            ):
                try:
                    queue.request_stop(workspace, job)
                except Problem as problem:
                    st.error(say(problem), icon=":material/error:")
                else:
                    st.rerun()
        st.progress(min(status.done or 0.0, 1.0))


def _show_reviews(workspace: Workspace, info: DatasetInfo, reviews: Sequence[Review]) -> None:
    st.subheader(_("Reviews"), anchor=False)
    if not reviews:
        st.caption(_("None yet. What is found appears here, to be looked through."))
    for review in paged(reviews, f"reviews_{info.id}", size=5):
        _show_card(workspace, info, review)


def _show_card(workspace: Workspace, info: DatasetInfo, review: Review) -> None:
    id, counts = review.info.id, review.counts()
    with st.container(border=True, gap="xsmall"):
        found = ngettext("{n} candidate", "{n} candidates", review.info.candidates)
        st.markdown(f"**{found.format(n=fmt.number(review.info.candidates))}**")
        doubtful = ngettext(
            "{n} may be a right answer", "{n} may be right answers", review.info.likely_false
        )
        with_model = _("found by {model}").format(model=fmt.verbatim(review.info.model))
        st.caption(
            " · ".join(
                [
                    doubtful.format(n=fmt.number(review.info.likely_false)),
                    with_model,
                    fmt.moment(review.info.created),
                ]
            )
        )
        if review.info.finished:
            made = _("Made into a version: {time}")
            st.caption(made.format(time=fmt.moment(review.info.finished[-1].time)))
        share = counts.decided / review.info.candidates
        st.progress(share, text=say(review.progress))
        with st.container(horizontal=True):
            st.button(
                _("Look through"),
                key=f"review_{id}",
                icon=":material/rule:",
                type="primary" if counts.undecided else "secondary",
                on_click=STATE.__setitem__,
                args=(_open_key(info.id), id),
            )
            with st.popover(_("Delete"), icon=":material/delete:", type="tertiary"):
                st.caption(
                    _("Deletes these candidates and what was decided. Datasets made of it stay.")
                )
                if st.button(_("Delete for good"), key=f"delete_review_{id}"):
                    delete_review(workspace, id)
                    st.rerun()
