"""How long a run will take here, told before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import HELD_OUT, POSITIVE, SPLIT, text_roles
from core.data.store import load_dataset
from core.jobs.forking import Forking
from core.models.bases import BaseConfig, ResolvedBase, resolve
from core.models.vocabulary import token_lengths
from core.retrieval.corpora import load_corpus
from core.training.config import RunConfig
from core.training.cost import batches_apart, forward_flops, planned_steps, step_flops
from core.training.hurting import MOST_ROWS_TRANSFORMER
from core.training.limits import HELD_OUT_LIMIT
from core.training.losses.registry import loss_named
from core.training.measured import Measured, load_measured, suggested_batch
from core.training.speed import Speed, load_speed
from core.training.tasks import DISTRACTORS, WATCHED_ROWS
from core.workspace import Workspace

_SAMPLE = 1_000
_MINILM_PARAMETERS = 22_713_216
_CHARACTERS_A_PIECE = 1.7
"""Of pieces of at most three characters, on Chinese drug labels."""
_TOKENISING_SECONDS = 7e-5
"""Cutting one text into pieces and handing it to the trainer, next to which a static model's own
arithmetic is small; measured on two cores at about 2.5 GHz."""
_START_FACTOR = 1.2
"""A run imports more than what was timed: the trainer and the library of tables."""
_FIXED_SECONDS = 6.0
"""Starting the process, reading and splitting the rows, BM25, saving the model, the report."""


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes:
        seconds: from the start of its process to its report.
        steps: optimiser steps.
        train_rows: rows that are learned from.
        held_out_rows: rows that are scored.
        measured: whether the machine's speed has been measured, or is a guess.
        real: what a few real batches of this configuration took, when they have been tried.
        suggested_batch: a batch size that suits memory, loss and table; None without ``real``.
    """

    seconds: float
    steps: int
    train_rows: int
    held_out_rows: int
    measured: bool
    real: Measured | None = None
    suggested_batch: int | None = None


def estimate(workspace: Workspace, config: RunConfig) -> Estimate:
    """Estimate a run from a few real batches if they have been tried, else from its sizes.

    The latter is for the CPU: the lengths of the texts and the machine's measured speed.

    Raises:
        Problem: the dataset or the base cannot be used.
    """
    dataset = load_dataset(workspace, config.dataset.id)
    exam = config.evaluation.exam
    exam_texts = load_corpus(workspace, exam).texts() if exam is not None else []
    return estimate_rows(workspace, config, dataset.frame(), exam_texts)


