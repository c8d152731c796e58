"""``evaluate``: how good a model is, on a run's held-out rows, on a dataset, or on questions."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.cli.columns import BY_HELP, chosen_columns, encode_missing
from core.cli.output import DONE, FAILED, say, say_json
from core.cli.search import corpus_named
from core.cli.tables import say_aligned, write_csv
from core.cli.work import work
from core.data.read import read_table
from core.problems import N_, Problem
from core.retrieval.corpora import Corpus
from core.retrieval.judgements import judged_questions, scorable
from core.retrieval.metrics import LEAST_FOR_INTERVAL
from core.retrieval.question_runs import K, QuestionRun, ask_params, load_question_run
from core.retrieval.question_sets import QuestionSet, keep_set, make_set, questions_in
from core.retrieval.table_columns import ANSWER_NAMES, QUESTION_NAMES, named_column
from core.training.evaluation import METRIC_NAMES
from core.training.report import ModelScores, Report
from core.training.rescoring import ScoredModel, score_on_dataset
from core.training.runs import load_run
from core.workspace import UnknownItem, Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_ROLES = {"base": "before", "untrained": "at the start", "tuned": "after"}
_METRICS = {"nDCG": "ndcg", "MRR": "mrr", "Recall": "recall"}


class NoReport(Problem):
    what = N_("The run {id} has no report: it has not come to its end.")
    do = N_("Choose a finished run, or score its model with --in or --dataset.")


class NotARun(Problem):
    what = N_("{name} is no run, so there is no report of it.")
    do = N_("Say what it is to be scored on: --in CORPUS, or --dataset ID.")


class TwoTests(Problem):
    what = N_("A dataset and questions are two tests.")
    do = N_("Leave out --dataset, or --in and --questions.")


class NothingAsked(Problem):
    what = N_("There are no such questions for {name}.")
    do = N_("Bring in a table of questions with --questions FILE.")


class NoSuchQuestionColumn(Problem):
    what = N_("{file} has no column named {column}.")
    do = N_("Its columns are: {columns}.")


class OnlyModels(Problem):
    what = N_("{name} is no model, and on a dataset BM25 is scored anyway.")
    do = N_("Leave it out; runs, base, minilm and folders can be named.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    score = commands.add_parser(
        "evaluate", help="score a model: a run's report, a dataset, or questions on a corpus"
    )
    score.add_argument("model", help="the id of a run, a folder, or a name such as minilm")
    score.add_argument("--dataset", metavar="ID", help="score on rows of this dataset")
    score.add_argument("--in", dest="corpus", metavar="CORPUS", help="ask questions of this corpus")
    score.add_argument(
        "--questions", type=Path, metavar="FILE", help="a table of questions (default: its own)"
    )
    score.add_argument("--question", metavar="COLUMN", help="the column with the questions")
    score.add_argument("--answers", metavar="COLUMN", help="the column with the right answers")
    score.add_argument("--judged", action="store_true", help="ask what was judged on Search")
    score.add_argument("--by", metavar="WHO", action="append", default=[], help=BY_HELP)
    score.add_argument("--csv", type=Path, metavar="FILE", help="write the figures to a CSV file")
    score.add_argument("--json", action="store_true", help="as JSON")
    score.set_defaults(command=_evaluate)


def _evaluate(workspace: Workspace, options: argparse.Namespace) -> int:
    asks = options.corpus is not None or options.questions is not None or options.judged
    if options.dataset is not None:
        if asks:
            raise TwoTests
        return _on_dataset(workspace, options)
    if asks:
        return _on_questions(workspace, options)
    return _reported(workspace, options)


# The report of a run ------------------------------------------------------------------------------


def _reported(workspace: Workspace, options: argparse.Namespace) -> int:
    try:
        run = load_run(workspace, options.model)
    except UnknownItem as error:
        raise NotARun(name=options.model) from error
    report = run.report()
    if report is None:
        raise NoReport(id=run.id)
    if options.csv is not None:
        write_csv(options.csv, _frame(report.models))
    if options.json:
        say_json(_report_record(run.id, report))
        return DONE
    for sentence in report.sentences():
        say(sentence.text())
    say(f"{report.questions} held-out questions of {report.held_out_rows} rows", error=True)
    _say_models(report.models)
    if report.exam is not None:
        say(f"\n{report.exam.name}: {report.exam.questions} questions")
        _say_models(report.exam.models)
    _say_own(report)
    return DONE


def _report_record(id: str, report: Report) -> dict[str, Any]:
    return {
        "run": id,
        "verdict": report.verdict,
        "primary": report.primary,
        "difference": report.difference,
        "questions": report.questions,
        "held_out_rows": report.held_out_rows,
        "sentences": [sentence.to_json() for sentence in report.sentences()],
        "models": [asdict(model) for model in report.models],
        "exam": asdict(report.exam) if report.exam else None,
        "own_questions": asdict(report.own_questions) if report.own_questions else None,
    }


def _say_own(report: Report) -> None:
    """The user's own questions: where the expected text stood, and the first answers."""
    own = report.own_questions
    if own is None:
        return
    say(f"\nyour own questions, searched in {own.texts} texts")
    for asked in own.asked:
        say(asked.question)
        for when, answers in (("before", asked.before), ("after", asked.after)):
            rank = "" if asked.expected is None else f"  rank {answers.rank or '-'}"
            first = answers.texts[0] if answers.texts else "-"
            say(f"  {when:<6}{rank}  {first}")


