"""Adds to a base, before a run, what it cannot read in the training texts, and says what it was."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from core.data.shapes import text_roles
from core.files import read_json, write_json
from core.jobs.context import JobContext
from core.models.extension import extend_model
from core.models.vocabulary import coverage
from core.problems import N_, Message
from core.training.alarms import Alarm
from core.training.config import RunConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_NOTE = "extension.json"

_CHARACTERS = N_(
    "Added to the vocabulary before training: {characters:,} characters. The base could not read "
    "{before_share} of your texts; now it is {after_share}."
)
_WORDS_TOO = N_(
    "Added to the vocabulary before training: {characters:,} characters and {words:,} words. The "
    "base could not read {before_share} of your texts; now it is {after_share}."
)
_ADDED_DO = N_(
    "They are part of the model, also when it is exported. What stands in none of the rows that "
    "it learned from is still unknown to it."
)
_NOTHING = N_("The base can read all of your texts: nothing was added to its vocabulary.")
_NOTHING_DO = N_("Another run on this table does not have to ask for it.")
_NOT_ENOUGH = N_(
    "Nothing was added to the vocabulary, although the base cannot read {before_share} of your "
    "texts: no characters were asked for, or all of it are words too long for its tokenizer."
)
_NOT_ENOUGH_DO = N_("Allow characters to be added on Train, or choose a base that can read them.")


def extend_base(
    job: JobContext, config: RunConfig, model: SentenceTransformer, train: pd.DataFrame
) -> None:
    """Extend the vocabulary of a run's base by what it cannot read, as the configuration says.

    Nothing is done without ``config.base.extend``.  Only the rows that are learned from are looked
    at: what stands in held-out rows alone stays unknown, as it would in any text from outside.

    Raises:
        Problem: its tokenizer cannot be extended.
    """
    if config.base.extend is None:
        return
    job.progress(Message(N_("Adding what the base cannot read to its vocabulary")))
    texts = distinct_texts(train)
    before = _unknown_share(model, texts)
    added = extend_model(model, texts, config.base.extend, config.training.seed)
    after = _unknown_share(model, texts)
    facts = {
        "characters": len(added.characters),
        "words": len(added.words),
        "before_share": before,
        "after_share": after,
    }
    job.event("extended", **facts)
    if added.pieces:
        what = Message(_WORDS_TOO if added.words else _CHARACTERS, facts)
        note = Alarm("extended", what, Message(_ADDED_DO), "info")
    elif before:
        note = Alarm("extended", Message(_NOT_ENOUGH, facts), Message(_NOT_ENOUGH_DO))
    else:
        note = Alarm("extended", Message(_NOTHING), Message(_NOTHING_DO), "info")
    write_json(job.folder / _NOTE, note.to_json())


def extension_notes(run: Path) -> list[Alarm]:
    """What was added before the run, for its report; often nothing."""
    try:
        return [Alarm.from_json(read_json(run / _NOTE))]
    except FileNotFoundError:
        return []


def distinct_texts(frame: pd.DataFrame) -> list[str]:
    """All texts of a dataset frame that a model reads, each once."""
    columns = [frame[name] for name in text_roles(frame.columns)]
    texts: list[str] = pd.unique(pd.concat(columns)).tolist()
    return texts


def _unknown_share(model: SentenceTransformer, texts: list[str]) -> float:
    with tempfile.TemporaryDirectory(prefix="pairloom-vocabulary-") as folder:
        file = Path(folder) / "tokenizer.json"
        model.tokenizer.backend_tokenizer.save(str(file))
        return coverage(file, texts).unknown_share
