"""Judgements survive everything: the last word counts, and all of it can be taken back."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

from core.data.check import TooFewRows
from core.data.store import load_dataset
from core.retrieval.corpora import Corpus, Question, create_corpus, load_corpus
from core.retrieval.finding import find_texts
from core.retrieval.judged_rows import NothingToTrain, judged_rows, store_judged
from core.retrieval.judgements import (
    JUDGEMENTS_FILE,
    Mark,
    carry_over,
    has_judged,
    judge,
    judged_question,
    judged_questions,
    scorable,
    undo,
)
from core.retrieval.tokens import fold
from core.workspace import PROJECT_ROOT, Workspace

TEXTS = [f"商品 {n} ＡＸ{n}" for n in range(30)]


@pytest.fixture
def corpus(workspace: Workspace) -> Corpus:
    table = pd.DataFrame({"id": [f"p{n}" for n in range(30)], "text": TEXTS})
    questions = [Question("防水 跑鞋", ("p1", "p2")), Question("灯")]
    id = create_corpus(
        workspace, "商品", table, text_column="text", id_column="id", questions=questions
    )
    return load_corpus(workspace, id)


def test_the_last_word_counts_and_can_be_taken_back(corpus: Corpus) -> None:
    judge(corpus, "台灯", "p3", "right")
    judge(corpus, " 台灯 ", "p4", Mark.WRONG)
    judge(corpus, "台灯", "p3", "wrong")
    assert judged_question(corpus, "台灯").wrong == ("p4", "p3")
    assert undo(corpus)
    (one,) = judged_questions(corpus)
    assert (one.question, one.right, one.wrong) == ("台灯", ("p3",), ("p4",))
    assert one.mark("p3") is Mark.RIGHT and one.mark("p9") is None
    judge(corpus, "台灯", "p3", None)
    assert judged_question(corpus, "台灯").right == ()
    assert [undo(corpus) for _ in range(4)] == [True, True, True, False]
    assert judged_questions(corpus) == []


def test_width_case_and_spaces_make_no_other_question(corpus: Corpus) -> None:
    judge(corpus, "AX55  路由器", "p3", "right")
    judge(corpus, "ａｘ55 路由器", "p4", "right")
    (one,) = judged_questions(corpus)
    assert one.right == ("p3", "p4")


def test_what_came_with_the_corpus_counts_unless_somebody_says_otherwise(corpus: Corpus) -> None:
    assert judged_question(corpus, "防水 跑鞋").relevant == ("p1", "p2")
    judge(corpus, "防水 跑鞋", "p2", "wrong")
    judge(corpus, "防水 跑鞋", "p5", "right", missing=True)
    one = judged_question(corpus, "防水 跑鞋")
    assert (one.relevant, one.missing) == (("p1", "p5"), ("p5",))
    judge(corpus, "灯", "p7", "wrong")
    assert scorable(judged_questions(corpus)) == [Question("防水 跑鞋", ("p1", "p5"))]


def test_a_line_cut_short_by_a_crash_loses_nothing_else(corpus: Corpus) -> None:
    judge(corpus, "灯", "p1", "right")
    with (corpus.folder / JUDGEMENTS_FILE).open("ab") as file:
        file.write(b'{"question": "\xe7\x81')
    judge(corpus, "灯", "p2", "right")
    assert judged_question(corpus, "灯").right == ("p1", "p2")
    undo(corpus)
    assert judged_question(corpus, "灯").right == ("p1",)


def test_everybody_takes_back_what_they_said_themselves(corpus: Corpus) -> None:
    judge(corpus, "灯", "p1", "right", by="anna")
    judge(corpus, "灯", "p2", "right", by="bo")
    judge(corpus, "灯", "p1", "wrong", by="bo")
    judge(corpus, "灯", "p3", "right")
    assert has_judged(corpus, "anna") and not has_judged(corpus, "chen")
    assert not undo(corpus, "chen")
    assert undo(corpus, "anna") and not undo(corpus, "anna")
    one = judged_question(corpus, "灯")
    assert (one.right, one.wrong) == (("p2", "p3"), ("p1",))
    assert undo(corpus, "bo") and undo(corpus, "bo") and not has_judged(corpus, "bo")
    one = judged_question(corpus, "灯")
    assert (one.right, one.wrong) == (("p3",), ())


def test_two_processes_judge_at_the_same_time(corpus: Corpus, workspace: Workspace) -> None:
    code = (
        "import sys; from pathlib import Path; from core.workspace import Workspace;"
        "from core.retrieval.corpora import load_corpus;"
        "from core.retrieval.judgements import judge;"
        "corpus = load_corpus(Workspace.open(Path(sys.argv[1])), sys.argv[2]);"
        "[judge(corpus, f'{sys.argv[3]}{n}', 'p1', 'right') for n in range(20)]"
    )
    command = [sys.executable, "-c", code, str(workspace.root), corpus.info.id]
    both = [subprocess.Popen([*command, name], cwd=PROJECT_ROOT) for name in ("a", "b")]
    assert [process.wait(120) for process in both] == [0, 0]
    lines = (corpus.folder / JUDGEMENTS_FILE).read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) == 40
    assert len(judged_questions(corpus)) == 40


def test_rows_to_train_on(corpus: Corpus, workspace: Workspace) -> None:
    for n in range(10):
        judge(corpus, f"问题{n}", f"p{n}", "right")
    judge(corpus, "问题0", "p20", "wrong")
    judge(corpus, "问题0", "p21", "wrong")
    judge(corpus, "问题11", "p22", "wrong")
    questions = judged_questions(corpus)
    pairs = judged_rows(corpus, questions, with_wrong=False)
    assert pairs.to_numpy().tolist() == [[f"问题{n}", TEXTS[n]] for n in range(10)]
    triplets = judged_rows(corpus, questions, with_wrong=True)
    assert triplets.to_numpy().tolist() == [["问题0", TEXTS[0], TEXTS[n]] for n in (20, 21)]
    id = store_judged(workspace, corpus, questions, "判断", with_wrong=False)
    dataset = load_dataset(workspace, id)
    assert dataset.frame()["positive"].tolist() == TEXTS[:10]
    assert dataset.frame()["row"].tolist() == list(range(2, 12))
    with pytest.raises(TooFewRows):
        store_judged(workspace, corpus, questions, "判断", with_wrong=True)
    with pytest.raises(NothingToTrain):
        store_judged(workspace, corpus, questions[1:], "判断", with_wrong=True)


def test_a_larger_corpus_takes_the_judgements_along(corpus: Corpus, workspace: Workspace) -> None:
    judge(corpus, "灯", "p1", "right", missing=True)
    judge(corpus, "灯", "p2", "wrong")
    table = pd.DataFrame({"id": ["p1", "new"], "text": ["一", "二"]})
    new = load_corpus(
        workspace, create_corpus(workspace, "新", table, text_column="text", id_column="id")
    )
    assert carry_over(corpus, new) == 1
    (one,) = judged_questions(new)
    assert (one.right, one.wrong, one.missing) == (("p1",), (), ("p1",))


def test_texts_are_found_by_a_part_or_their_id(corpus: Corpus) -> None:
    assert [row["id"] for row in find_texts(corpus, " ax12 ")] == ["p12"]
    assert [row["id"] for row in find_texts(corpus, "p7")] == ["p7"]
    assert len(find_texts(corpus, "商品", limit=5)) == 5
    assert find_texts(corpus, "  ") == []


def test_texts_are_found_whatever_their_width_and_case(workspace: Workspace) -> None:
    texts = ["Ｇｒｏßｅ Schuhe", "GROSSE schuhe", "ΣΊΣΥΦΟΣ", "ﬁne 鞋，防水", "ｘ" * 5, "100%_(a.b)"]
    id = create_corpus(workspace, "n", pd.DataFrame({"t": texts}), text_column="t")
    corpus = load_corpus(workspace, id)
    for part, wanted in (
        ("große", [0, 1]),
        ("GROSS", [0, 1]),
        ("σίσυφος", [2]),
        ("ΊΣΥΦΟΣ", [2]),
        ("FINE", [3]),
        ("鞋,防", [3]),
        ("XX", [4]),
        ("%_(A.", [5]),
    ):
        by_fold = [n for n, text in enumerate(texts) if fold(part) in fold(text)]
        found = [int(row["id"]) - 1 for row in find_texts(corpus, part)]
        assert found == by_fold == wanted, part


def test_texts_are_looked_through_once_for_the_same_part(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_texts(corpus, "ax1", 3)
    monkeypatch.setattr(Corpus, "batches", None)
    assert find_texts(corpus, "ax1", 3) == find_texts(corpus, " ax1 ", 3) == found
    with pytest.raises(TypeError):
        find_texts(corpus, "ax1", 4)
