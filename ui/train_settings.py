"""The settings of a run: what everybody looks at, the rest folded away, each with its reason."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.shapes import SPLIT, Shape
from core.data.store import DatasetInfo
from core.data.structure import MOST_NEGATIVES, PAIRED
from core.training.config import LEAST_LENGTH, EvaluationConfig, RunConfig, TrainingConfig
from core.training.defaults import reason
from core.training.losses.spec import LossSpec
from core.training.setting_words import PRECISIONS, SCHEDULES
from ui.language import _

_LARGEST_SEED = 2**31 - 1
_LEAST_EPOCHS = 0.01
_LEAST_RATE = 1e-9
_SHARES = (0.01, 0.5)


def main_settings(start: RunConfig, key: str, *, static: bool) -> RunConfig:
    """The run's name, and how much it sees how often; filled in from ``start``."""
    name = st.text_input(_("Name of the run"), value=_(start.name), key=f"{key}-name")
    epochs = _row("epochs", static).number_input(
        _("Epochs"),
        min_value=_LEAST_EPOCHS,
        max_value=200.0,
        value=max(_LEAST_EPOCHS, float(start.training.epochs)),
        step=1.0,
        format="%g",
        key=f"{key}-epochs",
    )
    batch_size = _row("batch_size", static).number_input(
        _("Batch size"),
        min_value=1,
        max_value=8192,
        value=start.training.batch_size,
        key=f"{key}-batch",
    )
    training = start.training.model_copy(update={"epochs": epochs, "batch_size": batch_size})
    return start.model_copy(update={"name": name.strip() or start.name, "training": training})


def advanced_settings(
    start: RunConfig, info: DatasetInfo, loss: LossSpec, key: str, *, static: bool
) -> RunConfig:
    """Everything else, folded away; returns ``start`` with what was changed."""
    if start.training.structured_negatives:
        st.caption(
            _(
                "The answers of this table say what they are about. So every row also learns from "
                "wrong answers that are taken from the table itself: another property of the same "
                "thing, and the same property of another thing."
            ),
        )
    if static and start.training.max_length is not None:
        st.caption(
            _(
                "Only the first {count} tokens of a text are read: as far as the questions of this "
                "table and the beginnings of its answers reach. If your questions are about what "
                "stands further back, change that in the advanced settings."
            ).format(count=start.training.max_length),
        )
    with st.expander(_("Advanced settings"), icon=":material/tune:"):
        st.caption(_("Each is filled in with what suits this table and base; beside it is why."))
        _heading(_("Learning"))
        changes = _learning(start.training, key, static=static)
        _heading(_("Memory and speed"))
        changes |= _memory(start.training, key, static=static)
        _heading(_("Rows and texts"))
        changes |= _rows(start.training, info, loss, key, static=static)
        share = _held_out_share(start.evaluation, info, key, static=static)
        _heading(_("Looking at the model while it trains"))
        looks = _looks(start.evaluation, key, static=static)
    return start.model_copy(
        update={
            "training": start.training.model_copy(update=changes),
            "evaluation": start.evaluation.model_copy(update={"held_out_share": share, **looks}),
        }
    )


def _heading(words: str) -> None:
    st.markdown(f"**{words}**")


def _row(setting: str, static: bool) -> DeltaGenerator:
    """The place of a setting's field; beside it stands why it is what it is."""
    field, why = st.columns([2, 3], vertical_alignment="center")
    why.caption(_(reason(setting, static=static)))
    return field


def _learning(start: TrainingConfig, key: str, *, static: bool) -> dict[str, Any]:
    rate = _row("learning_rate", static).number_input(
        _("Learning rate"),
        min_value=_LEAST_RATE,
        max_value=10.0,
        value=max(_LEAST_RATE, start.learning_rate),
        format="%g",
        step=start.learning_rate / 2,
        key=f"{key}-rate",
    )
    warmup = _row("warmup_share", static).slider(
        _("Warm-up"),
        min_value=0.0,
        max_value=0.5,
        value=min(0.5, start.warmup_share),
        step=0.01,
        format="percent",
        key=f"{key}-warmup",
    )
    schedule = _row("schedule", static).selectbox(
        _("Learning rate after the warm-up"),
        list(SCHEDULES),
        index=list(SCHEDULES).index(start.schedule),
        format_func=lambda name: _(SCHEDULES[name]),
        key=f"{key}-schedule",
    )
    decay = _row("weight_decay", static).number_input(
        _("Weight decay"),
        min_value=0.0,
        max_value=1.0,
        value=start.weight_decay,
        step=0.01,
        format="%g",
        key=f"{key}-decay",
    )
    return {
        "learning_rate": rate,
        "warmup_share": warmup,
        "schedule": schedule,
        "weight_decay": decay,
    }