# Rows of a dataset --------------------------------------------------------------------------------


def _on_dataset(workspace: Workspace, options: argparse.Namespace) -> int:
    try:
        run = load_run(workspace, options.model)
    except UnknownItem:
        run = None
    models = []
    words = [options.model, *options.by] if options.by else _default(run is not None, options.model)
    for column in chosen_columns(workspace, words):
        if column.model is None or column.kind != "dense":
            raise OnlyModels(name=column.name)
        models.append(ScoredModel("model", column.name, column.model))
    found = score_on_dataset(
        workspace, options.dataset, models, run, lambda stage: say(stage.text(), error=True)
    )
    if options.csv is not None:
        write_csv(options.csv, _frame(found.models))
    if options.json:
        record = {**asdict(found), "which": found.which.to_json(), "dataset": options.dataset}
        say_json(record)
        return DONE
    say(found.which.text(), error=True)
    say(f"{found.questions} questions, searched in {found.passages} texts", error=True)
    _say_models(found.models)
    return DONE


def _default(is_run: bool, model: str) -> list[str]:
    """A run's base stands before its model, as everywhere."""
    return [f"base:{model}", model] if is_run else [model]


def _say_models(models: Sequence[ModelScores]) -> None:
    names = [name for name in METRIC_NAMES if any(name in model.metrics for model in models)]
    lines = [["", *(METRIC_NAMES[name] for name in names)]]
    for model in models:
        values = [model.metrics.get(name) for name in names]
        figures = ["-" if value is None else f"{value:.3f}" for value in values]
        role = _ROLES.get(model.role)
        lines.append([f"{role}: {model.name}" if role else model.name, *figures])
    say_aligned(lines)


def _frame(models: Sequence[ModelScores]) -> pd.DataFrame:
    return pd.DataFrame([{"model": one.name, "role": one.role, **one.metrics} for one in models])


# Questions of a corpus ----------------------------------------------------------------------------


def _on_questions(workspace: Workspace, options: argparse.Namespace) -> int:
    corpus = corpus_named(workspace, options.corpus)
    questions = _questions(corpus, options)
    words = [options.model, *options.by]
    if not options.by:
        known = options.model in {path.name for path in workspace.runs.iterdir()}
        words = [*_default(known, options.model), "bm25"]
    columns = chosen_columns(workspace, words)
    if not encode_missing(workspace, corpus, columns, json=options.json):
        return FAILED
    keep_set(corpus, questions)
    result = load_question_run(corpus, questions.id, columns)
    if result is None:
        params = ask_params(corpus.info.id, questions.id, columns)
        if not work(workspace, "ask_questions", params, "questions", json=options.json):
            return FAILED
        result = load_question_run(corpus, questions.id, columns)
        assert result is not None
    if options.csv is not None:
        write_csv(options.csv, result.table())
    if options.json:
        say_json(_question_record(corpus, questions, result))
    else:
        _say_questions(questions, result)
    return DONE


