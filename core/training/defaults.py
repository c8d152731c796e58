"""The settings that the form proposes for a dataset and a base, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from core.data.samples import SAMPLES
from core.data.shapes import ANCHOR, POSITIVE, Shape
from core.data.store import DatasetInfo, load_dataset
from core.data.structure import NEGATIVES, PAIRED, find_structure, reading_limit
from core.models.bases import FEW_ROWS, BaseConfig, resolve, sized, start_of
from core.problems import N_, Term
from core.retrieval.sample_corpora import find_sample_corpus
from core.training.config import (
    LEAST_LENGTH,
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    RunConfig,
    TrainingConfig,
)
from core.training.losses.registry import NoLossFits, check_fit, loss_named, losses_for
from core.workspace import Workspace

_TRANSFORMER_RATES = (2e-5, 5e-5)
_STATIC_RATES = (0.001, 0.05)
"""The lower one for vectors that start where they nearly belong."""
_NEW_RATE = 1e-3
"""Of the token vectors of an extended base: benchmarks/vocabulary_extension.md."""
_STATIC_MANY_ROWS = 10_000
_STATIC_BATCHES_AN_EPOCH = 7
_STRUCTURE_ROWS = 50_000
"""Of longer tables only so many rows are looked at, so that the form is there at once."""


def propose(
    workspace: Workspace,
    dataset: DatasetInfo,
    base: BaseConfig,
    *,
    loss: str | None = None,
) -> RunConfig:
    """A configuration that suits the table and the base without any further choice.

    A bundled sample is examined on its own corpus, if that has been added too.

    Raises:
        Problem: the base cannot be used.
    """
    sample = SAMPLES.get(dataset.sample or "")
    exam = find_sample_corpus(workspace, sample.corpus) if sample else None
    config = DatasetConfig(id=dataset.id, name=dataset.name, content_hash=dataset.content_hash)
    return propose_rows(
        workspace,
        config,
        dataset.shape,
        dataset.rows,
        base,
        loss=loss,
        exam=exam,
        structure=structure_of(workspace, dataset),
    )


@dataclass(frozen=True)
class TableStructure:
    """What it means for training that a table's answers say what they are about.

    Attributes:
        reads: how many tokens of a text say all that the questions ask; None when any may.
    """

    reads: int | None


def structure_of(workspace: Workspace, dataset: DatasetInfo) -> TableStructure | None:
    """Whether a table's answers say what they are about (:mod:`core.data.structure`); remembered.

    Raises:
        UnknownItem, DatasetUnreadable: it cannot be read.
    """
    if dataset.shape not in PAIRED:
        return None
    return _structure_of(workspace.root, dataset.id, dataset.content_hash)


@lru_cache(maxsize=32)
def _structure_of(root: Path, id: str, content_hash: str) -> TableStructure | None:
    return structure_in(load_dataset(Workspace(root), id).frame([ANCHOR, POSITIVE]))


def structure_in(frame: pd.DataFrame) -> TableStructure | None:
    """Like :func:`structure_of`, of a table with anchors and positives."""
    looked_at = frame[:_STRUCTURE_ROWS]
    structure = find_structure(looked_at)
    if structure is None:
        return None
    limit = reading_limit(looked_at, structure)
    # A piece of a static model's vocabulary has one character or more.
    return TableStructure(None if limit is None else max(LEAST_LENGTH, limit))


def propose_rows(
    workspace: Workspace,
    dataset: DatasetConfig,
    shape: Shape,
    rows: int,
    base: BaseConfig,
    *,
    loss: str | None = None,
    exam: str | None = None,
    structure: TableStructure | None = None,
) -> RunConfig:
    """Like :func:`propose`, for a table that need not be stored yet; raises Problem."""
    resolved = resolve(workspace, base)
    base = sized(base, rows)
    static = resolved.kind == "static"
    fitting = losses_for(shape, static=static)
    if not fitting:
        raise NoLossFits(shape=Term(shape.label))
    spec = loss_named(loss) if loss else fitting[0]
    check_fit(spec, shape, static=static)
    training = (
        _static_training(rows, in_batch=spec.in_batch, leaning=_leans(base, shape, rows))
        if static
        else _transformer_training(rows, shape, in_batch=spec.in_batch)
    )
    if static and structure is not None and shape in PAIRED:
        changes: dict[str, int | None] = {"max_length": structure.reads}
        if Shape.SEVERAL_NEGATIVES in spec.shapes:
            changes["structured_negatives"] = NEGATIVES
        training = training.model_copy(update=changes)
    if base.extend is not None and not static:
        training = training.model_copy(update={"new_rate": _NEW_RATE})
    return RunConfig(
        name=dataset.name,
        dataset=dataset,
        base=base,
        loss=LossConfig(name=spec.name),
        training=training,
        evaluation=EvaluationConfig(exam=exam),
    )


def usual_rates(*, static: bool) -> tuple[float, float]:
    """The lowest and the highest learning rate that is usual for a kind of base."""
    return _STATIC_RATES if static else _TRANSFORMER_RATES


def _transformer_training(rows: int, shape: Shape, *, in_batch: bool) -> TrainingConfig:
    return TrainingConfig(
        epochs=3 if rows <= FEW_ROWS else 1,
        batch_size=32 if in_batch else 16,
        learning_rate=2e-5 if shape is Shape.SCORED_PAIRS else 5e-5,
        max_length=None,
    )


def _leans(base: BaseConfig, shape: Shape, rows: int) -> bool:
    """Whether the vectors of a static model start leaning towards the answers of their rows."""
    own = base.kind == "static" and start_of(base) is None
    return own and shape in PAIRED and rows < FEW_ROWS


def _static_training(rows: int, *, in_batch: bool, leaning: bool) -> TrainingConfig:
    """Rates and epochs by what measured best.

    20,000 rows about drugs: rate 0.01 over 3 epochs (benchmarks/unseen_drugs.md).  7,700: 0.02 over
    4, because there are fewer steps.  The 500 product triplets, whose vectors lean towards their
    answers from the start: 0.001 in batches of 64 over 10 epochs, nDCG@10 0.79 on the sample
    questions and 0.93 on held-out rows, where 0.02 forgets what the words themselves say: 0.74 and
    0.84 (means of three and two seeds).
    """
    batch = 256
    while batch > 16 and rows / batch < _STATIC_BATCHES_AN_EPOCH:
        # A small table in large batches would give too few steps to learn anything.
        batch //= 2
    many = rows >= _STATIC_MANY_ROWS
    return TrainingConfig(
        epochs=10 if rows < FEW_ROWS else 3 if many else 4,
        batch_size=batch if in_batch else min(batch, 64),
        learning_rate=0.001 if leaning else 0.01 if many else 0.02,
    )


def reason(setting: str, *, static: bool) -> str:
    """Why the setting is what the form proposes, as a message id; also by the kind of base."""
    return REASONS[f"{setting}:static" if static and f"{setting}:static" in REASONS else setting]


REASONS: dict[str, str] = {
    "epochs": N_(
        "How many times the model sees the whole table. A table of up to 2,000 rows is seen 3 "
        "times; a larger one teaches enough in one pass."
    ),
    "epochs:static": N_(
        "How many times the model sees the whole table. A static model starts from nothing and "
        "learns in seconds, so it sees a table of up to 2,000 rows 10 times, one of 10,000 or more "
        "3 times, others 4 times."
    ),
    "batch_size": N_(
        "How many rows are learned from at once. 32 where the other rows are wrong answers to tell "
        "apart (more would be better, if memory allows), else 16."
    ),
    "batch_size:static": N_(
        "How many rows are learned from at once. A static model takes up to 256; fewer for a small "
        "table, so that there are at least 7 steps in each epoch."
    ),
    "learning_rate": N_(
        "How big each correction is. 0.00005 is usual for a transformer (0.00002 for scored "
        "pairs). Ten times more, and it forgets what it knew; ten times less, and it hardly learns."
    ),
    "learning_rate:static": N_(
        "How big each correction is. A table of vectors has no layers above it to upset, and each "
        "row is seen rarely: 0.02, a thousand times a transformer's rate, is right; 0.01 from "
        "10,000 rows on, which make more steps. Below 2,000 rows of questions and answers 0.001: "
        "the vectors begin near where they belong."
    ),
    "new_rate": N_(
        "How big the corrections of the token vectors are. Added characters have everything to "
        "learn and each stands in few rows, so their table learns faster than the layers above it."
    ),
    "max_length": N_(
        "Longer texts are cut off here. Left empty, the model reads as much as its base allows, so "
        "that nothing is lost; a smaller number makes long texts quicker."
    ),
    "max_length:static": N_(
        "A static model can read texts to their end: left empty, it does. Where the questions name "
        "a thing and a property and the answers begin with both, it reads only that far, because "
        "long answers would drown what was asked for. What stands behind is not searched then."
    ),
    "held_out_share": N_(
        "Rows that are kept away from training, to see what the model has learned. A tenth leaves "
        "most rows for learning; at most 500 of them are scored."
    ),
    "gradient_accumulation": N_(
        "So many batches are added up before the model changes. 1: every batch changes it. More "
        "stands in for a larger batch when memory is short, but rows of different batches are not "
        "compared with one another."
    ),
    "gradient_checkpointing": N_(
        "Computes parts twice and so needs much less memory, at the price of about a third more "
        "time. Off, because most tables fit without it."
    ),
    "structured_negatives": N_(
        "Wrong answers that are added to each row: another property of the same thing, the same "
        "property of another thing. 3 for a static model where the answers of the table say before "
        "a colon what they are about, else 0."
    ),
    "separate_duplicates": N_(
        "Keeps rows that share a text out of one batch. On, because a right answer would otherwise "
        "count as a wrong one. Matters only for losses that learn from the other rows' answers."
    ),
    "group_by_length": N_(
        "Puts texts of like length into one batch, where batches are filled up: on a GPU, and with "
        "losses that work in parts. On, because a batch of long and short texts is mostly blanks, "
        "which take time and teach nothing. On the CPU nothing is filled up, and rows meet freely."
    ),
    "query_prompt": N_(
        "Words that are put before every question, such as “query: ”. Left empty, as the base "
        "brings it along; most bases need none. They are stored with the model."
    ),
    "document_prompt": N_(
        "Words that are put before every other text, such as “passage: ”. Left empty, as the base "
        "brings it along; most bases need none. They are stored with the model."
    ),
    "warmup_share": N_(
        "The part of the training in which the learning rate rises from 0. A tenth keeps the first "
        "steps, which know nothing yet, from doing harm."
    ),
    "schedule": N_(
        "How the learning rate goes on after that. Falling evenly to 0 is what nearly everybody "
        "uses, because it lets the model settle; the others seldom differ much."
    ),
    "weight_decay": N_(
        "Pulls large weights back a little. 0, because one or a few epochs are too short for it to "
        "matter."
    ),
    "precision": N_(
        "The arithmetic. Automatic takes the half-length numbers (bf16, TF32) on a GPU that has "
        "them, which is about twice as quick, and full numbers on the CPU."
    ),
    "seed": N_(
        "The same seed gives the same run again. 42 is a habit, nothing more: another number shows "
        "how much is chance."
    ),
    "data_seed": N_(
        "The order in which the rows come. Left empty, the seed decides that too; a number of its "
        "own changes the order and leaves the held-out rows as they are."
    ),
    "evaluations": N_(
        "How many times the model is scored on held-out rows while it trains. 8 show how the curve "
        "runs and cost little."
    ),
    "keep_best": N_(
        "Ends with the model as it was when it scored best, not as it was last. On, because the "
        "last steps sometimes make a model worse."
    ),
    "patience": N_(
        "Stops early after so many looks at the model without a better score. Left empty, it "
        "trains to the end: the best one is kept anyway, and scores on few rows jump about."
    ),
    "confusables": N_(
        "Also tests texts that differ in a strength, a form or a number only. On, because that is "
        "where mistakes cost most."
    ),
}
"""Why each setting of the form is what it is; ``…:static`` where a static base has another one."""
