"""The approximate index against the exact one, on clustered vectors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.files import read_json, write_json
from core.retrieval import corpora, encode_job, hnsw
from core.retrieval.corpora import Question, create_corpus, load_corpus
from core.retrieval.dense import DenseIndex
from core.retrieval.encode_job import encode_corpus, encode_params
from core.retrieval.hnsw import HnswIndex, build_graph, graph_info, graph_path
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder, running_job

ROWS, WIDTH = 3_000, 32


def _clustered(rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((80, WIDTH))
    found = centres[random.integers(0, 80, rows)] + 0.6 * random.standard_normal((rows, WIDTH))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    # Several threads wait for each other where the processor is busy with other tests.
    hnsw.faiss_library().omp_set_num_threads(1)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, _one_thread: None) -> Path:
    path = tmp_path_factory.mktemp("hnsw") / "ab12.npy"
    np.save(path, _clustered(ROWS, 1))
    build_graph(path, DenseIndex.open(path))
    return path


@pytest.fixture
def index(stored: Path) -> HnswIndex:
    return HnswIndex.open(stored, DenseIndex.open(stored))


def _recall(found: np.ndarray, right: np.ndarray) -> float:
    return float(
        np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, right, strict=True)])
    )


def test_nearly_all_of_the_best_are_found_with_their_exact_scores(index: HnswIndex) -> None:
    queries = _clustered(100, 2)
    products = queries.astype(np.float64) @ index.exact.vectors.T.astype(np.float64)
    right = np.argsort(-products, axis=1)
    for k in (1, 10, 100):
        rows, scores = index.search(queries, k)
        assert rows.shape == scores.shape == (100, k)
        assert _recall(rows, right[:, :k]) >= 0.95
        np.testing.assert_allclose(scores, np.take_along_axis(products, rows, 1), atol=1e-6)
        assert (np.diff(scores, axis=1) <= 0).all()
    np.testing.assert_allclose(index.scores(queries[0]), products[0], atol=1e-6)


def test_what_is_told_of_it_is_what_questions_find_that_it_has_not_seen(
    stored: Path, index: HnswIndex
) -> None:
    info = graph_info(stored)
    assert info is not None
    assert (info.rows, info.questions, info.own_questions) == (ROWS, 200, False)
    assert info.bytes == graph_path(stored).stat().st_size
    assert info.good
    queries = _clustered(400, 2)
    right = np.argsort(-queries @ np.asarray(index.exact.vectors).T, axis=1)
    for k, said in ((10, info.recall), (100, info.recall_deep)):
        found = index.search(queries, 100)[0][:, :k]
        assert _recall(found, right[:, :k]) == pytest.approx(said, abs=0.01)


def test_too_much_is_not_told_of_a_graph_that_finds_its_own_rows_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows without any order are hard to find unless they are in the graph themselves."""
    monkeypatch.setattr(hnsw, "_EF_SEARCH", (100,))
    random = np.random.default_rng(3).standard_normal((6_400, 128)).astype(np.float32)
    vectors = random / np.linalg.norm(random, axis=1, keepdims=True)
    np.save(tmp_path / "v.npy", vectors[:6_000])
    exact = DenseIndex.open(tmp_path / "v.npy")
    info = build_graph(tmp_path / "v.npy", exact)
    assert info is not None
    index = HnswIndex.open(tmp_path / "v.npy", exact)
    unseen = vectors[6_000:]
    right = exact.search(unseen, 10)[0]
    assert _recall(index.search(unseen, 10)[0], right) == pytest.approx(info.recall, abs=0.03)
    nodes = vectors[::15]
    right = exact.search(nodes, 10)[0]
    assert _recall(index.search(nodes, 10)[0], right) > info.recall + 0.06


def test_rows_that_were_held_out_are_found_where_they_are(stored: Path, index: HnswIndex) -> None:
    info = graph_info(stored)
    assert info is not None
    held_out = np.array(info.held_out)
    assert (len(held_out), len(np.unique(held_out))) == (200, 200)
    vectors = np.asarray(index.exact.vectors)
    for rows in (held_out, np.setdiff1d(np.arange(ROWS), held_out)[::11]):
        found, scores = index.search(vectors[rows], 1)
        assert (found[:, 0] == rows).mean() > 0.99
        np.testing.assert_allclose(scores, 1, atol=1e-5)


def test_texts_that_are_there_twice_are_no_questions(tmp_path: Path) -> None:
    vectors = np.concatenate([_clustered(450, 1)] * 2 + [_clustered(1_200, 6)])
    np.save(tmp_path / "v.npy", vectors)
    info = build_graph(tmp_path / "v.npy", DenseIndex.open(tmp_path / "v.npy"))
    assert info is not None
    # Those whose other half is in the graph; the twins of a few were held out as well.
    twins = [(row + 450) % 900 for row in info.held_out if row < 900]
    known = len(twins) - len(set(twins) & set(info.held_out))
    assert info.questions == len(info.held_out) - known < 140


