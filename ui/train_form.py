"""What the fields of Train are filled in with: proposals, or a configuration somebody brought.

A field keeps what was typed into it for as long as its key stays the same.  So that a button can
change any of them, all keys carry a number that goes up whenever the form is filled in anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.data.store import DatasetInfo
from core.models.bases import BaseConfig, resolve
from core.problems import Problem
from core.training.config import RunConfig, TrainingConfig
from core.training.continuing import dataset_problem
from core.training.defaults import propose
from core.training.losses.spec import LossSpec
from core.workspace import Workspace
from ui.run_actions import TRAIN_WITH
from ui.selection import select

_FORM = "train_form"
_OF_ITS_KIND = ("batch_size", "epochs", "learning_rate", "max_length")
"""Settings that mean nothing for another kind of base."""


@dataclass(frozen=True)
class Form:
    """The form as this session left it.

    Attributes:
        round: how many times it was filled in; part of every field's key.
        given: what it was filled in with; None for the proposals.
        last: what it said when it was drawn last.
        lost: why the dataset of ``given`` is not the one that is chosen.
    """

    round: int = 0
    given: RunConfig | None = None
    last: RunConfig | None = None
    lost: Problem | None = None

    def key(self, name: str) -> str:
        """The key of a field."""
        return f"train-{self.round}-{name}"

    def given_for(self, info: DatasetInfo) -> RunConfig | None:
        """What it was filled in with, if that is about this dataset."""
        return _about(self.given, info)

    def wanted_loss(self, info: DatasetInfo) -> str | None:
        """The loss that was chosen last, or that it was filled in with."""
        config = _about(self.last, info) or self.given_for(info)
        return config.loss.name if config else None


def take_handed_over(workspace: Workspace) -> None:
    """Fill the form in with what another screen left for it; once."""
    data = st.session_state.pop(TRAIN_WITH, None)
    if data is None:
        return
    config = RunConfig.parse(data, TRAIN_WITH)
    lost = dataset_problem(workspace, config)
    if lost is None:
        select("dataset", config.dataset.id)
    fill_in(config, lost)


def fill_in(config: RunConfig, lost: Problem | None = None) -> None:
    """Have the fields show ``config`` from the next run of the script on."""
    st.session_state[_FORM] = Form(_form().round + 1, config, lost=lost)


def take_base(
    workspace: Workspace, info: DatasetInfo, base: BaseConfig, key: str, option: str
) -> None:
    """Have the form start from another base from the next run of the script on.

    Args:
        workspace: where the base is.
        info: the dataset.
        base: with what is to be added to its vocabulary, if anything is.
        key: of the choice of a base.
        option: what stands for the base there.
    """
    last = _about(_form().last, info)
    if base.extend is None and (last is None or last.base.extend is None):
        st.session_state[key] = option
        return
    # An extension has settings of its own: the form is filled in anew, with what is left of it.
    try:
        proposed = propose(workspace, info, base)
    except Problem:
        # Nothing can be learned from this table with it; the form says why.
        st.session_state[key] = option
        return
    if last is not None:
        kept = {"name": last.name, "evaluation": last.evaluation}
        proposed = proposed.model_copy(update=kept)
    fill_in(proposed)


def current_form(info: DatasetInfo) -> Form:
    """The form for this dataset; somebody who comes back finds what was typed before."""
    form = _form()
    given = form.given
    if _about(form.last, info) and base_key(form, info) not in st.session_state:
        form = Form(form.round + 1, form.last)
    elif given is not None and form.lost is not None:
        # Its dataset is gone: everything else is good for the one that is chosen now.
        dataset = given.dataset.model_copy(
            update={"id": info.id, "name": info.name, "content_hash": info.content_hash}
        )
        form = replace(form, given=given.model_copy(update={"dataset": dataset}))
    st.session_state[_FORM] = form
    return form


def base_key(form: Form, info: DatasetInfo) -> str:
    """The key of the choice of a base, which is there whenever the form is."""
    return form.key(f"base-{info.id}")


def starting_point(
    workspace: Workspace, info: DatasetInfo, base: BaseConfig, loss: LossSpec
) -> RunConfig:
    """What the fields are filled in with for the chosen dataset, base and loss.

    Raises:
        Problem: the base cannot be used.
    """
    form = _form()
    last = _about(form.last, info)
    if last is not None and not _same_choice(last, base, loss):
        # What was typed for another base or loss is carried over.
        form = replace(form, given=last)
        st.session_state[_FORM] = form
    given = form.given_for(info)
    proposed = propose(workspace, info, base, loss=loss.name)
    if given is None:
        return proposed
    training, parameters = given.training, given.loss
    if not _same_choice(given, base, loss):
        training = _carried(workspace, info, given, proposed)
    if given.loss.name != loss.name:
        parameters = proposed.loss
    exam = given.evaluation.exam or proposed.evaluation.exam
    return proposed.model_copy(
        update={
            "name": given.name,
            "training": training,
            "loss": parameters,
            "evaluation": given.evaluation.model_copy(update={"exam": exam}),
            "recipe": given.recipe,
            "examples": given.examples,
        }
    )


def remember(config: RunConfig) -> None:
    """Note what the form says now."""
    st.session_state[_FORM] = replace(_form(), last=config)


def _form() -> Form:
    form: Form = st.session_state.get(_FORM, Form())
    return form


def _about(config: RunConfig | None, info: DatasetInfo) -> RunConfig | None:
    return config if config is not None and config.dataset.id == info.id else None


def _same_choice(config: RunConfig, base: BaseConfig, loss: LossSpec) -> bool:
    return (_kind(config.base), config.loss.name) == (_kind(base), loss.name)


def _kind(base: BaseConfig) -> BaseConfig:
    # The proposals fill in a size of vocabulary that the choice of a base leaves open.
    return base.model_copy(update={"vocabulary_size": None})


def _carried(
    workspace: Workspace, info: DatasetInfo, given: RunConfig, proposed: RunConfig
) -> TrainingConfig:
    """The proposals for another base or loss, with what somebody had changed in the old ones."""
    try:
        before = propose(workspace, info, given.base, loss=given.loss.name).training
        same_kind = resolve(workspace, given.base).kind == resolve(workspace, proposed.base).kind
    except Problem:
        # The base or the loss that it was made for cannot be used with this dataset.
        before, same_kind = TrainingConfig(), False
    changes: dict[str, Any] = {
        name: value
        for name, value in given.training
        if value != getattr(before, name) and (same_kind or name not in _OF_ITS_KIND)
    }
    return proposed.training.model_copy(update=changes)