def _memory(start: TrainingConfig, key: str, *, static: bool) -> dict[str, Any]:
    accumulation = _row("gradient_accumulation", static).number_input(
        _("Gradient accumulation"),
        min_value=1,
        max_value=1024,
        value=start.gradient_accumulation,
        key=f"{key}-accumulation",
    )
    changes: dict[str, Any] = {"gradient_accumulation": accumulation}
    if not static:
        # A table of vectors has no layers whose work could be done twice.
        changes["gradient_checkpointing"] = _row("gradient_checkpointing", static).checkbox(
            _("Gradient checkpointing"),
            value=start.gradient_checkpointing,
            key=f"{key}-checkpointing",
        )
    changes["precision"] = _row("precision", static).selectbox(
        _("Arithmetic"),
        list(PRECISIONS),
        index=list(PRECISIONS).index(start.precision),
        format_func=lambda name: _(PRECISIONS[name]),
        key=f"{key}-precision",
    )
    return changes


def _rows(
    start: TrainingConfig, info: DatasetInfo, loss: LossSpec, key: str, *, static: bool
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    changes["max_length"] = _row("max_length", static).number_input(
        _("Maximum length (tokens)"),
        min_value=LEAST_LENGTH,
        max_value=8192,
        value=start.max_length,
        placeholder=_("No limit") if static else _("What the base allows"),
        key=f"{key}-length",
    )
    changes["structured_negatives"] = 0
    if Shape.SEVERAL_NEGATIVES in loss.shapes and info.shape in PAIRED:
        changes["structured_negatives"] = _row("structured_negatives", static).number_input(
            _("Wrong answers from the table's structure"),
            min_value=0,
            max_value=MOST_NEGATIVES,
            value=start.structured_negatives,
            key=f"{key}-structured",
        )
    if loss.in_batch:
        changes["separate_duplicates"] = _row("separate_duplicates", static).checkbox(
            _("Keep repeated texts apart"),
            value=start.separate_duplicates,
            key=f"{key}-separate",
        )
    if not static:
        changes["group_by_length"] = _row("group_by_length", static).checkbox(
            _("Texts of like length together"),
            value=start.group_by_length,
            key=f"{key}-group",
        )
    for name, label, given in (
        ("query_prompt", _("Prompt for questions"), start.query_prompt),
        ("document_prompt", _("Prompt for the other texts"), start.document_prompt),
    ):
        prompt = _row(name, static).text_input(
            label,
            value=given or "",
            max_chars=500,
            placeholder=_("As the base brings it along"),
            key=f"{key}-{name}",
        )
        # The space at the end of “query: ” belongs to it.
        changes[name] = prompt if prompt.strip() else None
    changes["seed"] = _row("seed", static).number_input(
        _("Seed"), min_value=0, max_value=_LARGEST_SEED, value=start.seed, key=f"{key}-seed"
    )
    changes["data_seed"] = _row("data_seed", static).number_input(
        _("Seed of the order"),
        min_value=0,
        max_value=_LARGEST_SEED,
        value=start.data_seed,
        placeholder=_("As the seed says"),
        key=f"{key}-order",
    )
    return changes


def _held_out_share(start: EvaluationConfig, info: DatasetInfo, key: str, *, static: bool) -> float:
    if SPLIT in info.columns:
        st.caption(_("The table says itself which rows are held out."))
        return start.held_out_share
    low, high = _SHARES
    return _row("held_out_share", static).slider(
        _("Held-out share"),
        min_value=low,
        max_value=high,
        value=min(high, max(low, start.held_out_share)),
        step=0.01,
        format="percent",
        key=f"{key}-share",
    )


def _looks(start: EvaluationConfig, key: str, *, static: bool) -> dict[str, Any]:
    return {
        "evaluations": _row("evaluations", static).number_input(
            _("Looks at the model"),
            min_value=1,
            max_value=200,
            value=start.evaluations,
            key=f"{key}-evaluations",
        ),
        "keep_best": _row("keep_best", static).checkbox(
            _("Keep the best"), value=start.keep_best, key=f"{key}-best"
        ),
        "patience": _row("patience", static).number_input(
            _("Patience (looks without a better score)"),
            min_value=1,
            max_value=200,
            value=start.patience,
            placeholder=_("Train to the end"),
            key=f"{key}-patience",
        ),
        "confusables": _row("confusables", static).checkbox(
            _("Test texts that are easily confused"),
            value=start.confusables,
            key=f"{key}-confusables",
        ),
    }
