"""Answers side by side and their figures, recomputed independently."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score

from core.encoder import client
from core.models.roles import Role
from core.problems import N_, Problem
from core.retrieval import answers as answers_module
from core.retrieval.answers import Column, MissingVectors, MissingWordIndex
from core.retrieval.corpora import Question, create_corpus, load_corpus
from core.retrieval.scoring import NoJudgedQuestions, score_questions
from core.retrieval.search import EmptyQuestion, NoColumns, NothingLeft, search
from core.workspace import UnknownItem, Workspace
from tests.retrieval.stand_in import WIDTH, CharacterEncoder

SHOES = ["红色跑鞋", "黑色雨靴 防水", "白色凉鞋", "蓝色跑鞋 防水", "雨伞", "布袋"]
BASE = Column.dense("Base", Path("/models/base"), "base0")
TUNED = Column.dense("Tuned", Path("/models/tuned"), "tuned0")
WORDS = Column.lexical()


def _corpus(workspace: Workspace, texts: list[str], questions: list[Question]) -> str:
    table = pd.DataFrame(
        {"id": [f"p{i}" for i in range(len(texts))], "text": texts, "color": texts}
    )
    return create_corpus(
        workspace, "鞋", table, text_column="text", id_column="id", questions=questions
    )


def _encode_corpus(workspace: Workspace, corpus_id: str, *columns: Column) -> None:
    """Put the vectors where the job would."""
    corpus = load_corpus(workspace, corpus_id)
    for column in columns:
        assert column.model is not None and column.fingerprint is not None
        path = corpus.vectors_path(column.fingerprint)
        path.parent.mkdir(exist_ok=True)
        np.save(path, CharacterEncoder().encode(workspace, column.model, corpus.texts()))


@pytest.fixture
def shoes(workspace: Workspace, encoder: CharacterEncoder) -> str:
    id = _corpus(workspace, SHOES, [Question("防水的跑鞋", ("p3",)), Question("夏天")])
    _encode_corpus(workspace, id, BASE, TUNED)
    return id


def test_scores_and_ranks_equal_numpys(workspace: Workspace, shoes: str) -> None:
    answers = search(workspace, shoes, "  防水的跑鞋 \n", [BASE, TUNED], k=4)
    assert answers.question == "防水的跑鞋"
    cosines = {}
    for column in (BASE, TUNED):
        assert column.model is not None
        vectors = CharacterEncoder().encode(workspace, column.model, [*SHOES, "防水的跑鞋"])
        cosines[column] = vectors[:-1] @ vectors[-1]
    base_order = np.argsort(-cosines[BASE], kind="stable").tolist()
    for answer in answers.columns:
        order = np.argsort(-cosines[answer.column], kind="stable")[:4].tolist()
        assert [hit.id for hit in answer.hits] == [f"p{i}" for i in order]
        assert [hit.text for hit in answer.hits] == [SHOES[i] for i in order]
        assert [hit.rank for hit in answer.hits] == [1, 2, 3, 4]
        np.testing.assert_allclose(
            [hit.score for hit in answer.hits], cosines[answer.column][order], atol=1e-6
        )
        assert [hit.base_rank for hit in answer.hits] == [base_order.index(i) + 1 for i in order]
        assert answer.shared == len(set(order) & set(base_order[:4]))
        assert answer.problem is None
    assert all(hit.change == 0 for hit in answers.columns[0].hits)
    assert answers.columns[0].hits[0].fields == {"color": answers.columns[0].hits[0].text}


def test_words_find_only_what_shares_a_word(workspace: Workspace, shoes: str) -> None:
    base, words = search(workspace, shoes, "雨", [BASE, WORDS]).columns
    assert {hit.id for hit in words.hits} == {"p1", "p4"}
    assert len(base.hits) == len(SHOES)
    assert words.shared == 2
    for hit in words.hits:
        assert hit.base_rank is not None
        assert hit.change == hit.base_rank - hit.rank
    # The other way round, what the words do not find has no rank to compare with.
    _, dense = search(workspace, shoes, "雨", [WORDS, BASE]).columns
    assert {hit.id for hit in dense.hits if hit.change is not None} == {"p1", "p4"}
    assert dense.shared == 2


def test_what_the_first_column_shows_and_another_does_not_is_lost(
    workspace: Workspace, shoes: str
) -> None:
    base, tuned = search(workspace, shoes, "防水的跑鞋", [BASE, TUNED], k=3).columns
    assert base.lost == ()
    assert tuned.shared == 3 - len(tuned.lost)
    full = search(workspace, shoes, "防水的跑鞋", [BASE, TUNED], k=6).columns
    shown = {hit.id for hit in tuned.hits}
    assert [one.hit for one in tuned.lost] == [hit for hit in base.hits if hit.id not in shown]
    ranks = {hit.id: hit.rank for hit in full[1].hits}
    assert [one.rank for one in tuned.lost] == [ranks[one.hit.id] for one in tuned.lost]
    words = search(workspace, shoes, "雨", [BASE, WORDS], k=3).columns[1]
    assert [one.rank for one in words.lost if one.hit.id not in {"p1", "p4"}] == [None] * len(
        [one for one in words.lost if one.hit.id not in {"p1", "p4"}]
    )


def test_the_fusion_is_the_sum_of_reciprocal_ranks(workspace: Workspace, shoes: str) -> None:
    assert TUNED.model is not None and TUNED.fingerprint is not None
    both = Column.fused("Both", TUNED.model, TUNED.fingerprint)
    tuned, words, fused = search(workspace, shoes, "防水跑鞋", [TUNED, WORDS, both]).columns
    expected = dict.fromkeys((hit.id for hit in tuned.hits), 0.0)
    for hit in (*tuned.hits, *words.hits):
        expected[hit.id] += 1 / (60 + hit.rank)
    for hit in fused.hits:
        assert hit.score == pytest.approx(expected[hit.id])
    assert [hit.rank for hit in fused.hits] == [1, 2, 3, 4, 5, 6]
    scores = [hit.score for hit in fused.hits]
    assert scores == sorted(scores, reverse=True)


def test_a_filter_holds_for_every_column(workspace: Workspace, shoes: str) -> None:
    assert TUNED.model is not None and TUNED.fingerprint is not None
    both = Column.fused("Both", TUNED.model, TUNED.fingerprint)
    mask = np.array(["雨" in text for text in SHOES])
    found = search(workspace, shoes, "雨天的鞋", [BASE, WORDS, both], mask=mask)
    assert found.rows == 2
    for column in found.columns:
        assert {hit.id for hit in column.hits} == {"p1", "p4"}
        assert [hit.rank for hit in column.hits] == [1, 2]
        assert all(hit.base_rank in (1, 2) for hit in column.hits)
    with pytest.raises(NothingLeft):
        search(workspace, shoes, "雨", [BASE], mask=np.zeros(6, dtype=bool))


def test_a_planted_change_of_rank(workspace: Workspace, encoder: CharacterEncoder) -> None:
    """The tuned model turns the order of twenty texts upside down."""
    texts = [f"t{i}" for i in range(20)]
    id = _corpus(workspace, texts, [])
    question = encoder.encode(workspace, Path("/models/base"), ["?"])[0]
    rest = np.eye(WIDTH, dtype=np.float32)[int(question.argmin())]
    closeness = np.linspace(0.9, 0.1, 20, dtype=np.float32)[:, None]
    rows = closeness * question + np.sqrt(1 - closeness**2) * rest
    corpus = load_corpus(workspace, id)
    corpus.vectors_path("a").parent.mkdir()
    np.save(corpus.vectors_path("a"), rows)
    np.save(corpus.vectors_path("b"), rows[::-1])
    columns = [Column.dense(name, Path("/models/base"), name) for name in ("a", "b")]
    base, tuned = search(workspace, id, "?", columns, k=3).columns
    assert [hit.id for hit in base.hits] == ["p0", "p1", "p2"]
    assert [(hit.id, hit.base_rank, hit.change) for hit in tuned.hits] == [
        ("p19", 20, 19),
        ("p18", 19, 17),
        ("p17", 18, 15),
    ]
    assert tuned.shared == 0


def test_a_model_not_encoded_yet_says_so_and_the_others_answer(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = _corpus(workspace, SHOES, [Question("雨", ("p1",))])
    _encode_corpus(workspace, id, TUNED)
    base, tuned = search(workspace, id, "雨", [BASE, TUNED]).columns
    assert isinstance(base.problem, MissingVectors)
    assert str(base.problem) == (
        "The corpus 鞋 has not been encoded with Base yet. "
        "Start the encoding; it runs in the background and is kept."
    )
    assert base.hits == ()
    assert tuned.hits
    assert tuned.shared is None
    assert all(hit.change is None for hit in tuned.hits)
    scores = score_questions(workspace, id, [BASE, TUNED]).columns
    assert isinstance(scores[0].problem, MissingVectors)
    assert scores[0].ndcg is None
    assert scores[1].ndcg is not None


def test_vectors_of_another_width_count_as_missing(
    workspace: Workspace, shoes: str, encoder: CharacterEncoder
) -> None:
    encoder.width = 32
    (base,) = search(workspace, shoes, "雨", [BASE]).columns
    assert isinstance(base.problem, MissingVectors)


class FolderGone(Problem):
    what = N_("gone")


def test_a_model_that_cannot_be_loaded_does_not_take_the_others_with_it(
    workspace: Workspace, shoes: str, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(workspace: Workspace, model: Path, texts: list[str], role: Role) -> np.ndarray:
        if model == TUNED.model:
            raise FolderGone
        return encoder.encode(workspace, model, texts, role)

    monkeypatch.setattr(client, "encode", encode)
    base, tuned, words = search(workspace, shoes, "雨", [BASE, TUNED, WORDS]).columns
    assert isinstance(tuned.problem, FolderGone)
    assert base.hits and words.hits
    table = score_questions(workspace, shoes, [BASE, TUNED, WORDS])
    assert isinstance(table.columns[1].problem, FolderGone)
    assert table.columns[2].ndcg is not None


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "　"])
def test_an_empty_question_is_refused(workspace: Workspace, shoes: str, question: str) -> None:
    with pytest.raises(EmptyQuestion) as caught:
        search(workspace, shoes, question, [BASE])
    assert str(caught.value) == (
        "The question is empty. Type a question, or choose one of the examples."
    )


def test_nobody_to_ask_and_nothing_to_ask(workspace: Workspace, shoes: str) -> None:
    with pytest.raises(NoColumns) as caught:
        search(workspace, shoes, "雨", [])
    assert "Choose at least one model, or BM25." in str(caught.value)
    with pytest.raises(NoColumns):
        score_questions(workspace, shoes, [])
    with pytest.raises(UnknownItem):
        search(workspace, "gone", "雨", [BASE])


def test_a_very_long_question_and_a_corpus_of_one_row(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = _corpus(workspace, ["雨靴"], [])
    _encode_corpus(workspace, id, BASE)
    base, words = search(workspace, id, "雨天穿什么" * 2_000, [BASE, WORDS]).columns
    assert [hit.id for hit in base.hits] == [hit.id for hit in words.hits] == ["p0"]


def test_the_word_index_is_built_once_and_big_ones_by_a_job(
    workspace: Workspace, shoes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = load_corpus(workspace, shoes)
    monkeypatch.setattr(answers_module, "LEXICAL_AT_ONCE_ROWS", 5)
    (words,) = search(workspace, shoes, "雨", [WORDS]).columns
    assert isinstance(words.problem, MissingWordIndex)
    assert "The corpus 鞋 has no word index yet." in str(words.problem)
    monkeypatch.undo()
    search(workspace, shoes, "雨", [WORDS])
    built = (corpus.lexical_folder).stat().st_mtime_ns
    search(workspace, shoes, "鞋", [WORDS])
    assert corpus.lexical_folder.stat().st_mtime_ns == built


def test_a_corpus_that_was_deleted_and_added_again_still_answers(
    workspace: Workspace, shoes: str
) -> None:
    search(workspace, shoes, "雨", [WORDS])
    shutil.rmtree(workspace.corpora / shoes)
    again = _corpus(workspace, SHOES, [Question("防水的跑鞋", ("p3",)), Question("夏天")])
    assert again == shoes
    (words,) = search(workspace, again, "雨", [WORDS]).columns
    assert {hit.id for hit in words.hits} == {"p1", "p4"}


def test_figures_over_the_corpus_own_questions_equal_independent_ones(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    generator = np.random.default_rng(0)
    letters = [chr(0x4E00 + i) for i in range(30)]
    texts = ["".join(generator.choice(letters, 6)) for _ in range(60)]
    questions = [
        Question("".join(generator.choice(letters, 4)), (f"p{2 * i}", f"p{2 * i + 1}")[: i % 2 + 1])
        for i in range(25)
    ]
    questions.append(Question("没有答案"))
    id = _corpus(workspace, texts, questions)
    _encode_corpus(workspace, id, BASE, TUNED)
    encoder.asked.clear()
    table = score_questions(workspace, id, [BASE, TUNED, WORDS])
    assert (table.questions, table.k) == (25, 10)
    # All judged questions in one call to each model.
    assert [len(asked) for _, asked in encoder.asked] == [25, 25]
    truth = np.zeros((25, 60), dtype=int)
    for i, question in enumerate(questions[:25]):
        truth[i, [int(answer[1:]) for answer in question.relevant]] = 1
    for scores in table.columns[:2]:
        assert scores.column.model is not None
        reference = CharacterEncoder()
        passages = reference.encode(workspace, scores.column.model, texts).astype(np.float64)
        asked = reference.encode(
            workspace, scores.column.model, [question.question for question in questions[:25]]
        )
        # Break ties as the index does: of equal scores the earlier text wins.
        products = np.round(asked @ passages.T, 6) - np.arange(60) * 1e-9
        assert scores.ndcg == pytest.approx(ndcg_score(truth, products, k=10), abs=2e-3)
        order = np.argsort(-products, axis=1)[:, :10]
        hits = np.take_along_axis(truth, order, axis=1)
        first = [1 / (row.argmax() + 1) if row.any() else 0 for row in hits]
        assert scores.mrr == pytest.approx(np.mean(first), abs=2e-3)
        recall = np.mean(hits.sum(axis=1) / truth.sum(axis=1))
        assert scores.recall == pytest.approx(recall, abs=2e-3)
        assert scores.ndcg_interval is not None and scores.ndcg is not None
        assert scores.ndcg_interval[0] < scores.ndcg < scores.ndcg_interval[1]


def test_planted_vectors_give_planted_figures(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    """Right answers stand first for the tuned column and second for the base."""
    questions = ["甲", "乙丙", "丁戊己"]
    id = _corpus(
        workspace,
        [f"t{i}" for i in range(6)],
        [Question(question, (f"p{i}",)) for i, question in enumerate(questions)],
    )
    asked = encoder.encode(workspace, Path("/models/base"), questions)
    corpus = load_corpus(workspace, id)
    corpus.vectors_path("tuned").parent.mkdir()
    zeros = np.zeros_like(asked)
    np.save(corpus.vectors_path("tuned"), np.concatenate([asked, zeros]))
    np.save(corpus.vectors_path("base"), np.concatenate([asked * 0.9, asked]))
    columns = [Column.dense(name, Path("/models/base"), name) for name in ("base", "tuned")]
    base, tuned = score_questions(workspace, id, columns).columns
    assert (tuned.ndcg, tuned.mrr, tuned.recall) == (1, 1, 1)
    assert base.ndcg == pytest.approx(1 / np.log2(3))
    assert (base.mrr, base.recall) == (0.5, 1)


def test_a_job_with_its_models_loaded_needs_no_encoder_process(
    workspace: Workspace, shoes: str, encoder: CharacterEncoder
) -> None:
    own = CharacterEncoder()
    table = score_questions(workspace, shoes, [TUNED], encode=partial(own.encode, workspace))
    assert own.texts == ["防水的跑鞋"]
    assert encoder.asked == []
    assert table == score_questions(workspace, shoes, [TUNED])


def test_a_corpus_without_judged_questions_cannot_be_scored(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = _corpus(workspace, SHOES, [Question("夏天")])
    with pytest.raises(NoJudgedQuestions) as caught:
        score_questions(workspace, id, [WORDS])
    assert "There are no questions with known right answers for 鞋." in str(caught.value)
