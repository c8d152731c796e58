"""The training job: reads the configuration, scores the base, trains, scores again, reports."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.export.card.recorded import record
from core.export.card.render import write_cards
from core.files import read_json, write_json
from core.inspection.widgets import Example
from core.jobs.context import JobContext
from core.jobs.events import read_events
from core.models.bases import ResolvedBase
from core.models.fingerprint import model_fingerprint
from core.problems import N_, Message
from core.retrieval.fusion import FUSED
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
from core.training.extending import extend_base, extension_notes
from core.training.fitting import fit
from core.training.hurting import MOST_ROWS, MOST_ROWS_TRANSFORMER, Hurting, find_hurting
from core.training.opening import OpenRun, open_run
from core.training.prompts import set_prompts
from core.training.questions import OwnQuestions
from core.training.reading import Reader
from core.training.report import METRIC_LABELS, Exam, ModelScores, Report, judge
from core.training.runs import Curves, ended_early
from core.training.tasks import make_task, watched

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


_log = logging.getLogger("pairloom.training")


@dataclass(frozen=True)
class _Examined:
    """A model's vectors of the examination, their similarities, and its scores."""

    vectors: Vectors
    table: np.ndarray
    scores: Scores


@dataclass(frozen=True)
class _Closer:
    """What is looked at besides the held-out rows, where there is time for it."""

    exam: Exam | None = None
    asked: OwnQuestions | None = None
    hurting: Hurting | None = None


def train(job: JobContext) -> None:
    """Do a training run from its configuration to its report.

    Raises:
        Problem: what a person has to mend.
        Stopped: the run was asked to stop; its last checkpoint is whole.
    """
    # Everything a run needs is on this machine; a hub out of reach must not delay it.
    os.environ["HF_HUB_OFFLINE"] = "1"
    began = time.monotonic()
    run = open_run(job)
    lexical = _score_lexical(run)
    job.progress(Message(N_("Loading PyTorch and the base model")))
    job.check_stop()
    before = None
    if not run.base_is_made:
        name = {"model": run.reference.name}
        job.progress(Message(N_("Scoring {model} before training"), name))
        before = _score_reference(run)
    checkpoint = last_whole_checkpoint(job.folder)
    model = _load_model(run, checkpoint)
    reader = Reader(model, job.check_stop)
    untrained = _score_untrained(run, reader) if run.base_is_made else None

    rows = run.rows
    training = fit(job, run.config, rows.train, rows.held_out, model, checkpoint, _watch(run))
    cut_short = ended_early(training)
    if cut_short is not None:
        job.note(cut_short)
    if before is None:
        # It has no part in the training, which began the sooner without it.
        name = {"model": run.reference.name}
        job.progress(Message(N_("Scoring {model} for comparison"), name), 1.0)
        before = _score_reference(run)
    job.progress(Message(N_("Scoring the tuned model on the held-out rows")), 1.0)
    after = _score_tuned(run, reader)
    started_from = str(run.base.name) if run.base.path is not None else ""
    record(job.folder, model, rows.train, started_from)
    artifacts.save_model(job.folder, model)
    # Somebody who ended the run is waiting: the rest can be done without.
    closer = _Closer() if cut_short is not None else _look_closer(run, model, reader)
    job.progress(Message(N_("Writing the report")), 1.0)
    training |= {"device": job.device, "total_seconds": time.monotonic() - began}
    _report(run, training, lexical, untrained, before, after, closer).save(job.folder)
    _write_card(job)
    shutil.rmtree(job.folder / CHECKPOINTS, ignore_errors=True)


def _score_lexical(run: OpenRun) -> Scores:
    run.job.progress(Message(N_("Scoring BM25 keyword search on the held-out rows")))
    task = run.examination.task
    return _scored(run.job, "bm25", lambda: score_table(task, run.examination.lexical))


def _score_reference(run: OpenRun) -> _Examined:
    vectors = _read_reference(run)
    table = run.examination.table(vectors)
    task = run.examination.task
    return _Examined(vectors, table, _scored(run.job, "base", lambda: score_table(task, table)))


def _score_untrained(run: OpenRun, reader: Reader) -> Scores:
    task = run.examination.task
    return _scored(
        run.job, "untrained", lambda: score_model(task, reader.passages, reader.questions)
    )


def _score_tuned(run: OpenRun, reader: Reader) -> _Examined:
    vectors = read_all(reader, run.examination.questions, run.examination.passages)
    table = run.examination.table(vectors)
    return _Examined(vectors, table, score_table(run.examination.task, table))


