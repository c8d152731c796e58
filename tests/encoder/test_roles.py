"""A model with prompts is used as it was scored: by Search, Match, Inspect and whoever encodes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from core.encoder.client import encode
from core.inspection.sheet import sheet_of_rows
from core.inspection.vectors import known_vectors, text_vectors
from core.matching.match_job import match_tables
from core.matching.models import OfferedModel
from core.matching.results import CANDIDATES_FILE
from core.matching.start import match_params
from core.matching.tables import TableChoice
from core.models.fingerprint import model_fingerprint
from core.retrieval.answers import Column
from core.retrieval.corpora import create_corpus
from core.retrieval.encode_job import encode_corpus, encode_params
from core.retrieval.search import search
from core.workspace import Workspace
from tests.models.made import QUESTION, TEXTS, save_static, set_prompts
from tests.retrieval.stand_in import running_job

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that reads questions and passages differently, and a plain text in a third way."""
    folder = save_static(tmp_path_factory.mktemp("prompted") / "model")
    prompts = {"query": "阿莫西林用法", "document": "维生素C禁忌", "both": "甘草片规格"}
    return set_prompts(folder, prompts, "both")


@pytest.fixture(scope="module")
def model(prompted: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(prompted), device="cpu")


def asking(model: SentenceTransformer, texts: list[str]) -> np.ndarray:
    return model.encode_query(texts, normalize_embeddings=True)


def found(model: SentenceTransformer, texts: list[str]) -> np.ndarray:
    return model.encode_document(texts, normalize_embeddings=True)


def test_the_encoder_reads_texts_in_their_role(
    served: Workspace, prompted: Path, model: SentenceTransformer
) -> None:
    plain = encode(served, prompted, TEXTS)
    queries, documents = (encode(served, prompted, TEXTS, role) for role in ("query", "document"))
    np.testing.assert_allclose(
        plain, model.encode(TEXTS, normalize_embeddings=True), rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(queries, asking(model, TEXTS), rtol=0, atol=1e-6)
    np.testing.assert_allclose(documents, found(model, TEXTS), rtol=0, atol=1e-6)
    assert min(np.abs(queries - documents).max(), np.abs(queries - plain).max()) > 0.01


def test_search_scores_as_the_model_itself_does(
    served: Workspace, prompted: Path, model: SentenceTransformer
) -> None:
    table = pd.DataFrame({"text": TEXTS})
    id = create_corpus(served, "labels", table, text_column="text")
    print_ = model_fingerprint(prompted)
    encode_corpus(running_job(served, "encode_corpus", encode_params(id, prompted, print_)))
    (column,) = search(
        served, id, QUESTION, [Column.dense("m", prompted, print_)], k=len(TEXTS)
    ).columns
    assert column.problem is None
    expected = found(model, TEXTS) @ asking(model, [QUESTION])[0]
    assert [hit.text for hit in column.hits] == [TEXTS[at] for at in np.argsort(-expected)]
    np.testing.assert_allclose(
        [hit.score for hit in column.hits], np.sort(expected)[::-1], rtol=0, atol=1e-6
    )


def test_a_row_that_looks_for_partners_asks(
    served: Workspace, prompted: Path, model: SentenceTransformer
) -> None:
    asked = [QUESTION, "维生素C泡腾片"]
    choices = []
    for texts in (asked, TEXTS):
        id = create_corpus(served, "table", pd.DataFrame({"text": texts}), text_column="text")
        choices.append(TableChoice(kind="corpus", id=id, text="text"))
    offer = OfferedModel("folder:m", "folder", "m", prompted)
    params = match_params(served, choices[0], choices[1], offer=offer)
    match_tables(running_job(served, "match", params.model_dump(mode="json")))
    rows = pd.read_parquet(served.matches / params.id / CANDIDATES_FILE)
    expected = asking(model, asked) @ found(model, TEXTS).T
    for left, right, score in rows[["left", "right", "score"]].itertuples(index=False):
        assert score == pytest.approx(expected[left, right], abs=1e-6)
    assert rows.loc[rows["rank"] == 1, "right"].tolist() == expected.argmax(axis=1).tolist()


def test_anchors_ask_and_their_answers_are_found_in_a_matrix(
    served: Workspace, prompted: Path, model: SentenceTransformer
) -> None:
    frame = pd.DataFrame({"anchor": TEXTS[:3], "positive": TEXTS[3:6], "negative": TEXTS[6:9]})
    sheet = sheet_of_rows(frame)
    texts, print_ = list(sheet.texts), model_fingerprint(prompted)
    got = text_vectors(served, prompted, print_, texts, roles=sheet.roles)
    anchors = np.array([text in TEXTS[:3] for text in texts])
    expected = np.where(anchors[:, None], asking(model, texts), found(model, texts))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
    known = known_vectors(served, prompted, print_, texts, sheet.roles)
    np.testing.assert_array_equal(known, got)
    # Side by side they are other texts to this model.
    assert known_vectors(served, prompted, print_, texts[:2]) is None
    assert sheet.taken([1, 0]).roles == ("document", "query")


def test_a_model_without_prompts_reads_a_text_once(served: Workspace, small_model: Path) -> None:
    print_ = model_fingerprint(small_model)
    text_vectors(served, small_model, print_, TEXTS, roles=["query"] * len(TEXTS))
    assert known_vectors(served, small_model, print_, TEXTS) is not None
