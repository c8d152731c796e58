"""The Train screen: dataset, base, loss, settings, start."""

from __future__ import annotations

import streamlit as st

from core.data.store import DatasetInfo, list_datasets
from core.models.bases import BaseConfig, list_bases, resolve
from core.models.folder import ResolvedBase
from core.problems import Problem, Term
from core.training.config import EvaluationConfig, RunConfig, TrainingConfig
from core.training.defaults import propose
from core.training.losses.registry import NoLossFits, losses_for
from core.training.losses.spec import LossSpec
from core.training.start import start_run
from core.workspace import Workspace
from ui.base_forms import choose_base, show_base_facts
from ui.estimates import show_estimate
from ui.language import _, say
from ui.loss_forms import choose_loss, loss_settings
from ui.pages import go_to, heading
from ui.selection import choose, select


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


def training_settings(proposed: TrainingConfig, key: str, *, is_static: bool) -> TrainingConfig:
    """The settings of the training, filled in with what is proposed for this table and base."""
    left, middle, right = st.columns(3)
    epochs = left.number_input(
        _("Epochs"),
        min_value=0.1,
        max_value=200.0,
        value=float(proposed.epochs),
        step=1.0,
        format="%g",
        help=_("How many times the model sees the whole table."),
        key=f"{key}-epochs",
    )
    batch_size = middle.number_input(
        _("Batch size"),
        min_value=1,
        max_value=8192,
        value=proposed.batch_size,
        help=_("How many rows are learned from at once. More need more memory."),
        key=f"{key}-batch",
    )
    learning_rate = right.number_input(
        _("Learning rate"),
        min_value=1e-7,
        max_value=1.0,
        value=proposed.learning_rate,
        format="%g",
        step=proposed.learning_rate / 2,
        help=_("How big each correction is. Too big, and the model forgets what it knew."),
        key=f"{key}-rate",
    )
    max_length = left.number_input(
        _("Maximum length (tokens)"),
        min_value=8,
        max_value=8192,
        value=None if is_static else proposed.max_length,
        placeholder=_("No limit") if is_static else _("What the base allows"),
        disabled=is_static,
        help=_("Longer texts are cut off here. A static model reads texts of any length."),
        key=f"{key}-length",
    )
    seed = middle.number_input(
        _("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        value=proposed.seed,
        help=_("The same seed gives the same run again."),
        key=f"{key}-seed",
    )
    return proposed.model_copy(
        update={
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "max_length": max_length,
            "seed": seed,
        }
    )


def settings(proposed: RunConfig, loss: LossSpec, base: ResolvedBase) -> RunConfig:
    """Everything that can be changed; what is filled in is good enough to start with."""
    # A new dataset, base or loss brings new proposals, so the fields belong to the three of them.
    key = f"{proposed.dataset.id}-{proposed.base.model_dump_json()}-{loss.name}"
    name = st.text_input(_("Name of the run"), value=_(proposed.name), key=f"{key}-name")
    with st.expander(_("Settings, proposed for this table"), icon=":material/tune:", expanded=True):
        training = training_settings(proposed.training, key, is_static=base.kind == "static")
        left, right = st.columns(2)
        share = left.slider(
            _("Held-out share"),
            min_value=0.02,
            max_value=0.5,
            value=proposed.evaluation.held_out_share,
            format="percent",
            help=_("Rows that are kept away from training, to see what the model has learned."),
            key=f"{key}-share",
        )
        with right:
            loss_config = loss_settings(workspace, loss, base, key)
    return proposed.model_copy(
        update={
            "name": name.strip() or proposed.name,
            "loss": loss_config,
            "training": training,
            "evaluation": EvaluationConfig(held_out_share=share, exam=proposed.evaluation.exam),
        }
    )


workspace = Workspace.open()
heading("train")
datasets = list_datasets(workspace)
if not datasets:
    st.info(_("There is no dataset yet. Add a table on the Data screen, or try a sample on Home."))
    st.page_link("../pages/data.py", label=_("Go to Data"), icon=":material/table_view:")
    st.stop()
with st.container(border=True):
    info = choose_dataset(datasets)
with st.container(border=True):
    base: BaseConfig = choose_base(workspace, list_bases(workspace), info)
    try:
        resolved = resolve(workspace, base)
    except Problem as problem:
        st.error(say(problem))
        st.stop()
    show_base_facts(workspace, resolved, info)
with st.container(border=True):
    if not losses_for(info.shape):
        st.warning(say(NoLossFits(shape=Term(info.shape.label))), icon=":material/block:")
        st.stop()
    loss = choose_loss(info, resolved)
with st.container(border=True):
    proposed = propose(workspace, info, base, loss=loss.name)
    config = settings(proposed, loss, resolved)
with st.container(border=True, horizontal=True, vertical_alignment="center"):
    show_estimate(workspace, config)
    if st.button(_("Start"), type="primary", icon=":material/play_arrow:", key="start"):
        try:
            select("run", start_run(workspace, config))
        except Problem as problem:
            st.error(say(problem))
        else:
            go_to("run")
    st.caption(_("The run goes on in the background, also when you close this page."))
