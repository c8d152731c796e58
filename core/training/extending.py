"""Adds to a base, before a run, what it cannot read in the training texts, and says what it was."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.data.shapes import text_roles
from core.files import read_json, write_json
from core.jobs.context import JobContext
from core.models.extension import extend_model
from core.models.vocabulary import coverage
from core.problems import N_, Message
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
_NOTHING = N_("The base can read all of your texts: nothing was added to its vocabulary.")
_NOT_ENOUGH = N_(
    "Nothing was added to the vocabulary, although the base cannot read {before_share} of your "
    "texts: no characters were asked for, or all of it are words too long for its tokenizer."
)


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
        note = Message(_WORDS_TOO if added.words else _CHARACTERS, facts)
    else:
        note = Message(_NOT_ENOUGH if before else _NOTHING, facts)
    write_json(job.folder / _NOTE, note.to_json())


def extension_notes(run: Path) -> list[dict[str, Any]]:
    """What was added before the run, as messages (JSON) for its report; often none."""
    try:
        return [read_json(run / _NOTE)]
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