def _questions(corpus: Corpus, options: argparse.Namespace) -> QuestionSet:
    """The list of questions that was asked for."""
    if options.questions is not None:
        return _from_file(corpus, options)
    asked = scorable(judged_questions(corpus)) if options.judged else corpus.info.questions
    if not asked:
        raise NothingAsked(name=corpus.info.name)
    return make_set("Your test set" if options.judged else "Questions of this corpus", asked)


def _from_file(corpus: Corpus, options: argparse.Namespace) -> QuestionSet:
    file: Path = options.questions
    frame = read_table(file, file.name, minimum_columns=1).frame
    columns = [str(column) for column in frame.columns]
    for column in (options.question, options.answers):
        if column is not None and column not in columns:
            raise NoSuchQuestionColumn(file=file.name, column=column, columns=", ".join(columns))
    question = options.question or columns[named_column(columns, QUESTION_NAMES) or 0]
    others = [column for column in columns if column != question]
    guess = named_column(others, ANSWER_NAMES)
    answers = options.answers or (others[guess] if guess is not None else None)
    say(f"questions: {question}; right answers: {answers or '-'}", error=True)
    made = questions_in(corpus, file.stem, frame, question, answers)
    if made.unknown_count:
        say(
            f"{made.unknown_count} answers in the table are no texts of this corpus, "
            f"such as {made.unknown[0]}",
            error=True,
        )
    return made


def _say_questions(questions: QuestionSet, result: QuestionRun) -> None:
    known = f"{result.answered} of {len(questions.questions)} questions have known answers"
    say(known, error=True)
    if not result.answered:
        for before in range(1, len(result.columns)):
            table = result.differences(0, before)
            say(
                f"{result.columns[before].name}: {table['shared'].mean():.1f} of the first {K} "
                f"as {result.columns[0].name}"
            )
        return
    lines = [["", *(f"{name}@{K}" for name in _METRICS), "95% interval of nDCG"]]
    for one in result.scores:
        values = [f"{getattr(one, name):.3f}" for name in _METRICS.values()]
        ends = one.ndcg_interval
        interval = "too few to tell" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
        lines.append([one.column.name, *values, interval])
    say_aligned(lines)
    for after in range(1, len(result.columns)):
        won, lost = result.won_and_lost(0, after)
        mean, ends = result.gain(0, after)
        interval = (
            f"fewer than {LEAST_FOR_INTERVAL} questions are too few to tell whether that is chance"
            if ends is None
            else f"95% interval {ends[0]:+.3f} to {ends[1]:+.3f}"
        )
        say(
            f"{result.columns[after].name} against {result.columns[0].name}: "
            f"{won} won, {lost} lost; nDCG@{K} {mean:+.3f} ({interval})"
        )


def _question_record(corpus: Corpus, questions: QuestionSet, result: QuestionRun) -> dict[str, Any]:
    names = [*_METRICS.values(), *(f"{name}_interval" for name in _METRICS.values())]
    scores = [{name: getattr(one, name) for name in names} for one in result.scores]
    columns = []
    for number, column in enumerate(result.columns):
        record: dict[str, Any] = {"name": column.name, "kind": column.kind.value}
        if result.answered:
            record |= scores[number]
            if number:
                mean, interval = result.gain(0, number)
                record |= {"gain": mean, "gain_interval": interval and list(interval)}
        columns.append(record)
    return {
        "corpus": corpus.info.id,
        "questions": len(questions.questions),
        "answered": result.answered,
        "k": K,
        "columns": columns,
    }
