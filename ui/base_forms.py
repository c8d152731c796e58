"""Choosing a base model, and what has to be known about it before an hour is spent."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.shapes import is_negative, text_roles
from core.data.store import DatasetInfo, load_dataset
from core.models.bases import BaseChoice, BaseConfig
from core.models.folder import ResolvedBase
from core.models.vocabulary import Coverage, coverage
from core.problems import Term
from core.training.runs import list_runs
from core.workspace import Workspace
from ui import format as fmt
from ui.language import _

_FOLDER = "folder"
_UNREADABLE_SHARE = 0.2
"""From this share of unknown tokens on, a model misses so much that it must be said."""
_READ_ROWS = 2_000


def choose_base(workspace: Workspace, choices: list[BaseChoice], info: DatasetInfo) -> BaseConfig:
    """The base model to start from: one of ``choices``, or a local folder."""
    names = {run.id: run.name for run in list_runs(workspace)}
    options = [choice.config.model_dump_json() for choice in choices] + [_FOLDER]
    words = {choice.config.model_dump_json(): _choice_name(choice, names) for choice in choices} | {
        _FOLDER: _("A model folder on this computer")
    }
    preset = "static" if info.sample and info.sample.startswith("drug") else "bundled"
    first = next(i for i, choice in enumerate(choices) if choice.config.kind == preset)
    chosen = st.selectbox(
        _("Base model"),
        options,
        index=first,
        format_func=words.__getitem__,
        key=f"base-{info.id}",
        help=_("The model that training starts from."),
    )
    if chosen == _FOLDER:
        path = st.text_input(
            _("Path of the model folder"),
            key="base-folder",
            placeholder="/home/me/models/bge-small-zh-v1.5",
            help=_("On the computer that runs Pairloom. Only safetensors weights are opened."),
        )
        return BaseConfig(kind="folder", path=path.strip() or None)
    return BaseConfig.model_validate_json(chosen)


def show_base_facts(workspace: Workspace, base: ResolvedBase, info: DatasetInfo) -> None:
    """What the base is, and whether it can read this table."""
    facts = [_("vectors of {count} numbers").format(count=base.dimension)]
    if base.kind == "static" and base.path is None:
        facts.append(_("reads texts of any length"))
        st.caption(" · ".join(facts))
        st.caption(
            _(
                "Made from nothing but your texts: a vocabulary of pieces that occur in them, "
                "and one vector a piece. It learns in seconds and reads every character, but it "
                "does not see word order, and words that were never in your table mean nothing "
                "to it. It is compared with all-MiniLM-L6-v2 as it is."
            )
        )
        return
    facts.append(_("{count} million parameters").format(count=fmt.number(base.parameters / 1e6, 1)))
    facts.append(
        _("reads up to {count} tokens of a text").format(count=base.max_length)
        if base.max_length
        else _("reads texts of any length")
    )
    st.caption(" · ".join(facts))
    assert base.tokenizer is not None
    read = _coverage(str(workspace.root), info.id, str(base.tokenizer))
    share = fmt.percent(read.unknown_share)
    if read.unknown_share >= _UNREADABLE_SHARE:
        st.warning(
            _(
                "This model cannot read {share} of this table: those characters are one and the "
                "same unknown sign to it, and {same} of {texts} texts look exactly like another "
                "one. A static model made from your own data reads all of it."
            ).format(
                share=share, same=fmt.number(read.indistinguishable), texts=fmt.number(read.texts)
            ),
            icon=":material/visibility_off:",
        )
    else:
        st.caption(_("Unknown to its vocabulary: {share} of this table.").format(share=share))


@st.cache_data(max_entries=50, show_spinner=False)
def _coverage(root: str, dataset_id: str, tokenizer: str) -> Coverage:
    frame = load_dataset(Workspace(Path(root)), dataset_id).frame()
    rows = frame.sample(min(_READ_ROWS, len(frame)), random_state=0)
    roles = [role for role in text_roles(rows.columns) if not is_negative(role)]
    return coverage(Path(tokenizer), [text for role in roles for text in rows[role]])


def _choice_name(choice: BaseChoice, names: dict[str, str]) -> str:
    if choice.config.kind == "run":
        run = choice.config.run or ""
        return _("Earlier run: {name}").format(name=names.get(run, run))
    return _(choice.name) if isinstance(choice.name, Term) else choice.name
