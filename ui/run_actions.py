"""What can be done with a run: one row of buttons, and a menu for what is wanted less often."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.jobs import queue
from core.jobs.status import ALLOWED, JobState
from core.jobs.stopping import StopWish, read_stop
from core.jobs.supervisor import ensure_supervisor
from core.problems import Problem
from core.training.config import RunConfig
from core.training.continuing import clone_config, dataset_problem, further_config
from core.training.runs import Run, discard_checkpoints
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _, say
from ui.pages import go_to
from ui.run_deletion import ask_to_delete
from ui.selection import select

TRAIN_WITH = "train_with"
"""Where the Train screen finds a whole configuration (plain values) to fill its fields with."""


def show_actions(workspace: Workspace, run: Run) -> None:
    """The row of actions that fits the run's state."""
    state = run.status.state
    if state.active:
        # Somebody has to give it a device, to see to its end and to write down how it ended.
        ensure_supervisor(workspace)
    with st.container(
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        gap="small",
        key="actions",
    ):
        if state is JobState.QUEUED:
            if st.button(_("Do not start it"), icon=":material/cancel:", key="cancel"):
                _do(lambda: queue.request_stop(workspace, run.id))
        elif state.active:
            _while_at_work(workspace, run)
        else:
            _resume(workspace, run)
            _use_model(workspace, run)
        _more(workspace, run)


def show_stopping(run: Run) -> None:
    """What happens now that somebody asked the run to stop; nothing when nobody did."""
    stop = read_stop(run.folder) if run.status.state.has_process else None
    if stop is None:
        return
    if stop.wish is StopWish.KEEP:
        text = _(
            "Finishing: the run ends after its current step, then the model is scored and saved. "
            "That can take a few minutes."
        )
    else:
        text = _(
            "Stopping: the run ends after its current step and saves. If it does not within "
            "{grace}, its process is ended."
        ).format(grace=fmt.duration(queue.STOP_GRACE_SECONDS))
    st.info(text, icon=":material/hourglass_bottom:")


def _while_at_work(workspace: Workspace, run: Run) -> None:
    stop = read_stop(run.folder)
    if stop is None:
        with st.popover(_("Stop"), icon=":material/stop:"):
            _keep(workspace, run, _("Stop and keep the model"))
            st.caption(
                _("What it has learned so far becomes a model, with its scores and a report.")
            )
            _drop(workspace, run, _("Stop without a model"))
            st.caption(_("Ends after its current step and saves. It can be resumed from there."))
    elif stop.wish is StopWish.KEEP:
        _drop(workspace, run, _("Stop at once, without a model"))
    else:
        _keep(workspace, run, _("Keep the model after all"))


def _keep(workspace: Workspace, run: Run, label: str) -> None:
    if st.button(label, icon=":material/flag:", key="stop_keep"):
        _do(lambda: queue.request_stop(workspace, run.id, StopWish.KEEP))


def _drop(workspace: Workspace, run: Run, label: str) -> None:
    if st.button(label, icon=":material/stop:", key="stop_discard"):
        _do(lambda: queue.request_stop(workspace, run.id, StopWish.DISCARD))


def _resume(workspace: Workspace, run: Run) -> None:
    if JobState.QUEUED not in ALLOWED[run.status.state]:
        return
    step = run.checkpoint
    label = (
        _("Start again from the beginning")
        if step is None
        else _("Resume from step {step}").format(step=fmt.number(step))
    )
    if st.button(label, icon=":material/resume:", type="primary", key="resume"):
        _queue_again(workspace, run)
    if step is not None and st.button(
        _("Make a model of it as it is"),
        icon=":material/flag:",
        key="finish",
        help=_("Trains no further: the last checkpoint is scored and becomes the model."),
    ):
        _queue_again(workspace, run, finish=True)


def _queue_again(workspace: Workspace, run: Run, *, finish: bool = False) -> None:
    def work() -> None:
        queue.resume(workspace, run.id, finish=finish)
        ensure_supervisor(workspace)

    _do(work)


def _use_model(workspace: Workspace, run: Run) -> None:
    if run.model is None:
        return
    st.page_link("../pages/inspect.py", label=_("Inspect"), icon=":material/hub:")
    st.page_link("../pages/search.py", label=_("Search"), icon=":material/search:")
    st.page_link("../pages/export.py", label=_("Export"), icon=":material/download:")
    with st.popover(_("Train further"), icon=":material/fast_forward:"):
        further = further_config(run)
        st.markdown(_("Starts from this model, on the same table and with the same loss."))
        st.markdown(say(further.reason))
        _say_dataset(workspace, run)
        if st.button(_("Set it up on Train"), key="further", icon=":material/model_training:"):
            hand_over(further.config)


def _more(workspace: Workspace, run: Run) -> None:
    ended = not run.status.state.active
    with st.popover(_("More"), icon=":material/more_horiz:"):
        _say_dataset(workspace, run)
        if st.button(_("Use these settings again"), key="clone", icon=":material/content_copy:"):
            hand_over(clone_config(run))
        st.caption(_("Opens Train with everything filled in, to be changed before the start."))
        taken = run.checkpoint_bytes if ended else 0
        if taken:
            if st.button(_("Delete the checkpoints"), key="discard", icon=":material/mop:"):
                _do(lambda: discard_checkpoints(workspace, run.id))
            st.caption(
                _("Frees {space}. The run can then not be resumed from where it was.").format(
                    space=fmt.size(taken)
                )
            )
        if ended:
            if st.button(_("Delete …"), key="delete", icon=":material/delete:"):
                ask_to_delete(workspace, [run.id], lambda: select("run", None))
            st.caption(_("Says first what goes with it."))


def _say_dataset(workspace: Workspace, run: Run) -> None:
    problem = dataset_problem(workspace, run.config)
    if problem is not None:
        st.warning(say(problem), icon=":material/warning:")


def hand_over(config: RunConfig) -> None:
    """Open Train with every field set as ``config`` says."""
    st.session_state[TRAIN_WITH] = config.to_dict()
    select("dataset", config.dataset.id)
    go_to("train")


def _do(work: Callable[[], object]) -> None:
    """Do what a button says and draw the screen again; somebody else may have been quicker."""
    try:
        work()
    except Problem as problem:
        st.toast(say(problem), icon=":material/info:")
    else:
        st.rerun()
