"""``judge``: what is said about texts, taken back, written, made a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from core.cli.output import DONE, REFUSED
from core.data.store import load_dataset
from core.retrieval.corpora import load_corpus
from core.retrieval.judgements import judged_question, judged_questions
from core.retrieval.sample_corpora import add_sample_corpus
from core.workspace import Workspace
from tests.cli.conftest import Run


def test_what_is_said_about_texts_is_kept_and_used(
    workspace: Workspace, core: Run, tmp_path: Path
) -> None:
    corpus = load_corpus(workspace, add_sample_corpus(workspace, "products"))
    ids = corpus.ids()
    code, said, _ = core(
        "judge", "防滑的鞋", "--right", ids[0], "--missing", ids[1], "--wrong", ids[2]
    )
    judged = judged_question(corpus, "防滑的鞋")
    assert code == DONE and said.startswith(f"防滑的鞋  right: {ids[0]}, {ids[1]}")
    assert (judged.right, judged.wrong, judged.missing) == ((ids[0], ids[1]), (ids[2],), (ids[1],))
    core("judge", "--undo")
    core("judge", "防滑的鞋", "--take-back", ids[0])
    (one,) = json.loads(core("judge", "--in", corpus.info.id, "--json")[1])
    assert (one["relevant"], one["wrong"]) == ([ids[1]], [])
    code, said, told = core("judge", "防滑的鞋", "--right", ids[3], "--wrong", "no-such-id")
    assert (code, said) == (REFUSED, "") and "no text with the id no-such-id" in told
    assert ids[3] not in judged_question(corpus, "防滑的鞋").right
    assert "for which question" in core("judge", "--right", ids[0])[2]

    for number in range(3, 20):
        core("judge", f"问题 {number}", "--right", ids[number], "--wrong", ids[number + 20])
    file = tmp_path / "judgements.csv"
    code, said, _ = core("judge", "--csv", file, "--dataset", "Judged", "--with-wrong")
    assert code == DONE and load_dataset(workspace, said.strip()).info.rows == 17
    table = pd.read_csv(file, encoding="utf-8-sig", dtype=str)
    assert len(table) == 35 and set(table["judgement"]) == {"right", "wrong"}
    assert len(judged_questions(corpus)) == 18
