"""Home: what is running, what there is, what trains it, and a first model in one click."""

from pathlib import Path

import streamlit as st

from core.cli import commands
from core.data.samples import SAMPLES, Sample
from core.data.store import DatasetInfo, list_datasets
from core.devices import Device, driver_problem, list_devices
from core.problems import Problem
from core.training.quickstart import quickstart, quickstart_estimate
from core.training.runs import Run, list_runs, offered
from core.workspace import Workspace
from ui import format as fmt
from ui.command_line import show_commands
from ui.datasets import dataset_name
from ui.language import _, say
from ui.pages import go_to, heading
from ui.runs import run_card
from ui.selection import select
from ui.sidebar import device_label

OFFERED = ("products", "drugs")
REFRESH_SECONDS = 2.0
RECENT = 5
workspace = Workspace.open()


def running() -> None:
    """The runs that something may still happen to; drawn again while there are any."""
    active = [run for run in list_runs(workspace) if run.status.state.active]
    if not active:
        # The last one has just ended: draw the whole screen once more, and ask no further.
        st.rerun()
    st.subheader(_("Running now"), anchor=False)
    for run in active:
        run_card(run)


def recent(runs: list[Run], datasets: list[DatasetInfo]) -> None:
    """The newest runs that have ended and the newest datasets."""
    if runs:
        st.subheader(_("Recent runs"), anchor=False)
        for run in runs[:RECENT]:
            run_card(run)
    st.subheader(_("Recent datasets"), anchor=False)
    if not datasets:
        own_table()
    for info in datasets[:RECENT]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{fmt.verbatim(dataset_name(info))}**")
                st.caption(say(info.sentence))
            if st.button(_("Train"), key=f"train_{info.id}", icon=":material/model_training:"):
                select("dataset", info.id)
                go_to("train")


def offers(columns: int) -> None:
    """One card for each sample that a first model can be made from with one click."""
    with st.grid(columns):
        for sample_id in OFFERED:
            offer(SAMPLES[sample_id])


def offer(sample: Sample) -> None:
    """A sample, what it holds, how long it will take here, and the button."""
    with st.container(border=True, height="stretch"):
        title = _("Try it with: {sample}").format(sample=_(sample.title))
        st.markdown(f"**{title}**")
        st.caption(_(sample.description))
        st.space("stretch")
        try:
            seconds = estimated_seconds(workspace.root, sample.id)
        except Problem as problem:
            st.warning(say(problem), icon=":material/warning:")
            return
        st.caption(
            ":material/schedule: "
            + _("About {time} on this machine, from the click to a trained model.").format(
                time=fmt.rough_duration(seconds)
            )
        )
        if st.button(
            _("Train now"), key=f"try_{sample.id}", icon=":material/bolt:", type="primary"
        ):
            begin(sample)


@st.cache_data(ttl="1m", show_spinner=False)
def estimated_seconds(root: Path, sample_id: str) -> float:
    """How long a sample takes here; soon asked again, since the machine's speed may be measured."""
    return quickstart_estimate(Workspace(root), sample_id).seconds


def begin(sample: Sample) -> None:
    """Start the sample's run and watch it."""
    try:
        with st.spinner(_("Preparing the table …")):
            run = quickstart(workspace, sample.id)
    except Problem as problem:
        st.error(say(problem), icon=":material/error:")
        return
    select("run", run)
    go_to("run")


def own_table() -> None:
    """The way to a table of one's own."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            st.markdown("**" + _("Or start with your own table") + "**")
            st.caption(
                _(
                    "A CSV file with two columns of texts that belong together is enough: "
                    "questions and answers, searches and products, names and descriptions."
                )
            )
        if st.button(_("Bring in a table"), icon=":material/upload:", key="own_table"):
            go_to("data")


def devices() -> None:
    """What runs can train on, with the memory that is free now."""
    st.subheader(_("Devices"), anchor=False)
    problem = driver_problem()
    if problem is not None:
        st.warning(say(problem), icon=":material/warning:")
    for device in list_devices():
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f":material/memory: **{device_label(device)}**")
            st.caption(device_facts(device))


def device_facts(device: Device) -> str:
    """Name, memory and arithmetic of a device."""
    memory = _("{free} of {total} memory free").format(
        free=fmt.size(device.free_bytes), total=fmt.size(device.total_bytes)
    )
    precision = _("trains in {precision}").format(precision=device.precision)
    names = [fmt.verbatim(device.name)] if device.cores else []
    return " · ".join([*names, memory, precision])


heading("home")
runs, datasets = list_runs(workspace), list_datasets(workspace)
if not runs and not datasets:
    st.subheader(_("Train a first model in one click"), anchor=False)
    offers(columns=len(OFFERED))
    own_table()
    devices()
else:
    main, side = st.columns([5, 3], gap="large")
    ended = [run for run in runs if not run.status.state.active]
    with main:
        if len(ended) < len(runs):
            st.fragment(running, run_every=REFRESH_SECONDS)()
        recent(offered(ended), datasets)
    with side:
        devices()
        st.subheader(_("Samples"), anchor=False)
        offers(columns=1)
show_commands(
    workspace, commands.home(OFFERED, active=any(run.status.state.active for run in runs))
)
