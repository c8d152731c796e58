"""The training job: reads the configuration, scores the base, trains, scores again, reports."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.data.shapes import Shape
from core.data.split import Split, split_rows
from core.data.store import load_dataset
from core.data.structure import shape_with
from core.files import read_json, write_json
from core.inspection.widgets import Example, choose_examples
from core.jobs.context import JobContext
from core.jobs.events import read_events
from core.models.bases import ResolvedBase, resolve
from core.models.fingerprint import model_fingerprint
from core.problems import N_, Message, Problem
from core.training import alarms, artifacts
from core.training.baseline import Vectors, baseline_vectors, read_all
from core.training.building import build_base
from core.training.calibration import calibrate
from core.training.checkpoints import CHECKPOINTS, last_whole_checkpoint
from core.training.config import RunConfig
from core.training.continuing import seen_problem
from core.training.encoding import limit_length, load_model
from core.training.evaluation import PRIMARY, Scores, score_fusion, score_model, score_table
from core.training.exam import take_exam
from core.training.examination import Examination, prepare
from core.training.extending import extend_base, extension_notes
from core.training.fitting import fit
from core.training.fusion import FUSED
from core.training.hurting import MOST_ROWS, MOST_ROWS_TRANSFORMER, find_hurting
from core.training.limits import HELD_OUT_LIMIT
from core.training.losses.registry import check_fit, loss_named
from core.training.prompts import set_prompts
from core.training.questions import own_questions
from core.training.reading import Reader
from core.training.report import METRIC_LABELS, ModelScores, Report, judge
from core.training.runs import Curves, ended_early
from core.training.tasks import make_task, watched

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
    family: str
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
    own = own_questions(job.workspace, config.evaluation, rows.family)
    examination = prepare(
        rows.held_out,
        rows.train,
        rows.shape,
        config.training.seed,
        test_twins=config.evaluation.confusables,
        # With an exam the own questions are asked of its corpus.
        own=() if config.evaluation.exam else own,
    )
    task = examination.task
    job.progress(Message(N_("Scoring BM25 keyword search on the held-out rows")))
    lexical = _scored(job, "bm25", lambda: score_table(task, examination.lexical))

    job.progress(Message(N_("Loading PyTorch and the base model")))
    base = resolve(job.workspace, config.base)
    reference = _reference(job, base)
    job.check_stop()
    job.progress(Message(N_("Scoring {model} before training"), {"model": reference.name}))
    first = _read_reference(job, examination, reference)
    before = _scored(job, "base", lambda: score_table(task, examination.table(first)))
    checkpoint = last_whole_checkpoint(job.folder)
    model = _load_model(job, config, base, rows, checkpoint)
    _set_card_facts(model, config, base, rows.examples)
    set_prompts(model, config.training)
    reader = Reader(model, job.check_stop)
    untrained = None
    if base.kind == "static" and base.path is None:
        untrained = _scored(
            job, "untrained", lambda: score_model(task, reader.passages, reader.questions)
        )

    score = _watch(examination, rows, static=base.kind == "static", seed=config.training.seed)
    training = fit(job, config, rows.train, rows.held_out, model, checkpoint, score)
    cut_short = ended_early(training)
    if cut_short is not None:
        job.note(cut_short)
    job.progress(Message(N_("Scoring the tuned model on the held-out rows")), 1.0)
    last = read_all(reader, examination.questions, examination.passages)
    table = examination.table(last)
    after, fused = score_table(task, table), score_fusion(task, table, examination.lexical)
    artifacts.save_model(job.folder, model)
    exam, asked, hurting = None, examination.ask_own(first, last), None
    # Somebody who ended the run is waiting: the rest can be done without.
    if config.evaluation.exam and cut_short is None:
        job.progress(Message(N_("Examining the tuned model on unseen questions")), 1.0)
        exam, asked = take_exam(job, config, reference, model, own)
    if cut_short is None:
        job.progress(Message(N_("Looking for the rows that hurt")), 1.0)
        most = _rows_to_look_at(job, base)
        hurting = find_hurting(rows.train, rows.shape, reader, config.training.seed, most)

    job.progress(Message(N_("Writing the report")), 1.0)
    metric = PRIMARY[rows.shape]
    verdict, difference, sentence = judge(task, before, after, config.training.seed)
    calibration = calibrate(task, examination.table(first), table, config.training.seed)
    Report(
        shape=rows.shape.value,
        primary=metric,
        questions=task.size,
        held_out_rows=len(rows.held_out),
        train_rows=len(rows.train),
        split={"by": rows.split.by, "message": rows.split.message.to_json()},
        models=[
            _row("base", reference.name, before),
            *([_row("untrained", base.name, untrained)] if untrained else []),
            _row("tuned", config.name, after),
            _row("bm25", "BM25", lexical),
            _row("fused", FUSED, fused),
        ],
        verdict=verdict,
        difference=difference,
        messages=[
            sentence.to_json(),
            *([cut_short.to_json()] if cut_short else []),
            *training.get("notes", ()),
        ],
        training={**training, "device": job.device, "total_seconds": time.monotonic() - began},
        exam=exam,
        dataset=config.dataset.id,
        passages=len(task.passages),
        distractors=task.distractors,
        alarms=(
            *alarms.seen_alarms(seen_problem(job.workspace, config)),
            *alarms.score_alarms(
                verdict,
                metric,
                METRIC_LABELS[metric],
                untrained or before,
                after,
                lexical,
                made_here=untrained is not None,
            ),
            *(alarms.exam_alarms(exam.models) if exam else ()),
            *alarms.similarity_alarms(calibration),
            *alarms.curve_alarms(_curve(job)),
            *extension_notes(job.folder),
            *alarms.ending_notes(training, keep_best=config.evaluation.keep_best),
        ),
        calibration=calibration,
        confusables=examination.compare_twins(first, last),
        no_confusables=examination.no_twins,
        own_questions=asked,
        hurting=hurting,
    ).save(job.folder)
    shutil.rmtree(job.folder / CHECKPOINTS, ignore_errors=True)


def _read_rows(job: JobContext, config: RunConfig) -> Rows:
    dataset = load_dataset(job.workspace, config.dataset.id)
    if dataset.info.content_hash != config.dataset.content_hash:
        raise DatasetChanged(name=config.dataset.name)
    shape = dataset.info.shape
    static = resolve(job.workspace, config.base).kind == "static"
    added = config.training.structured_negatives
    check_fit(loss_named(config.loss.name), shape_with(shape, added), static=static)
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
    train = frame.iloc[split.train].reset_index(drop=True)
    return Rows(shape, dataset.info.family, train, held_out, split, examples)


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
        if checkpoint is None:
            extend_base(job, config, model, rows.train)
    else:
        model = build_base(job, config, rows.train)
    limit_length(model, config.training.max_length)
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


def _read_reference(job: JobContext, examination: Examination, reference: ResolvedBase) -> Vectors:
    """What the base makes of the examination's texts, from the workspace's cache if it is there."""
    path = reference.path
    assert path is not None
    return baseline_vectors(
        job.workspace,
        model_fingerprint(path),
        examination.questions,
        examination.passages,
        lambda: Reader(load_model(path, job.device), job.check_stop),
    )


def _watch(
    examination: Examination, rows: Rows, *, static: bool, seed: int
) -> Callable[[SentenceTransformer], float]:
    """What scores the model again and again while it trains.

    A transformer is scored on at most 200 of the held-out rows and without distractors, because on
    a processor the whole examination would take longer than the training between two looks.
    """
    task = examination.task
    if not static:
        fewer = make_task(watched(rows.held_out, seed), rows.shape)
        task = fewer if fewer.size else task

    def score(model: SentenceTransformer) -> float:
        # The trainer itself sees to a stop request, after it has saved.
        reader = Reader(model)
        return score_model(task, reader.passages, reader.questions).metrics[PRIMARY[rows.shape]]

    return score


def _rows_to_look_at(job: JobContext, base: ResolvedBase) -> int:
    quick = base.kind == "static" or job.device.startswith("cuda")
    return MOST_ROWS if quick else MOST_ROWS_TRANSFORMER


def _row(role: str, name: str, scores: Scores) -> ModelScores:
    return ModelScores(role, name, scores.metrics, scores.thresholds)


def _curve(job: JobContext) -> alarms.Curve:
    """The run's losses and scores from its events, those of earlier attempts included."""
    curves = Curves()
    curves.update(job.folder)
    events, _ = read_events(job.folder)
    # What a resumed run measures again replaces what the attempt before it measured.
    looks = {one["step"]: one["value"] for one in events if one["type"] == "held_out_score"}
    return alarms.Curve(
        [(point["step"], point["loss"]) for point in curves.train],
        [(point["step"], point["loss"]) for point in curves.held_out],
        sorted(looks.items()),
    )


def _scored(job: JobContext, role: str, compute: Callable[[], Scores]) -> Scores:
    """Scores that survive a resume: computed once, kept in the run's folder."""
    path = job.folder / artifacts.SCORES / f"{role}.json"
    if path.exists():
        return Scores.from_json(read_json(path))
    scores = compute()
    path.parent.mkdir(exist_ok=True)
    write_json(path, scores.to_json())
    job.event("scores", role=role, metrics=scores.metrics)
    return scores
