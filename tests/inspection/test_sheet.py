"""The texts of a matrix: from examples, from what was pasted, from rows."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from core.inspection.sheet import Asked, Sheet, sheet_of_examples, sheet_of_lines, sheet_of_rows
from core.inspection.widgets import Example


def example(source: str, *roles: str) -> Example:
    sentences = tuple(f"{source}{i}" for i in range(len(roles)))
    return Example(source, sentences, roles, (None,) * len(roles))


def answers(sheet: Sheet, number: int = 0) -> tuple[str, list[str], list[str]]:
    one = sheet.questions[number]
    return (
        sheet.texts[one.source],
        [sheet.texts[at] for at in one.answers],
        [sheet.texts[at] for at in one.pool if at not in (one.source, *one.right)],
    )


def test_examples_answer_within_their_group() -> None:
    sheet = sheet_of_examples([example("a", "other", "positive"), example("b", "positive")])
    assert sheet.texts == ("a", "a0", "a1", "b", "b0")
    assert sheet.labels == ("A1", "B1", "C1", "A2", "B2")
    assert sheet.groups == (0, 0, 0, 1, 1)
    assert answers(sheet) == ("a", ["a1"], ["a0"])
    assert answers(sheet, 1) == ("b", ["b0"], [])
    assert sheet.pairs() == [(0, 2), (3, 4)]
    alone = sheet_of_examples([example("a", "other")], numbered=False)
    assert alone.labels == ("A", "B")
    assert alone.questions == ()


def test_lines_are_texts_once_each() -> None:
    sheet = sheet_of_lines("红鞋\n\n  蓝鞋 \r\n红鞋\n“quoted” 'x'\n")
    assert sheet.texts == ("红鞋", "蓝鞋", "“quoted” 'x'")
    assert sheet.labels == ("1", "2", "3")
    assert sheet.questions == ()


def test_two_columns_are_texts_with_their_answers() -> None:
    sheet = sheet_of_lines('红鞋\tred shoe\n蓝鞋\t"blue\nshoe"\t9\n红鞋\tcrimson shoe\n')
    assert sheet.texts == ("红鞋", "red shoe", "蓝鞋", "blue\nshoe", "crimson shoe")
    assert sheet.groups == (0, 0, 1, 1, 2)
    assert answers(sheet) == ("红鞋", ["red shoe", "crimson shoe"], ["blue\nshoe"])
    assert answers(sheet, 1) == ("蓝鞋", ["blue\nshoe"], ["red shoe", "crimson shoe"])


def test_a_tab_in_some_lines_only_makes_no_columns() -> None:
    sheet = sheet_of_lines("a\tb\nc\n\td\n")
    assert sheet.texts == ("a", "c", "d")
    assert sheet.questions == ()


def test_nothing_but_spaces_is_no_text() -> None:
    assert len(sheet_of_lines(" \n\t\n　\n")) == 0


def test_quotation_marks_that_are_never_closed_lose_no_text() -> None:
    assert sheet_of_lines('5" screen\n"6 inch\n7" tablet\n').texts == (
        '5" screen',
        '"6 inch',
        '7" tablet',
    )


def test_an_inch_mark_does_not_swallow_the_answer() -> None:
    sheet = sheet_of_lines('12" pipe\ta\n"x\tb\n"""y"" z"\t"c\nd"\n5"\t"e"\n')
    assert sheet.texts == ('12" pipe', "a", '"x', "b", '"y" z', "c\nd", '5"', "e")
    assert [answers(sheet, at)[:2] for at in range(4)] == [
        ('12" pipe', ["a"]),
        ('"x', ["b"]),
        ('"y" z', ["c\nd"]),
        ('5"', ["e"]),
    ]


def test_rows_with_negatives() -> None:
    frame = pd.DataFrame(
        {
            "anchor": ["q1", "q2"],
            "positive": ["a1", "a2"],
            "negative": ["n1", "a1"],
            "row": [1, 2],
            "split": ["train", "train"],
        }
    )
    sheet = sheet_of_rows(frame)
    assert sheet.texts == ("q1", "a1", "n1", "q2", "a2")
    assert answers(sheet, 1) == ("q2", ["a2"], ["a1", "n1"])


def test_scored_pairs_below_the_middle_are_wrong_answers() -> None:
    frame = pd.DataFrame({"anchor": ["q", "q"], "positive": ["far", "near"], "score": [0.1, 0.9]})
    assert answers(sheet_of_rows(frame)) == ("q", ["near"], ["far"])


def test_texts_of_a_class_are_a_group() -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c", "a"], "label": ["x", "y", "x", "x"]})
    sheet = sheet_of_rows(frame)
    assert sheet.groups == (0, 1, 0)
    assert [answers(sheet, i) for i in (0, 1)] == [("a", ["c"], ["b"]), ("c", ["a"], ["b"])]
    assert sheet_of_rows(frame[["text"]]).questions == ()


def test_another_order_keeps_questions_and_a_part_keeps_those_that_are_whole() -> None:
    sheet = sheet_of_lines("q1\ta1\nq2\ta2\n")
    turned = sheet.taken(np.array([3, 2, 1, 0]))
    assert turned.texts == ("a2", "q2", "a1", "q1")
    assert answers(turned) == ("q1", ["a1"], ["a2"])
    assert turned.digest != sheet.digest == sheet_of_lines("q1\ta1\nq2\ta2\n").digest
    part = sheet.taken([2, 3])
    assert [answers(part, i) for i in range(len(part.questions))] == [("q2", ["a2"], [])]


def test_what_a_verdict_is_about() -> None:
    assert sheet_of_examples([example("a", "positive")]).asked is Asked.GROUP
    pasted = sheet_of_lines("q1\ta1\nq2\ta2\n")
    assert pasted.asked is pasted.taken([0, 1]).asked is Asked.ROW
    classes = pd.DataFrame({"text": ["a", "b", "c"], "label": ["x", "x", None]})
    sheet = sheet_of_rows(classes)
    assert sheet.asked is Asked.CLASS
    assert [sheet.texts[one.source] for one in sheet.questions] == ["a", "b"]


def test_two_classes_of_thousands_of_texts_take_a_moment() -> None:
    frame = pd.DataFrame(
        {"text": [f"text {at}" for at in range(5_000)], "label": [at % 2 for at in range(5_000)]}
    )
    began = time.process_time()
    sheet = sheet_of_rows(frame)
    turned = sheet.taken(np.arange(5_000)[::-1])
    assert time.process_time() - began < 0.5
    first = turned.questions[0]
    assert first.source == 4_999
    assert first.answers == list(range(4_999 - 2, 0, -2))
    assert turned.questions[2].right is first.right
