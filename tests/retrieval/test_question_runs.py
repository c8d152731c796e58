"""Many questions at once: their answers' places, the job, its figures and comparisons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.jobs.context import Stopped
from core.jobs.stopping import STOP_FILE
from core.retrieval import metrics, question_runs
from core.retrieval.answers import Column, MissingVectors
from core.retrieval.corpora import Corpus, Question, create_corpus, load_corpus
from core.retrieval.question_runs import (
    DEPTH,
    ask_params,
    ask_questions,
    load_question_run,
)
from core.retrieval.question_sets import (
    NoQuestions,
    QuestionsGone,
    keep_set,
    list_sets,
    load_set,
    make_set,
    questions_in,
)
from core.retrieval.scoring import score_questions
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

LETTERS = [chr(0x4E00 + n) for n in range(30)]
BASE = Column.dense("Base", Path("/models/base"), "base0")
TUNED = Column.dense("Tuned", Path("/models/tuned"), "tuned0")
WORDS = Column.lexical()
BOTH = Column.fused("Both", Path("/models/tuned"), "tuned0")
COLUMNS = [BASE, TUNED, WORDS, BOTH]


@pytest.fixture
def corpus(workspace: Workspace, encoder: CharacterEncoder) -> Corpus:
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(LETTERS, 8)) for _ in range(150)]
    table = pd.DataFrame({"id": [f"p{n}" for n in range(150)], "text": texts})
    id = create_corpus(workspace, "字", table, text_column="text", id_column="id")
    corpus = load_corpus(workspace, id)
    for column, noise in ((BASE, 0.02), (TUNED, 0.2)):
        assert column.model is not None and column.fingerprint is not None
        path = corpus.vectors_path(column.fingerprint)
        path.parent.mkdir(exist_ok=True)
        vectors = CharacterEncoder().encode(workspace, column.model, texts)
        # Otherwise texts of like letters would be equally good, to the last digit or nearly so.
        vectors = vectors + noise * random.normal(size=vectors.shape).astype(np.float32)
        np.save(path, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return corpus


def some_questions(corpus: Corpus) -> list[Question]:
    random = np.random.default_rng(1)
    texts = corpus.texts()
    known = [
        Question("".join(random.choice(list(texts[3 * n]), 4)), (f"p{3 * n}", f"p{n}")[: 1 + n % 2])
        for n in range(1, 31)
    ]
    return [*dict.fromkeys(known), Question("没有答案")]


def run_job(workspace: Workspace, corpus: Corpus, questions: list[Question]) -> str:
    id = keep_set(corpus, make_set("问题", questions))
    ask_questions(running_job(workspace, "ask_questions", ask_params(corpus.info.id, id, COLUMNS)))
    return id


def test_the_jobs_figures_equal_those_of_one_call(workspace: Workspace, corpus: Corpus) -> None:
    questions = some_questions(corpus)
    id = run_job(workspace, corpus, questions)
    result = load_question_run(corpus, id, COLUMNS)
    assert result is not None
    wanted = score_questions(workspace, corpus.info.id, COLUMNS, questions=questions[:-1])
    assert result.answered == wanted.questions == len(questions) - 1
    assert result.scores == wanted.columns
    # What one column answered, counted by hand.
    encoder = CharacterEncoder()
    assert BASE.model is not None and BASE.fingerprint is not None
    passages = np.load(corpus.vectors_path(BASE.fingerprint))
    for n, question in enumerate(questions[:-1]):
        cosines = passages @ encoder.encode(workspace, BASE.model, [question.question])[0]
        order = np.argsort(-cosines, kind="stable")
        assert result.frame["top_0"][n].tolist() == [f"p{place}" for place in order[:10]]
        places = [order.tolist().index(int(id[1:])) + 1 for id in question.relevant]
        rank = result.frame["rank_0"][n]
        assert (None if pd.isna(rank) else rank) == (min(places) if min(places) <= DEPTH else None)
    assert pd.isna(result.frame["rank_0"].iloc[-1])
    assert np.isnan(result.frame["ndcg_0"].iloc[-1])


def test_wins_and_losses_are_sorted_by_size(workspace: Workspace, corpus: Corpus) -> None:
    id = run_job(workspace, corpus, some_questions(corpus))
    result = load_question_run(corpus, id, COLUMNS)
    assert result is not None
    table = result.compare(0, 1)
    assert len(table) == result.answered
    assert table["gain"].abs().is_monotonic_decreasing
    same = table[table["gain"] == 0]
    assert len(same) > 1 and same["change"].abs().is_monotonic_decreasing
    before, after = table["before"].fillna(DEPTH + 1), table["after"].fillna(DEPTH + 1)
    assert (before - after).tolist() == table["change"].tolist()
    mean, interval = result.gain(0, 1)
    change = (result.frame["ndcg_1"] - result.frame["ndcg_0"]).dropna()
    assert mean == pytest.approx(change.mean())
    assert interval is not None and interval[0] < mean < interval[1]
    assert result.won_and_lost(0, 1) == ((change > 1e-9).sum(), (change < -1e-9).sum())
    shared = result.differences(0, 2)
    first, second = (set(result.frame[f"top_{n}"][shared.index[0]]) for n in (0, 2))
    assert shared["shared"].iloc[0] == len(first & second) == shared["shared"].min()
    assert "Tuned · ndcg@10" in result.table().columns


def test_a_move_below_the_tenth_place_wins_nothing(workspace: Workspace, corpus: Corpus) -> None:
    id = run_job(workspace, corpus, some_questions(corpus))
    result = load_question_run(corpus, id, COLUMNS)
    assert result is not None
    frame = result.frame.iloc[:3].copy()
    frame["rank_0"], frame["rank_1"] = [80, 12, 3], [60, 9, 4]
    frame["ndcg_0"], frame["ndcg_1"] = [0.0, 0.0, 0.5], [0.0, 0.3, 0.43]
    result = replace(result, frame=frame)
    assert result.won_and_lost(0, 1) == (1, 1)
    assert result.compare(0, 1)["change"].tolist() == [3, -1, 20]
    assert result.gain(0, 1) == (pytest.approx(0.23 / 3), None)


def test_of_a_few_questions_no_interval_is_kept_or_read(
    workspace: Workspace, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in (9, 10):
        # A result from when an interval was made of any number of questions.
        with monkeypatch.context() as patch:
            patch.setattr(metrics, "LEAST_FOR_INTERVAL", 1)
            id = run_job(workspace, corpus, some_questions(corpus)[:count])
        result = load_question_run(corpus, id, COLUMNS)
        assert result is not None
        for scores in result.scores:
            assert scores.ndcg is not None
            assert (
                (scores.ndcg_interval is None) == (scores.recall_interval is None) == (count < 10)
            )


def test_questions_without_answers_have_no_figures(workspace: Workspace, corpus: Corpus) -> None:
    id = run_job(workspace, corpus, [Question("丁丂"), Question("七丄")])
    result = load_question_run(corpus, id, COLUMNS)
    assert result is not None
    assert (result.answered, result.scores) == (0, ())
    assert result.differences(0, 1)["question"].tolist()
    assert result.compare(0, 1).empty


def test_a_job_that_is_stopped_leaves_nothing(workspace: Workspace, corpus: Corpus) -> None:
    id = keep_set(corpus, make_set("问题", some_questions(corpus)))
    job = running_job(workspace, "ask_questions", ask_params(corpus.info.id, id, COLUMNS))
    (job.folder / STOP_FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(Stopped):
        ask_questions(job)
    assert load_question_run(corpus, id, COLUMNS) is None
    assert [path.suffix for path in (corpus.folder / question_runs.FOLDER).iterdir()] == [".json"]


def test_a_model_that_has_not_read_the_corpus_is_a_sentence(
    workspace: Workspace, corpus: Corpus
) -> None:
    id = keep_set(corpus, make_set("问题", some_questions(corpus)))
    other = Column.dense("Other", Path("/models/other"), "other0")
    with pytest.raises(MissingVectors):
        ask_questions(
            running_job(workspace, "ask_questions", ask_params(corpus.info.id, id, [other]))
        )


def test_answers_are_found_by_id_or_text(corpus: Corpus) -> None:
    texts = corpus.texts()
    frame = pd.DataFrame(
        {
            "q": ["一", " 一 ", "二", "", "三"],
            "a": ["p1|p2", f"{texts[3]}\n nope ", f" {texts[4][:4]} {texts[4][4:]} ", "p9", ""],
        }
    )
    made = questions_in(corpus, "问题", frame, "q", "a")
    assert made.questions == (
        Question("一", ("p1", "p2", "p3")),
        Question("二", ("p4",)),
        Question("三"),
    )
    assert (made.answered, made.unknown, made.unknown_count) == (2, ("nope",), 1)
    assert load_set(corpus, keep_set(corpus, made)) == made
    assert [one.id for one in list_sets(corpus)] == [made.id]
    with pytest.raises(NoQuestions):
        questions_in(corpus, "问题", frame.iloc[3:4], "q")
    for id in ("gone", "0" * 16):
        with pytest.raises(QuestionsGone):
            load_set(corpus, id)
