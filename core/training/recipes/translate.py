"""From the settings of a card, of any version of the library, to a configuration of ours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from core.problems import N_, Message
from core.training.config import EvaluationConfig, LossConfig, TrainingConfig
from core.training.losses.registry import losses_for
from core.training.recipes.arguments import FROM_FIT, INSTALLED, NO_BEARING, RENAMED
from core.training.recipes.facts import Card
from core.training.recipes.losses import read_loss
from core.training.recipes.translated import How, Translated, Translation

LIBRARY_DEFAULTS: dict[str, tuple[str, Any]] = {
    "per_device_train_batch_size": ("batch_size", 8),
    "num_train_epochs": ("epochs", 3.0),
    "learning_rate": ("learning_rate", 5e-5),
    "lr_scheduler_type": ("schedule", "linear"),
    "warmup_steps": ("warmup_share", 0.0),
    "weight_decay": ("weight_decay", 0.0),
    "seed": ("seed", 42),
}
"""What the library does (versions 3 to 6) where a card says nothing: our setting, its value."""

_SCHEDULES = {
    "linear": "linear",
    "warmuplinear": "linear",
    "cosine": "cosine",
    "warmupcosine": "cosine",
    "constant": "constant",
    "constant_with_warmup": "constant",
    "constantlr": "constant",
    "warmupconstant": "constant",
}
_EQUAL_OPTIMIZERS = re.compile(r"adamw(?!.*(8bit|4bit|apex|bnb|paged))", re.IGNORECASE)
_IN_STEPS = ("warmup_steps", "warmup_ratio", "max_steps", "steps_per_epoch")
_SAME_EVERYWHERE: dict[str, Any] = {"adam_beta1": 0.9, "adam_beta2": 0.999, "max_grad_norm": 1.0}

_NOT_HERE = N_("Pairloom has no such setting; the run goes without it.")
_DROPPED = N_("The installed version no longer has it; the run goes without it.")
_SCHEDULE_ELSE = N_("Pairloom does not know this course of the learning rate; linear stands in.")
_WARMUP_STEPS = N_("As a share of the {steps:,} steps that the card's table makes.")
_WARMUP_UNKNOWN = N_("The card does not say how many steps there were; a tenth stands in.")
_BY_LENGTH = N_("The library's trainer builds its batches itself and never looked at this.")
_HALF = N_("Pairloom takes half-length numbers where the device does them well.")
_STEPS_INSTEAD = N_("As epochs: so many rows in that number of steps.")
_OUT_OF_RANGE = N_("Pairloom does not take this value; {became} stands in.")
_FIRST_PROMPTS = N_("Those of the first table.")
_MEASURED_NOTHING = N_("The card measured nothing. Here a tenth of the rows is held out for that.")
_SCORES_UNTOLD = N_(
    "The author measured, but the card does not say with what result. Here a tenth of the rows is "
    "held out for that."
)
_ONE_DEVICE = N_(
    "The author used one GPU or CPU. With several, a batch was that many times as large."
)
_FUSED = N_("The same arithmetic in another order; Pairloom uses AdamW too.")


def translate(card: Card) -> Translation:
    """What of a card's settings a configuration can hold, and what became of the others."""
    work = _Work(card)
    # What is counted in steps needs the size of a batch and the epochs first.
    given = sorted(card.hyperparameters.items(), key=lambda one: one[0] in _IN_STEPS)
    for name, value in given:
        work.take(name, value)
    work.assume_defaults()
    loss, loss_settings, loss_notes = read_loss(card)
    length = card.max_length
    if length is not None:
        work.put("max_length", length)
    if loss is None:
        fitting = losses_for(card.shape) if card.shape else []
        loss = LossConfig(name=fitting[0].name if fitting else "MultipleNegativesRankingLoss")
    return Translation(
        loss=loss,
        training=TrainingConfig.model_validate(work.training),
        evaluation=EvaluationConfig(keep_best=work.keep_best),
        settings=(*loss_settings, *work.settings),
        assumed=(*loss_notes, *work.assumed),
        without_bearing=tuple(work.without_bearing),
    )


