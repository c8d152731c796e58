"""Texts that are easily confused: which are found, and that the counting is right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data.shapes import Shape
from core.retrieval.lexical import LexicalIndex
from core.training.baseline import Vectors
from core.training.confusables import (
    FEWEST,
    Kind,
    dense_margins,
    find_twins,
    judge_twins,
    lexical_margins,
)
from core.training.examination import Examination, prepare
from core.training.tasks import Task, make_task
from core.workspace import PROJECT_ROOT
from tests.training.test_evaluation import planted

SHELF = pd.DataFrame(
    [
        ("阿莫西林小规格", "阿莫西林胶囊 0.25g*24粒"),
        ("阿莫西林大规格", "阿莫西林胶囊 0.5g*24粒"),
        ("布洛芬怎么吃", "布洛芬片的用法：口服"),
        ("布洛芬谁不能吃", "布洛芬片的禁忌：孕妇禁用"),
        ("男鞋", "红色防水透气越野登山跑步鞋男款"),
        ("女鞋", "超轻红色防水透气越野登山跑步鞋女款"),
        ("键盘", "机械键盘"),
        ("耳机", "Ａ１ 降噪耳机"),
    ],
    columns=["anchor", "positive"],
)


def shelf_task() -> Task:
    return make_task(SHELF, Shape.PAIRS)


def test_other_strength_other_attribute_and_nearly_the_same_wording_are_found() -> None:
    task = shelf_task()
    found = {
        task.questions[twin.question]: (twin.text, twin.kind)
        for twin in find_twins(task, SHELF, seed=1)
    }
    assert found == {
        "阿莫西林小规格": ("阿莫西林胶囊 0.5g*24粒", Kind.NUMBER),
        "阿莫西林大规格": ("阿莫西林胶囊 0.25g*24粒", Kind.NUMBER),
        "布洛芬怎么吃": ("布洛芬片的禁忌：孕妇禁用", Kind.NAME),
        "布洛芬谁不能吃": ("布洛芬片的用法：口服", Kind.NAME),
        "男鞋": ("超轻红色防水透气越野登山跑步鞋女款", Kind.WORDING),
        "女鞋": ("红色防水透气越野登山跑步鞋男款", Kind.WORDING),
    }


def test_a_right_answer_from_any_row_is_never_a_twin() -> None:
    also = pd.DataFrame([("阿莫西林小规格", "阿莫西林胶囊 0.5g*24粒")], columns=SHELF.columns)
    task = shelf_task()
    asked = [
        task.questions[twin.question] for twin in find_twins(task, pd.concat([SHELF, also]), seed=1)
    ]
    assert "阿莫西林小规格" not in asked and "阿莫西林大规格" in asked


def test_texts_that_differ_in_capitals_and_width_alone_are_the_same() -> None:
    same = pd.DataFrame([("别的", "A1 降噪耳机")], columns=SHELF.columns)
    task = shelf_task()
    asked = [
        task.questions[twin.question] for twin in find_twins(task, pd.concat([SHELF, same]), seed=1)
    ]
    assert "耳机" not in asked


def test_margins_and_shares_equal_a_plain_count() -> None:
    task = shelf_task()
    twins = find_twins(task, SHELF, seed=1)
    vectors = planted([twin.text for twin in twins])
    margins = dense_margins(twins, planted(task.questions), planted(task.passages), vectors)
    words = lexical_margins(task, twins)
    index = LexicalIndex.build(task.passages)
    for twin, margin, word in zip(twins, margins, words, strict=True):
        question = task.questions[twin.question]
        right = task.passages[twin.passage]
        asked, one, other = planted([question, right, twin.text])
        assert margin == pytest.approx(asked @ one - asked @ other, abs=1e-6)
        scores = index.scores(question)
        place = task.passages.index(twin.text)
        assert word == pytest.approx(scores[twin.passage] - scores[place])
    test = judge_twins(task, twins, np.full(len(twins), -1.0), margins, words)
    together = test.outcomes[0]
    assert (together.kind, together.count, together.before) == ("", 6, 0.0)
    assert together.after == pytest.approx(sum(margins > 0) / 6)
    assert together.bm25 == pytest.approx(sum(words > 0) / 6)
    assert sum(outcome.count for outcome in test.outcomes[1:]) == 6
    assert len(test.mistakes) == min(5, sum(margins <= 0))


def examine(held_out: pd.DataFrame, train: pd.DataFrame, **options: bool) -> Examination:
    shape = Shape.CLASSES if "label" in held_out else Shape.PAIRS
    return prepare(held_out, train, shape, 1, **options)


def test_drug_labels_are_tested_and_the_base_reads_the_twins_too() -> None:
    frame = pd.read_csv(PROJECT_ROOT / "sample_data" / "drug_questions.csv", dtype=str)[:2000]
    frame = frame.rename(columns={"question": "anchor", "passage": "positive"})
    examination = examine(frame[:150], frame[150:])
    assert len(examination.twins) >= FEWEST and examination.no_twins is None
    assert {twin.text for twin in examination.twins} <= set(examination.passages)
    assert len(set(examination.passages)) == len(examination.passages)
    first = Vectors(planted(examination.questions), planted(examination.passages))
    second = Vectors(-first.questions, first.passages)
    test = examination.compare_twins(first, second)
    assert test is not None and test.outcomes[0].count == len(examination.twins)
    # Turned round, a model is right where it was wrong.
    assert test.outcomes[0].before + test.outcomes[0].after == pytest.approx(1)


def test_where_the_test_is_left_out_the_report_says_why() -> None:
    few = examine(SHELF[:4], SHELF[4:])
    assert few.twins == () and few.no_twins is not None
    assert "only 4 pairs of texts" in few.no_twins.text()
    off = examine(SHELF[:4], SHELF[4:], test_twins=False)
    assert off.no_twins is not None and "switched off" in off.no_twins.text()
    labels = pd.DataFrame({"text": ["甲一", "甲二", "乙一", "乙二"], "label": list("aabb")})
    classes = examine(labels, labels)
    assert classes.no_twins is not None and "has none" in classes.no_twins.text()
    nothing = Vectors(np.ones((4, 2), np.float32), np.ones((8, 2), np.float32))
    assert off.compare_twins(nothing, nothing) is None
