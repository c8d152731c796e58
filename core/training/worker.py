"""The training job: reads the configuration, scores the base, trains, scores again, reports."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.data.shapes import Shape, text_roles
from core.data.split import Split, split_rows
from core.data.store import load_dataset
from core.files import write_json
from core.inspection.widgets import Example, choose_examples
from core.jobs.context import JobContext
from core.models.bases import ResolvedBase, resolve, vocabulary_size_for
from core.problems import N_, Message, Problem
from core.training import artifacts
from core.training.checkpoints import (
    CHECKPOINTS,
    last_whole_checkpoint,
)
from core.training.config import RunConfig
from core.training.encoding import encode_texts, load_model, torch_device
from core.training.evaluation import PRIMARY, Scores, Task, make_task, score_lexical, score_model
from core.training.exam import take_exam
from core.training.fitting import fit
from core.training.limits import HELD_OUT_LIMIT
from core.training.losses.registry import (
    check_fit,
    loss_named,
)
from core.training.report import ModelScores, Report, judge

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class DatasetChanged(Problem):
    what = N_("The dataset {name} is not the one that this configuration was made for.")
    do = N_(
        "Choose the dataset again on the Train screen, or take the dataset line out of the file."
    )


class TooFewRows(Problem):
    what = N_("Only {rows} rows are left for training after {held_out} were held out.")
    do = N_("Add rows to the table, or lower the held-out share.")


@dataclass(frozen=True)
class Rows:
    """The dataset of a run, divided."""

    shape: Shape
    train: pd.DataFrame
    held_out: pd.DataFrame
    split: Split
    examples: list[Example]


def train(job: JobContext) -> None:
    """Do a training run from its configuration to its report.

    Raises:
        Problem: what a person has to mend.
        Stopped: the run was asked to stop; its last checkpoint is whole.
    """
    # Everything a run needs is on this machine; a hub out of reach must not delay it.
    os.environ["HF_HUB_OFFLINE"] = "1"
    config = RunConfig.parse(job.params, "config.yaml")
    began = time.monotonic()
    job.progress(Message(N_("Reading the dataset")))
    rows = _read_rows(job, config)
    task = make_task(rows.held_out, rows.shape)
    job.progress(Message(N_("Scoring BM25 keyword search on the held-out rows")))
    lexical = _scored(job, "bm25", lambda: score_lexical(task))

    job.progress(Message(N_("Loading PyTorch and the base model")))
    base = resolve(job.workspace, config.base)
    reference = _reference(job, base)
    job.check_stop()
    job.progress(Message(N_("Scoring {model} before training"), {"model": reference.name}))
    before = _scored(job, "base", lambda: _score_reference(job, task, reference))
    checkpoint = last_whole_checkpoint(job.folder)
    model = _load_model(job, config, base, rows, checkpoint)
    _set_card_facts(model, config, base, rows.examples)
    untrained = None
    if base.kind == "static" and base.path is None:
        untrained = _scored(
            job, "untrained", lambda: score_model(task, partial(encode_texts, job, model))
        )

    training = fit(job, config, rows.train, rows.held_out, model, checkpoint)
    job.progress(Message(N_("Scoring the tuned model on the held-out rows")), 1.0)
    after = score_model(task, partial(encode_texts, job, model))
    artifacts.save_model(job.folder, model)
    job.progress(Message(N_("Examining the tuned model on unseen questions")), 1.0)
    exam = take_exam(job, config, reference, model) if config.evaluation.exam else None

    job.progress(Message(N_("Writing the report")), 1.0)
    verdict, difference, messages = judge(task, before, after, lexical, config.training.seed)
    models = [
        ModelScores("base", reference.name, before.metrics),
        *([ModelScores("untrained", base.name, untrained.metrics)] if untrained else []),
        ModelScores("tuned", config.name, after.metrics),
        ModelScores("bm25", "BM25", lexical.metrics),
    ]
    Report(
        shape=rows.shape.value,
        primary=PRIMARY[rows.shape],
        questions=task.size,
        held_out_rows=len(rows.held_out),
        train_rows=len(rows.train),
        split={"by": rows.split.by, "message": rows.split.message.to_json()},
        models=models,
        verdict=verdict,
        difference=difference,
        messages=[message.to_json() for message in messages],
        training={**training, "device": job.device, "total_seconds": time.monotonic() - began},
        exam=exam,
    ).save(job.folder)
    shutil.rmtree(job.folder / CHECKPOINTS, ignore_errors=True)


def _read_rows(job: JobContext, config: RunConfig) -> Rows:
    dataset = load_dataset(job.workspace, config.dataset.id)
    if dataset.info.content_hash != config.dataset.content_hash:
        raise DatasetChanged(name=config.dataset.name)
    shape = dataset.info.shape
    static = resolve(job.workspace, config.base).kind == "static"
    check_fit(loss_named(config.loss.name), shape, static=static)
    frame = dataset.frame()
    seed = config.training.seed
    split = split_rows(frame, shape, config.evaluation.held_out_share, seed)
    if len(split.train) < 2:
        raise TooFewRows(rows=len(split.train), held_out=len(split.held_out))
    held_out_rows = split.held_out
    if len(held_out_rows) > HELD_OUT_LIMIT:
        draw = np.random.default_rng(seed).choice(held_out_rows, HELD_OUT_LIMIT, replace=False)
        held_out_rows = np.sort(draw)
    examples = choose_examples(frame, shape, held_out_rows, seed)
    held_out = frame.iloc[held_out_rows].reset_index(drop=True)
    artifacts.save_rows(job.folder, held_out, examples)
    return Rows(shape, frame.iloc[split.train].reset_index(drop=True), held_out, split, examples)


def _reference(job: JobContext, base: ResolvedBase) -> ResolvedBase:
    """What the analyst had before: the base, or for a model made from nothing the bundled one."""
    reference = base if base.path is not None else resolve(job.workspace, artifacts.BUNDLED)
    artifacts.save_reference(job.folder, reference)
    return reference


def _load_model(
    job: JobContext, config: RunConfig, base: ResolvedBase, rows: Rows, checkpoint: Path | None
) -> SentenceTransformer:
    source = checkpoint or base.path
    if source is not None:
        model = load_model(source, job.device)
    else:
        from core.models.static import build_static, train_tokenizer

        job.progress(Message(N_("Learning a vocabulary from your texts")))
        columns = [rows.train[name] for name in text_roles(rows.train.columns)]
        texts = pd.unique(pd.concat(columns)).tolist()
        size = config.base.vocabulary_size or vocabulary_size_for(len(rows.train))
        tokenizer = train_tokenizer(texts, size, config.base.max_piece_length)
        model = build_static(tokenizer, texts, config.base.dimension, config.training.seed)
        model.to(torch_device(job.device))
    if config.training.max_length is not None and base.max_length is not None:
        model.max_seq_length = min(config.training.max_length, base.max_length)
    return model


def _set_card_facts(
    model: SentenceTransformer, config: RunConfig, base: ResolvedBase, examples: list[Example]
) -> None:
    """Preset what the library would otherwise draw from the data, a hub or a path."""
    card = model.model_card_data
    card.local_files_only = True
    card.model_name = config.name
    if base.path is not None:
        card.base_model = base.name
    card.widget = [
        {"source_sentence": example.source, "sentences": list(example.sentences)}
        for example in examples
    ]
    if examples:
        card.usage_examples = [examples[0].source, *examples[0].sentences[:2]]


def _score_reference(job: JobContext, task: Task, reference: ResolvedBase) -> Scores:
    assert reference.path is not None
    model = load_model(reference.path, job.device)
    return score_model(task, partial(encode_texts, job, model))


def _scored(job: JobContext, role: str, compute: Callable[[], Scores]) -> Scores:
    """Scores that survive a resume: computed once, kept in the run's folder."""
    path = job.folder / artifacts.SCORES / f"{role}.json"
    scores = artifacts.load_scores(path)
    if scores is None:
        scores = compute()
        path.parent.mkdir(exist_ok=True)
        write_json(path, {"metrics": scores.metrics, "per_question": scores.per_question.tolist()})
        job.event("scores", role=role, metrics=scores.metrics)
    return scores
