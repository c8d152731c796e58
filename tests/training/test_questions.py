"""Questions of one's own: kept, asked of the right texts, ranked as counted by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.store import load_dataset
from core.retrieval.corpora import Question, create_corpus
from core.training.config import EvaluationConfig, OwnQuestion
from core.training.encoding import load_model
from core.training.question_sets import (
    MOST,
    QuestionsDamaged,
    load_questions,
    save_questions,
    tidy_questions,
)
from core.training.questions import SEARCHED, SHOWN, ask, more_texts, own_questions
from core.training.report import Report
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, run_here
from tests.training.test_evaluation import planted

SHOES = OwnQuestion(question="下雨天穿什么跑步", expected="防水")
LAMP = OwnQuestion(question="夜里起床照明")


def test_questions_are_kept_in_the_workspace(workspace: Workspace) -> None:
    assert load_questions(workspace, "products") == []
    save_questions(workspace, "products", [SHOES, LAMP])
    save_questions(workspace, "drugs", [LAMP])
    assert load_questions(Workspace.open(workspace.root), "products") == [SHOES, LAMP]
    save_questions(workspace, "drugs", [])
    assert load_questions(workspace, "drugs") == []


@pytest.mark.parametrize("content", ["{", '{"a": 1}', '[{"question": ""}]', '["鞋"]', "3"])
def test_a_damaged_list_is_named_and_not_overwritten(workspace: Workspace, content: str) -> None:
    save_questions(workspace, "products", [SHOES])
    (file,) = (workspace.root / "questions").iterdir()
    file.write_text(content)
    with pytest.raises(QuestionsDamaged, match=r"products\.json"):
        load_questions(workspace, "products")
    assert file.read_text() == content


def test_what_was_typed_is_tidied() -> None:
    typed = [
        ("  下雨天穿什么跑步 ", " 防水 "),
        (None, "no question"),
        ("", ""),
        (math.nan, None),
        ("夜里起床照明", None),
        ("夜里起床照明", "灯"),
    ]
    assert tidy_questions(typed) == [SHOES, LAMP]
    assert len(tidy_questions([(f"问题{number}", None) for number in range(300)])) == MOST


def test_a_run_asks_its_own_questions_and_then_those_kept_for_its_table(
    workspace: Workspace,
) -> None:
    mine = OwnQuestion(question="学理财")
    save_questions(workspace, "products", [SHOES, LAMP])
    both = EvaluationConfig(questions=(mine, LAMP))
    assert own_questions(workspace, both, "products") == [mine, LAMP, SHOES]
    assert own_questions(workspace, EvaluationConfig(), "other") == []


def test_a_corpus_lends_its_questions(workspace: Workspace) -> None:
    table = pd.DataFrame({"id": ["a", "b"], "text": ["防水跑鞋", "小夜灯"]})
    id = create_corpus(
        workspace,
        "Shelf",
        table,
        text_column="text",
        id_column="id",
        questions=[Question("夜里照明", ("b",)), Question("别的")],
    )
    found = own_questions(workspace, EvaluationConfig(questions=id), "products")
    assert found == [
        OwnQuestion(question="夜里照明", expected="小夜灯"),
        OwnQuestion(question="别的"),
    ]


def test_answers_and_ranks_equal_a_plain_sort() -> None:
    texts = [f"商品{number}" for number in range(30)]
    texts[17] = "超级 防水 跑鞋"
    before = planted([SHOES.question, LAMP.question]) @ planted(texts).T
    after = -before
    found = ask([SHOES.model_copy(update={"expected": "防水 跑鞋"}), LAMP], texts, before, after)
    assert (found.corpus, found.texts) == (None, 30)
    for one, old, new in zip(found.asked, before, after, strict=True):
        for side, scores in ((one.before, old), (one.after, new)):
            order = np.argsort(-scores)
            assert side.texts == tuple(texts[place] for place in order[:SHOWN])
            assert side.similarities == pytest.approx(scores[order[:SHOWN]])
            wanted = 1 + order.tolist().index(17) if one.expected else None
            assert side.rank == wanted
    gone = ask([OwnQuestion(question="鞋", expected="没有")], texts, before[:1], after[:1])
    assert gone.asked[0].after.rank is None


def test_texts_with_the_expected_words_are_always_searched() -> None:
    others = [f"训练{number}" for number in range(3000)] + ["真正防水的鞋"]
    passages = [f"留出{number}" for number in range(100)]
    more = more_texts([SHOES, LAMP], passages, [*others, "留出3"], seed=1)
    assert len(more) == SEARCHED - 100 and "真正防水的鞋" in more and "留出3" not in more
    assert more_texts([SHOES], passages * 20, others, seed=1) == []


def test_after_a_run_the_report_answers_them_as_the_models_do(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    from core.models.bases import BaseConfig

    info = load_dataset(workspace, triplets).info
    frame = load_dataset(workspace, triplets).frame()
    save_questions(workspace, info.family, [OwnQuestion(question="夜里照明", expected="夜灯")])
    config = make_config(triplets, BaseConfig(kind="folder", path=str(tiny_base)), epochs=1)
    folder = run_here(workspace, config)
    report = Report.load(folder)
    assert report is not None and report.own_questions is not None
    (asked,) = report.own_questions.asked
    assert report.own_questions.texts == len({*frame["positive"], *asked_negatives(folder)})
    for path, side in ((tiny_base, asked.before), (folder / "model", asked.after)):
        model = load_model(path, "cpu")
        texts = sorted({*frame["positive"], *asked_negatives(folder)})
        scores = (
            model.encode(["夜里照明"], normalize_embeddings=True)
            @ model.encode(texts, normalize_embeddings=True).T
        )[0]
        assert side.similarities == pytest.approx(np.sort(scores)[::-1][:SHOWN], abs=1e-5)
        right = max(score for score, text in zip(scores, texts, strict=True) if "夜灯" in text)
        assert side.rank == 1 + (scores > right + 1e-7).sum()


def asked_negatives(folder: Path) -> list[str]:
    """The wrong answers of the held-out rows, which are searched too."""
    found: list[str] = pd.read_parquet(folder / "held_out.parquet")["negative"].tolist()
    return found