def test_a_graph_that_finds_too_little_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Vectors without any order, few paths, and no view wide enough.
    monkeypatch.setattr(hnsw, "_EF_SEARCH", (100,))
    monkeypatch.setattr(hnsw, "_NEIGHBOURS", 2)
    random = np.random.default_rng(3).standard_normal((1_000, 64)).astype(np.float32)
    np.save(tmp_path / "v.npy", random / np.linalg.norm(random, axis=1, keepdims=True))
    info = build_graph(tmp_path / "v.npy", DenseIndex.open(tmp_path / "v.npy"))
    assert info is not None
    assert info.recall < 0.95
    assert not info.good
    assert not replace(info, recall=0.96, recall_deep=0.94).good
    assert replace(info, recall=0.96, recall_deep=0.95).good


def test_filters_and_long_lists_are_answered_exactly(index: HnswIndex) -> None:
    queries = _clustered(5, 4)
    mask = np.zeros(ROWS, dtype=bool)
    mask[::97] = True
    for arguments in ((10, mask), (101, None), (ROWS + 5, None), (0, None)):
        for found, right in zip(
            index.search(queries, *arguments), index.exact.search(queries, *arguments), strict=True
        ):
            np.testing.assert_array_equal(found, right)


def test_a_question_without_a_direction_finds_nothing(index: HnswIndex) -> None:
    rows, scores = index.search(np.full((1, WIDTH), np.nan, np.float32), 10)
    assert (rows == -1).all()
    assert np.isneginf(scores).all()
    with pytest.raises(ValueError, match="do not fit width 32"):
        index.search(np.ones((1, 3), np.float32), 10)


def test_vectors_with_nan_get_no_graph(tmp_path: Path) -> None:
    vectors = _clustered(200, 5)
    vectors[150] = np.nan
    np.save(tmp_path / "v.npy", vectors)
    assert build_graph(tmp_path / "v.npy", DenseIndex(vectors)) is None
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


def test_a_stop_leaves_no_graph(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise InterruptedError

    np.save(tmp_path / "v.npy", _clustered(200, 5))
    with pytest.raises(InterruptedError):
        build_graph(tmp_path / "v.npy", DenseIndex.open(tmp_path / "v.npy"), progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


@pytest.mark.parametrize("own", [0, 60])
def test_the_job_builds_it_for_large_corpora(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch, own: int
) -> None:
    monkeypatch.setattr(corpora, "HNSW_FROM_ROWS", 300)
    monkeypatch.setattr(encode_job, "LEAST_QUESTIONS", 50)
    table = pd.DataFrame({"t": [f"第{number * 37}种药 {number}mg" for number in range(300)]})
    questions = [Question(f"{number}mg 的药") for number in range(own)]
    id = create_corpus(workspace, "药", table, text_column="t", questions=questions)
    corpus = load_corpus(workspace, id)
    assert not corpus.lacks_graph("ab12")
    params = encode_params(id, Path("/models/tuned"), "ab12")
    job = running_job(workspace, "encode_corpus", params)
    encode_corpus(job)
    info = corpus.graph("ab12")
    assert info is not None
    assert (info.rows, info.own_questions) == (300, own > 0)
    assert info.questions == (own or 30)
    assert len(info.held_out) == (0 if own else 30)
    assert len(encoder.texts) == 300 + own
    assert not corpus.lacks_graph("ab12")
    stage = job._status.stage_message
    assert stage is not None
    assert stage.text() == "Building the quick index: 300 of 300 texts"
    quick, exact = corpus.index("ab12"), corpus.dense_index("ab12")
    assert isinstance(quick, HnswIndex)
    assert exact is not None
    question = exact.vectors[7:8]
    assert quick.search(question, 5)[0][0, 0] == exact.search(question, 5)[0][0, 0]
    # Damaged, it is passed over: the exact one answers.
    graph_path(corpus.vectors_path("ab12")).write_bytes(b"no graph")
    corpora._open_graph.cache_clear()
    assert isinstance(corpus.index("ab12"), DenseIndex)


def test_a_small_corpus_needs_none(workspace: Workspace, encoder: CharacterEncoder) -> None:
    id = create_corpus(workspace, "n", pd.DataFrame({"t": ["a", "b"]}), text_column="t")
    encode_corpus(
        running_job(workspace, "encode_corpus", encode_params(id, Path("/models/m"), "ab12"))
    )
    corpus = load_corpus(workspace, id)
    assert corpus.graph("ab12") is None
    assert isinstance(corpus.index("ab12"), DenseIndex)
    assert corpus.index("cd34") is None


def test_another_tables_graph_is_refused(stored: Path, tmp_path: Path) -> None:
    vectors = tmp_path / "v.npy"
    np.save(vectors, _clustered(10, 1))
    write_json(vectors.with_suffix(".hnsw.json"), read_json(stored.with_suffix(".hnsw.json")))
    graph_path(vectors).write_bytes(graph_path(stored).read_bytes())
    with pytest.raises(ValueError, match="3000 rows does not fit 10 vectors"):
        HnswIndex.open(vectors, DenseIndex.open(vectors))
    with pytest.raises(FileNotFoundError):
        HnswIndex.open(tmp_path / "other.npy", DenseIndex.open(vectors))