@dataclass
class _Work:
    """What has been taken over so far."""

    card: Card
    # A card's library reads every row in any order and with full numbers unless it says otherwise.
    training: dict[str, Any] = field(
        default_factory=lambda: {
            "precision": "fp32",
            "separate_duplicates": False,
            "group_by_length": False,
            "warmup_share": 0.0,
        }
    )
    keep_best: bool = False
    settings: list[Translated] = field(default_factory=list)
    assumed: list[Message] = field(default_factory=list)
    without_bearing: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def take(self, name: str, value: Any) -> None:
        """Take one setting over, or note what becomes of it."""
        now = RENAMED.get(name, name)
        known = now if now in INSTALLED else None
        handle = _HANDLED.get(now)
        if handle is not None and not _empty(name, value):
            self.seen.add(now)
            handle(self, name, value)
        elif known is None:
            lost = self._was_set(name, value) and name not in NO_BEARING
            self._note(name, value, How.GONE, Message(_DROPPED) if lost else None)
        elif known != name and (_off(value) or now in NO_BEARING):
            self._note(name, value, How.GONE, None)
        elif known != name:
            self._note(name, value, How.NOT_TAKEN, Message(_NOT_HERE))
        elif now in NO_BEARING or name in NO_BEARING or not self._was_set(name, value):
            self.without_bearing.append(name)
        else:
            self._note(name, value, How.NOT_TAKEN, Message(_NOT_HERE))

    def put(self, setting: str, value: Any) -> Any:
        """Set a field of the training; in place of a value out of range comes our default.

        Returns:
            The value that it has now.
        """
        try:
            TrainingConfig.model_validate({setting: value})
            self.training[setting] = value
        except ValidationError:
            self.training.pop(setting, None)
        return self.training.get(setting, getattr(TrainingConfig(), setting))

    def same(self, name: str, value: Any, setting: str) -> None:
        """A setting that we have too."""
        became, how, note = self.put(setting, value), How.TAKEN, None
        if became != value:
            how, note = How.NOT_TAKEN, Message(_OUT_OF_RANGE, {"became": str(became)})
        self._add(Translated(name, value, how, _now(name), f"training.{setting}", became, note))

    def other(self, name: str, value: Any) -> None:
        """A setting that we do not have, and that may matter."""
        self._note(name, value, How.NOT_TAKEN, Message(_NOT_HERE))

    def changed(
        self, name: str, value: Any, setting: str, became: Any, note: Message | None = None
    ) -> None:
        """A setting that is said in another way here."""
        kept = self.put(setting, became)
        self._add(
            Translated(name, value, How.CHANGED, _now(name), f"training.{setting}", kept, note)
        )

    def assume_defaults(self) -> None:
        """What the library does where the card says nothing."""
        for name, (setting, value) in LIBRARY_DEFAULTS.items():
            if name not in self.seen:
                self.put(setting, value)
                self.assumed.append(
                    Message(
                        N_("{name} is not on the card; the library's default is {value}."),
                        {"name": name, "value": str(value)},
                    )
                )
        if not self.card.was_measured:
            self.assumed.append(Message(_MEASURED_NOTHING))
        elif not self.card.evaluations and self.card.measured is None:
            self.assumed.append(Message(_SCORES_UNTOLD))
        self.assumed.append(Message(_ONE_DEVICE))

    @property
    def steps(self) -> int | None:
        """How many steps the card's training had; None when that cannot be reckoned."""
        rows = self.card.rows
        if rows is None:
            return None
        batch = self.training.get("batch_size", 8) * self.training.get("gradient_accumulation", 1)
        return math.ceil(math.ceil(rows / batch) * float(self.training.get("epochs", 3)))

    def _was_set(self, name: str, value: Any) -> bool:
        """Whether a setting without a place here was really set to something."""
        return name in self.card.non_default and not _off(value)

    def _note(self, name: str, value: Any, how: How, note: Message | None) -> None:
        self._add(Translated(name, value, how, _now(name), note=note))

    def _add(self, one: Translated) -> None:
        self.settings.append(one)


def _now(name: str) -> str | None:
    now = RENAMED.get(name, name)
    return now if now in INSTALLED else None


def _off(value: Any) -> bool:
    return value in (None, False, "", 0, "no", "none", "auto", "O1", "NoneType") or value in (
        [],
        {},
    )


def _empty(name: str, value: Any) -> bool:
    """Whether an old name says nothing because the new one says it."""
    return name in RENAMED and name not in FROM_FIT and value in (None, False, 0, 0.0)


def _straight(setting: str, kind: type) -> Any:
    def handle(work: _Work, name: str, value: Any) -> None:
        number = kind(value) if isinstance(value, int | float) else value
        work.same(name, number, setting)

    return handle


def _schedule(work: _Work, name: str, value: Any) -> None:
    bare = str(value).rpartition(".")[2].lower()
    known = _SCHEDULES.get(bare)
    if known is None:
        work.changed(name, value, "schedule", "linear", Message(_SCHEDULE_ELSE))
    elif known == value:
        work.same(name, value, "schedule")
    else:
        work.changed(name, value, "schedule", known)


def _warmup(work: _Work, name: str, value: Any) -> None:
    if not isinstance(value, int | float) or value < 0:
        work.other(name, value)
    elif value == 0 and work.training["warmup_share"]:
        # Either of the two settings may be the one that counts.
        work.without_bearing.append(name)
    elif value < 1:
        work.same(name, float(value), "warmup_share")
    elif (steps := work.steps) is None:
        work.changed(name, value, "warmup_share", 0.1, Message(_WARMUP_UNKNOWN))
    else:
        share = min(0.99, round(float(value) / steps, 4))
        work.changed(name, value, "warmup_share", share, Message(_WARMUP_STEPS, {"steps": steps}))