def _look_closer(run: OpenRun, model: SentenceTransformer, reader: Reader) -> _Closer:
    """Take the exam, if there is one, and look for rows that hurt."""
    job, config, rows = run.job, run.config, run.rows
    exam, asked = None, None
    if config.evaluation.exam:
        job.progress(Message(N_("Examining the tuned model on unseen questions")), 1.0)
        exam, asked = take_exam(job, config, run.reference, model, run.own)
    job.progress(Message(N_("Looking for the rows that hurt")), 1.0)
    most = _rows_to_look_at(job, run.base)
    hurting = find_hurting(rows.train, rows.shape, reader, config.training.seed, most)
    return _Closer(exam, asked, hurting)


def _report(
    run: OpenRun,
    training: dict[str, Any],
    lexical: Scores,
    untrained: Scores | None,
    before: _Examined,
    after: _Examined,
    closer: _Closer,
) -> Report:
    """All that was found, in one report."""
    config, rows, examination = run.config, run.rows, run.examination
    task, seed = examination.task, config.training.seed
    fused = score_fusion(task, after.table, examination.lexical)
    verdict, difference, sentence = judge(task, before.scores, after.scores, seed)
    calibration = calibrate(task, before.table, after.table, seed)
    cut_short = ended_early(training)
    return Report(
        shape=rows.shape.value,
        primary=PRIMARY[rows.shape],
        questions=task.size,
        held_out_rows=len(rows.held_out),
        train_rows=len(rows.train),
        split={"by": rows.split.by, "message": rows.split.message.to_json()},
        models=[
            _row("base", run.reference.name, before.scores),
            *([_row("untrained", run.base.name, untrained)] if untrained else []),
            _row("tuned", config.name, after.scores),
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
        training=training,
        exam=closer.exam,
        dataset=config.dataset.id,
        passages=len(task.passages),
        distractors=task.distractors,
        alarms=(
            *alarms.seen_alarms(seen_problem(run.job.workspace, config)),
            *alarms.score_alarms(
                verdict,
                PRIMARY[rows.shape],
                METRIC_LABELS[PRIMARY[rows.shape]],
                untrained or before.scores,
                after.scores,
                lexical,
                made_here=untrained is not None,
            ),
            *(alarms.exam_alarms(closer.exam.models) if closer.exam else ()),
            *alarms.similarity_alarms(calibration),
            *alarms.curve_alarms(_curve(run.job)),
            *extension_notes(run.job.folder),
            *alarms.ending_notes(training, keep_best=config.evaluation.keep_best),
        ),
        calibration=calibration,
        confusables=examination.compare_twins(before.vectors, after.vectors),
        no_confusables=examination.no_twins,
        own_questions=closer.asked or examination.ask_own(before.vectors, after.vectors),
        hurting=closer.hurting,
    )


def _load_model(run: OpenRun, checkpoint: Path | None) -> SentenceTransformer:
    """The model to train: from the checkpoint, from its base, or made."""
    job, config, rows = run.job, run.config, run.rows
    source = checkpoint or run.base.path
    if source is not None:
        model = load_model(source, job.device)
        if checkpoint is None:
            extend_base(job, config, model, rows.train)
    else:
        model = build_base(job, config, rows.train)
    limit_length(model, config.training.max_length)
    _set_card_facts(model, config, run.base, rows.examples)
    set_prompts(model, config.training)
    return model


def _write_card(job: JobContext) -> None:
    """Lay the model card beside the model."""
    try:
        write_cards(job.workspace, job.folder.name, job.folder / artifacts.MODEL)
    except Exception:
        # The model and its report are there; an export writes the card again.
        _log.exception("the model card could not be written")


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


def _read_reference(run: OpenRun) -> Vectors:
    """What it makes of the examination's texts, from the workspace's cache if it is there."""
    job, path = run.job, run.reference.path
    assert path is not None
    return baseline_vectors(
        job.workspace,
        model_fingerprint(path),
        run.examination.questions,
        run.examination.passages,
        lambda: Reader(load_model(path, job.device), job.check_stop),
    )


def _watch(run: OpenRun) -> Callable[[SentenceTransformer], float]:
    """What scores the model again and again while it trains.

    A transformer is scored on at most 200 of the held-out rows and without distractors, because on
    a processor the whole examination would take longer than the training between two looks.
    """
    task, rows = run.examination.task, run.rows
    if run.base.kind != "static":
        fewer = make_task(watched(rows.held_out, run.config.training.seed), rows.shape)
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