def estimate_rows(
    workspace: Workspace, config: RunConfig, frame: pd.DataFrame, exam_texts: list[str]
) -> Estimate:
    """Like :func:`estimate`, for a checked table and exam that need not be stored yet.

    Raises:
        Problem: the base cannot be used.
    """
    base = resolve(workspace, config.base)
    speed = load_speed(workspace)
    columns = text_roles(frame)
    sample = frame.sample(min(_SAMPLE, len(frame)), random_state=0)
    texts = [sample[name].tolist() for name in columns]
    # Wrong answers from the table's structure are answers of other rows.
    negatives = config.training.structured_negatives
    added = [sample[POSITIVE].tolist()] * negatives if negatives else []
    if SPLIT in frame:
        kept_away = int((frame[SPLIT] == HELD_OUT).sum())
    else:
        kept_away = round(len(frame) * config.evaluation.held_out_share)
    held_out, train_rows = min(kept_away, HELD_OUT_LIMIT), len(frame) - kept_away
    largest = math.ceil(_most_repeated(frame, config) * train_rows / max(1, len(frame)))
    steps = planned_steps(train_rows, config.training, largest)
    batches = batches_apart(train_rows, config.training.batch_size, largest)
    batch = max(1, math.ceil(train_rows / batches))
    real = load_measured(workspace, config)

    reference = base if base.path is not None else resolve(workspace, BaseConfig(kind="bundled"))
    reference_lengths = [_lengths(reference, column, config) for column in texts]
    scoring = _encoding_seconds(reference, reference_lengths, held_out, speed)
    # The held-out questions are searched among answers of training rows, too.
    among = _encoding_seconds(
        reference, reference_lengths[1:2], min(DISTRACTORS, train_rows), speed
    )
    if base.kind == "static":
        learned = [*texts, *added]
        tokens = sum(float(_lengths(base, column, config).mean()) for column in learned)
        step = (
            speed.static_overhead_seconds
            + batch * tokens * speed.static_token_seconds
            + batch * len(learned) * _TOKENISING_SECONDS
        )
        evaluation = held_out / batch * step
        rescoring = watching = hurting = 0.0
    else:
        learned_lengths = [*reference_lengths, *reference_lengths[1:2] * len(added)]
        step = _transformer_step(base, learned_lengths, batch, speed)
        evaluation = held_out / batch * step / 3
        rescoring = scoring + among
        looked_at = min(MOST_ROWS_TRANSFORMER, train_rows)
        hurting = _encoding_seconds(base, reference_lengths, looked_at, speed)
        watching = scoring * min(1.0, WATCHED_ROWS / max(1, held_out))
    step *= config.training.gradient_accumulation
    evaluations = config.evaluation.evaluations + 1
    if real is not None:
        evaluation *= real.step_seconds / step
        step = real.step_seconds
    seconds = (
        # A forked worker's parent has imported everything.
        (0.0 if Forking.possible() else speed.import_seconds * _START_FACTOR)
        + _FIXED_SECONDS
        + scoring
        + among
        + rescoring
        + hurting
        + steps * step
        + evaluations * (evaluation + watching)
    )
    if exam_texts:
        seconds += _exam_seconds(config, base, reference, exam_texts, speed)
    measured = speed.measured or real is not None
    suggested = None
    if real is not None:
        static = base.kind == "static"
        suggested = suggested_batch(config, real.largest, train_rows, static=static)
    return Estimate(seconds, steps, train_rows, held_out, measured, real, suggested)


def _most_repeated(frame: pd.DataFrame, config: RunConfig) -> int:
    """In how many rows the most frequent text stands, if the run keeps such rows apart; else 1."""
    if not (loss_named(config.loss.name).in_batch and config.training.separate_duplicates):
        return 1
    counts = [frame[name].value_counts() for name in text_roles(frame.columns)]
    return int(pd.concat(counts).groupby(level=0).sum().max()) if len(frame) else 1


def _transformer_step(
    base: ResolvedBase, lengths: list[NDArray[np.int64]], batch: int, speed: Speed
) -> float:
    # Texts go through it one behind the other, or in batches of like lengths.
    flops = sum(step_flops(base, batch, round(float(column.mean()))) for column in lengths)
    overhead = speed.step_overhead_seconds * base.parameters / _MINILM_PARAMETERS
    return overhead + flops / speed.train_flops


def _encoding_seconds(
    base: ResolvedBase, lengths: list[NDArray[np.int64]], rows: int, speed: Speed
) -> float:
    """Encoding ``rows`` texts of each column; they are sorted by length, so padding is small."""
    if base.kind == "static":
        return 0.0
    flops = sum(forward_flops(base, rows, round(float(column.mean()))) for column in lengths)
    return flops / speed.encode_flops


def _exam_seconds(
    config: RunConfig,
    base: ResolvedBase,
    reference: ResolvedBase,
    texts: list[str],
    speed: Speed,
) -> float:
    models = [reference] if base.kind == "static" else [reference, base]
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    return sum(
        _encoding_seconds(model, [_lengths(model, sample, config)], len(texts), speed)
        for model in models
        if model.kind == "transformer"
    )


def _lengths(base: ResolvedBase, texts: list[str], config: RunConfig) -> NDArray[np.int64]:
    if base.tokenizer is None:
        # The vocabulary is yet to be made.
        counts = np.array([max(1, round(len(text) / _CHARACTERS_A_PIECE)) for text in texts])
        return np.minimum(counts, config.training.max_length or counts.max())
    limits = [limit for limit in (base.max_length, config.training.max_length) if limit]
    return token_lengths(base.tokenizer, texts, min(limits, default=None))
