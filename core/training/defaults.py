"""The settings that the form proposes for a dataset and a base, each with its reason."""

from __future__ import annotations

from core.data.samples import SAMPLES
from core.data.shapes import Shape
from core.data.store import DatasetInfo
from core.models.bases import BaseConfig, resolve, vocabulary_size_for
from core.problems import Term
from core.retrieval.sample_corpora import find_sample_corpus
from core.training.config import (
    DatasetConfig,
    EvaluationConfig,
    LossConfig,
    RunConfig,
    TrainingConfig,
)
from core.training.losses.registry import NoLossFits, check_fit, loss_named, losses_for
from core.workspace import Workspace

_FEW_ROWS = 2_000
_STATIC_BATCHES_AN_EPOCH = 20


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
    return propose_rows(workspace, config, dataset.shape, dataset.rows, base, loss=loss, exam=exam)


def propose_rows(
    workspace: Workspace,
    dataset: DatasetConfig,
    shape: Shape,
    rows: int,
    base: BaseConfig,
    *,
    loss: str | None = None,
    exam: str | None = None,
) -> RunConfig:
    """Like :func:`propose`, for a table that need not be stored yet; raises Problem."""
    resolved = resolve(workspace, base)
    if base.kind == "static" and base.vocabulary_size is None:
        base = base.model_copy(update={"vocabulary_size": vocabulary_size_for(rows)})
    static = resolved.kind == "static"
    fitting = losses_for(shape, static=static)
    if not fitting:
        raise NoLossFits(shape=Term(shape.label))
    spec = loss_named(loss) if loss else fitting[0]
    check_fit(spec, shape, static=static)
    training = (
        _static_training(rows, in_batch=spec.in_batch)
        if static
        else _transformer_training(rows, shape, in_batch=spec.in_batch)
    )
    return RunConfig(
        name=dataset.name,
        dataset=dataset,
        base=base,
        loss=LossConfig(name=spec.name),
        training=training,
        evaluation=EvaluationConfig(exam=exam),
    )


def _transformer_training(rows: int, shape: Shape, *, in_batch: bool) -> TrainingConfig:
    return TrainingConfig(
        # Few rows need more looks at each; a large table teaches enough in one pass.
        epochs=3 if rows <= _FEW_ROWS else 1,
        # More rows in a batch are more wrong answers to tell apart; other losses do not gain by it.
        batch_size=32 if in_batch else 16,
        learning_rate=2e-5 if shape is Shape.SCORED_PAIRS else 5e-5,
        max_length=None,
    )


def _static_training(rows: int, *, in_batch: bool) -> TrainingConfig:
    batch = 256
    while batch > 16 and rows / batch < _STATIC_BATCHES_AN_EPOCH:
        # A small table in large batches would give too few steps to learn anything.
        batch //= 2
    return TrainingConfig(
        epochs=4,
        batch_size=batch if in_batch else min(batch, 64),
        # An embedding table has no layers above it to upset, and each row is seen rarely: a rate
        # a thousand times that of a transformer is usual.
        learning_rate=0.02,
    )
