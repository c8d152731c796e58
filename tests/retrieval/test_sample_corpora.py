"""The bundled corpora become real ones, once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.retrieval.corpora import load_corpus
from core.retrieval.sample_corpora import (
    SAMPLE_CORPORA,
    SAMPLE_FOLDER,
    SampleMissing,
    add_sample_corpus,
    find_sample_corpus,
)
from core.workspace import Workspace


@pytest.mark.parametrize("sample", sorted(SAMPLE_CORPORA))
def test_a_bundled_corpus_is_added_once_with_its_questions(tmp_path: Path, sample: str) -> None:
    workspace = Workspace.open(tmp_path)
    assert find_sample_corpus(workspace, sample) is None
    id = add_sample_corpus(workspace, sample)
    assert add_sample_corpus(workspace, sample) == id
    assert find_sample_corpus(workspace, sample) == id
    corpus = load_corpus(workspace, id)
    table = pd.read_csv(SAMPLE_FOLDER / SAMPLE_CORPORA[sample].texts, dtype=str)
    questions = pd.read_csv(SAMPLE_FOLDER / SAMPLE_CORPORA[sample].questions, dtype=str)
    assert corpus.texts() == table["text"].tolist()
    assert corpus.info.sample == sample
    assert corpus.info.name == SAMPLE_CORPORA[sample].name
    assert [one.question for one in corpus.info.questions] == questions["question"].tolist()
    assert ["|".join(one.relevant) for one in corpus.info.questions] == (
        questions["relevant"].tolist()
    )
    assert len(corpus.info.judged) == len(questions) >= 60


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "w")
    with pytest.raises(SampleMissing) as caught:
        add_sample_corpus(workspace, "products", tmp_path)
    assert str(caught.value).startswith("The sample file product_catalogue.csv is missing")
    (tmp_path / "product_catalogue.csv").write_text("id,text\n1,x\n")
    (tmp_path / "product_questions.csv").write_text("q\nx\n")
    with pytest.raises(SampleMissing) as caught:
        add_sample_corpus(workspace, "products", tmp_path)
    assert "product_questions.csv" in str(caught.value)
