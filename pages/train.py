"""The Train screen: dataset, base, loss, settings, what to know before, start."""

from __future__ import annotations

import streamlit as st

from core.cli import commands
from core.data.store import DatasetInfo, list_datasets
from core.models.bases import BaseConfig, list_bases, resolve, sized
from core.models.folder import ResolvedBase
from core.problems import Problem, Term
from core.training.advice import advise
from core.training.config import RunConfig
from core.training.defaults import propose
from core.training.losses.registry import NoLossFits, losses_for
from core.training.start import start_run
from core.workspace import Workspace
from ui.base_forms import (
    base_chooser,
    choose_base,
    first_base,
    look_at_bases,
    show_base_facts,
)
from ui.base_start import choose_start
from ui.base_table import show_recommendation, show_table
from ui.command_line import show_commands
from ui.estimates import show_estimate, stop_trial
from ui.hub_forms import get_from_hub
from ui.language import _, say
from ui.loss_forms import choose_loss, loss_settings
from ui.pages import go_to, heading
from ui.questions import edit_questions
from ui.recipe_start import start_from_recipe
from ui.selection import choose, select
from ui.train_extension import choose_extension, extension_settings
from ui.train_form import (
    base_key,
    current_form,
    remember,
    starting_point,
    take_handed_over,
)
from ui.train_losses import show_loss_table
from ui.train_settings import advanced_settings, main_settings
from ui.train_warnings import show_warnings


def choose_dataset(datasets: list[DatasetInfo]) -> DatasetInfo:
    """Which table to learn from."""
    by_id = {info.id: info for info in datasets}
    chosen = choose(
        "dataset",
        _("Dataset"),
        {info.id: f"{_(info.name)} · {say(info.sentence)}" for info in datasets},
    )
    assert chosen is not None
    return by_id[chosen]


def before_start(workspace: Workspace, config: RunConfig, base: ResolvedBase) -> None:
    """What should be known, what it will take, and the button that starts it."""
    try:
        found = advise(workspace, info, config, base)
    except Problem as problem:
        # The table's file is damaged: nothing could be learned from it.
        st.error(say(problem))
        st.stop()
    show_warnings(found)
    with st.container(border=True):
        show_estimate(workspace, config)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(_("Start"), type="primary", icon=":material/play_arrow:", key="start"):
                start(workspace, config)
            st.caption(_("The run goes on in the background, also when you close this page."))


def start_as_proposed(base: BaseConfig) -> None:
    """Queue a run from a base with all that is proposed for it and the dataset."""
    try:
        config = propose(workspace, info, base)
    except Problem as problem:
        st.error(say(problem))
    else:
        start(workspace, config.model_copy(update={"name": _(config.name)}))


def start(workspace: Workspace, config: RunConfig) -> None:
    """Queue the run and go to where it is watched."""
    try:
        stop_trial(workspace)
        select("run", start_run(workspace, config))
    except Problem as problem:
        st.error(say(problem))
    else:
        go_to("run")


workspace = Workspace.open()
heading("train")
take_handed_over(workspace)
datasets = list_datasets(workspace)
if not datasets:
    st.info(_("There is no dataset yet. Add a table on the Data screen, or try a sample on Home."))
    st.page_link("../pages/data.py", label=_("Go to Data"), icon=":material/table_view:")
    st.stop()
with st.container(border=True):
    info = choose_dataset(datasets)
    form = current_form(info)
    if form.lost is not None:
        st.warning(say(form.lost), icon=":material/find_replace:")
if not losses_for(info.shape):
    st.warning(say(NoLossFits(shape=Term(info.shape.label))), icon=":material/block:")
    st.stop()
start_from_recipe(workspace, info)
given = form.given_for(info)
bases_key = base_key(form, info)
try:
    rows, advice = look_at_bases(workspace, info)
except Problem as problem:
    # The table's file is damaged: nothing could be learned from it.
    st.error(say(problem))
    st.stop()
first = first_base(given.base if given is not None else None, advice, bases_key)
take = base_chooser(workspace, info, first, bases_key)
with st.container(border=True):
    show_recommendation(advice, rows, start_as_proposed)
    table = st.container()
    choices = list_bases(workspace, first.run or first.start.removeprefix("run:"))
    base = choose_base(workspace, choices, first, bases_key)
    facts = st.container()
    base = choose_start(workspace, choices, base, form.key(info.id))
    resolved = None
    with facts:
        try:
            resolved = resolve(workspace, sized(base, info.rows))
        except Problem as problem:
            st.error(say(problem))
        else:
            show_base_facts(workspace, resolved, info, advice)
            base = choose_extension(workspace, info, base, resolved, first, form.key(info.id))
    with table:
        show_table(rows, advice, base, take)
    get_from_hub(workspace, take)
if resolved is None:
    st.stop()
static = resolved.kind == "static"
with st.container(border=True):
    if not losses_for(info.shape, static=static):
        st.warning(say(NoLossFits(shape=Term(info.shape.label))), icon=":material/block:")
        st.stop()
    loss = choose_loss(info, resolved, form.wanted_loss(info), form.key)
    point = starting_point(workspace, info, base, loss)
    # Another base or loss brings other proposals, so the fields belong to the three of them.
    key = form.key(f"{info.id}-{base.model_dump_json()}-{loss.name}")
    loss_config = loss_settings(workspace, loss, resolved, point.loss, key)
    show_loss_table(info, static=static)
with st.container(border=True):
    config = main_settings(point, key, static=static)
    config = extension_settings(config, key)
    config = advanced_settings(config, info, loss, key, static=static)
    with st.expander(_("Your own questions"), icon=":material/quiz:"):
        edit_questions(workspace, info.family)
config = config.model_copy(update={"loss": loss_config})
remember(config)
before_start(workspace, config, resolved)
show_commands(workspace, commands.train(), config)
