"""How long a run will take and how much memory: from sizes, or from a few real batches."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.training.config import RunConfig
from core.training.estimate import Estimate, estimate
from core.training.measured import Measured, load_measured, to_measure
from core.training.speed import speed_path
from core.workspace import Workspace
from ui import format as fmt
from ui.jobs import Wanted, follow, replace
from ui.language import _
from ui.train_form import fill_in

_PLACE = "train"
_ASKED = "train_trial"


def show_estimate(workspace: Workspace, config: RunConfig) -> None:
    """Steps, time and memory for the settings as they are now, and a batch size that suits."""
    told = _estimate(
        str(workspace.root),
        config,
        _speed_version(workspace),
        repr(load_measured(workspace, config)),
    )
    st.markdown(
        _("**About {time}** on this machine: {steps} steps over {rows} rows.").format(
            time=fmt.duration(told.seconds),
            steps=fmt.number(told.steps),
            rows=fmt.number(told.train_rows),
        ),
        help=None
        if told.measured
        else _("This machine's speed has not been measured yet; this is a guess."),
    )
    if told.real is None:
        _offer_trial(workspace, config)
    else:
        _show_measured(config, told, told.real)


def stop_trial(workspace: Workspace) -> None:
    """Stop trying batches, because the run itself is to have the machine."""
    st.session_state.pop(_ASKED, None)
    replace(workspace, _PLACE, Wanted("probe", {}, name="", title=""))


def _offer_trial(workspace: Workspace, config: RunConfig) -> None:
    """Said that this is reckoned; a button tries real batches, or they are being tried."""
    wanted = Wanted(
        "probe",
        {"config": to_measure(config).to_dict()},
        name="probe",
        title=_("Trying a few real batches"),
    )
    # What was tried for other settings is not worth the work any more.
    replace(workspace, _PLACE, wanted)
    if st.session_state.get(_ASKED) == wanted.key:
        follow(workspace, [wanted])
        return
    st.caption(
        _(
            "Reckoned from the lengths of your texts. A few real batches tell it better, and how "
            "much memory is needed: that takes about as long as a dozen steps."
        )
    )
    st.button(
        _("Try a few real batches"),
        icon=":material/speed:",
        key="try-batches",
        on_click=st.session_state.__setitem__,
        args=(_ASKED, wanted.key),
    )


def _show_measured(config: RunConfig, told: Estimate, real: Measured) -> None:
    asked = config.training.batch_size
    st.caption(
        _("Measured on real batches: {seconds} a step, {needed} of {usable} memory.").format(
            seconds=_("{seconds:.2g} s").format(seconds=real.step_seconds),
            needed=fmt.size(real.peak_bytes),
            usable=fmt.size(real.usable_bytes),
        )
    )
    if not real.fits:
        st.warning(
            _("A batch of {size} needs more memory than there is; {largest} rows fit.").format(
                size=fmt.number(asked), largest=fmt.number(real.largest)
            ),
            icon=":material/memory:",
        )
    suggested = told.suggested_batch
    if suggested is None or suggested == asked:
        st.caption(_("The batch size suits memory, loss and table."))
        return
    if suggested > asked:
        st.caption(_("This loss learns more from larger batches, and there is memory for them."))
    training = config.training.model_copy(update={"batch_size": suggested})
    st.button(
        _("Use batches of {size}").format(size=fmt.number(suggested)),
        icon=":material/build:",
        key="suggested-batch",
        on_click=fill_in,
        args=(config.model_copy(update={"training": training}),),
    )


def _speed_version(workspace: Workspace) -> float:
    path = speed_path(workspace)
    return path.stat().st_mtime if path.exists() else 0.0


@st.cache_data(
    max_entries=200, show_spinner=False, hash_funcs={RunConfig: RunConfig.model_dump_json}
)
def _estimate(root: str, config: RunConfig, speed_version: float, real: str) -> Estimate:
    return estimate(Workspace(Path(root)), config)