def _max_steps(work: _Work, name: str, value: Any) -> None:
    rows = work.card.rows
    if not isinstance(value, int) or value <= 0:
        work.without_bearing.append(name)
    elif rows is None:
        work.other(name, value)
    else:
        batch = work.training.get("batch_size", 8) * work.training.get("gradient_accumulation", 1)
        # That of model.fit was the length of each epoch.
        rounds = work.training.get("epochs", 1) if name == "steps_per_epoch" else 1
        epochs = round(value * rounds * batch / rows, 4)
        work.changed(name, value, "epochs", epochs, Message(_STEPS_INSTEAD))


def _precision(work: _Work, name: str, value: Any) -> None:
    if value and name == "bf16":
        work.changed(name, value, "precision", "bf16")
    elif value:
        work.changed(name, value, "precision", "auto", Message(_HALF))
    elif name == "bf16" and work.training["precision"] == "fp32":
        work.changed(name, value, "precision", "fp32")
    else:
        work.without_bearing.append(name)


def _sampler(work: _Work, name: str, value: Any) -> None:
    bare = str(value).rpartition(".")[2].lower()
    if bare == "group_by_label":
        work.without_bearing.append(name)
        return
    work.changed(name, value, "separate_duplicates", bare.startswith("no_duplicates"))


def _by_length(work: _Work, name: str, value: Any) -> None:
    if value in (True, "group_by_length"):
        work.changed(name, value, "group_by_length", False, Message(_BY_LENGTH))
    elif name in RENAMED:
        work._note(name, value, How.GONE, None)
    else:
        work.without_bearing.append(name)


def _best(work: _Work, name: str, value: Any) -> None:
    work.keep_best = bool(value)
    work._add(
        Translated(
            name,
            value,
            How.TAKEN,
            _now(name),
            "evaluation.keep_best",
            work.keep_best,
        )
    )


def _optimizer(work: _Work, name: str, value: Any) -> None:
    if _EQUAL_OPTIMIZERS.search(str(value)):
        if name in work.card.non_default:
            work._note(name, value, How.TAKEN, Message(_FUSED))
        else:
            work.without_bearing.append(name)
    else:
        work.other(name, value)


def _fixed(work: _Work, name: str, value: Any) -> None:
    """What is the same here for every run."""
    expected = _SAME_EVERYWHERE[RENAMED.get(name, name)]
    if isinstance(value, int | float) and math.isclose(value, expected):
        work.without_bearing.append(name)
    else:
        work.other(name, value)


def _prompts(work: _Work, name: str, value: Any) -> None:
    """One prompt for all texts, one for each column, or these for each of several tables."""
    prompts, note = value, None
    if isinstance(prompts, Mapping) and any(isinstance(one, Mapping) for one in prompts.values()):
        table = work.card.table.name if work.card.table else None
        nested = [one for one in prompts.values() if isinstance(one, Mapping)]
        prompts, note = prompts.get(table, nested[0]), Message(_FIRST_PROMPTS)
    if isinstance(prompts, Mapping):
        texts = [one for one in prompts.values() if isinstance(one, str)]
        # A column that is not named has none.
        of_others = (texts[1] if len(texts) > 1 else "") if texts else ""
    else:
        texts = [prompts] if isinstance(prompts, str) and prompts else []
        of_others = prompts
    if not texts:
        work.without_bearing.append(name)
        return
    work.changed(name, value, "query_prompt", texts[0], note)
    work.put("document_prompt", of_others)


def _rates(work: _Work, name: str, value: Any) -> None:
    rates = value if isinstance(value, Mapping) else {}
    tokens = [rate for pattern, rate in rates.items() if "word_embeddings" in str(pattern)]
    if not rates:
        work.without_bearing.append(name)
    elif len(tokens) == len(rates) == 1:
        work.changed(name, value, "new_rate", tokens[0])
    else:
        work.other(name, value)


_HANDLED: dict[str, Any] = {
    "per_device_train_batch_size": _straight("batch_size", int),
    "gradient_accumulation_steps": _straight("gradient_accumulation", int),
    "num_train_epochs": _straight("epochs", float),
    "learning_rate": _straight("learning_rate", float),
    "weight_decay": _straight("weight_decay", float),
    "seed": _straight("seed", int),
    "data_seed": _straight("data_seed", int),
    "activation_checkpointing": _straight("gradient_checkpointing", bool),
    "lr_scheduler_type": _schedule,
    "warmup_steps": _warmup,
    "max_steps": _max_steps,
    "bf16": _precision,
    "fp16": _precision,
    "batch_sampler": _sampler,
    "train_sampling_strategy": _by_length,
    "load_best_model_at_end": _best,
    "optim": _optimizer,
    "prompts": _prompts,
    "learning_rate_mapping": _rates,
    **dict.fromkeys(_SAME_EVERYWHERE, _fixed),
}
"""By the installed library's name: what takes a setting over."""
