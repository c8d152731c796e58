"""What is in a row of the open table: its columns' roles, the scale of its scores, its split."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import streamlit as st

from core.data.columns import guess_mapping
from core.data.scores import Scale, detect_scale
from core.data.shapes import Mapping
from core.data.staging import StagedTable
from core.workspace import Workspace
from ui.forms import map_columns, say_missing
from ui.intake import Intake, change
from ui.intake_held_out import choose_held_out
from ui.language import _, say

_GUESS_ROWS = 2000
_GUESSES = "guesses"
_SCALES = "scales"


def choose_mapping(workspace: Workspace, intake: Intake, table: StagedTable) -> Mapping | None:
    """The mapping form, set as it was left or as guessed; what is chosen is kept in the draft.

    None as long as something is missing; the form has said what.
    """
    key = _key(intake.id, *table.info.columns)
    first = intake.draft.mapping
    if first is None or not _fits(first, table):
        first = _guess(table, key)
    mapping = map_columns(table.info.columns, first, key)
    if mapping is None:
        return None
    split, missing = choose_held_out(
        workspace, intake, table, mapping, first.split if first else None, key
    )
    if missing is not None:
        say_missing([missing])
        return None
    mapping = replace(mapping, split=split)
    change(workspace, intake.id, mapping=mapping)
    return mapping


def confirm_scale(
    workspace: Workspace, intake: Intake, table: StagedTable, mapping: Mapping
) -> bool:
    """Show on which scale the scores are; whether they may be used as they are or as confirmed."""
    if mapping.score is None:
        return True
    scale = _scale(intake, table, mapping)
    if scale is None or scale.is_unit:
        # Either there is nothing to do, or the check says what is wrong with the column.
        return True
    st.info(say(scale.sentence), icon=":material/straighten:")
    key = _key(intake.id, "rescale", mapping.score)
    confirmed = st.checkbox(
        _("Yes, turn the scores into numbers from 0 (unrelated) to 1 (the same) in this way"),
        value=intake.draft.rescale,
        key=key,
        persist_state="session",
    )
    change(workspace, intake.id, rescale=confirmed)
    return confirmed


def _fits(mapping: Mapping, table: StagedTable) -> bool:
    return all(column in table.info.columns for role, column in mapping.columns)


def _guess(table: StagedTable, key: str) -> Mapping | None:
    """The guessed mapping, worked out once for every table and way to read it."""
    guesses: dict[str, Mapping | None] = st.session_state.setdefault(_GUESSES, {})
    if key not in guesses:
        guesses[key] = guess_mapping(table.head(_GUESS_ROWS))
    return guesses[key]


def _scale(intake: Intake, table: StagedTable, mapping: Mapping) -> Scale | None:
    """The scale of the column of scores, found out once for every mapping of a table."""
    scales: dict[str, Scale | None] = st.session_state.setdefault(_SCALES, {})
    key = _key(intake.id, json.dumps([intake.draft.options.to_json(), mapping.to_json()]))
    if key not in scales:
        beside = [name for name in (mapping.anchor, mapping.positive) if name]
        scales[key] = detect_scale(table.frame([mapping.score])[mapping.score], beside)
    return scales[key]


def _key(*parts: str) -> str:
    """A key for controls, made from what they depend on."""
    return "map_" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
