"""The approximate index for large corpora: a graph that leads to the nearest rows (HNSW, by faiss).

The graph is Malkov and Yashunin's (arXiv 1603.09320) over vectors of one byte a number; what it
comes upon is then scored exactly by the vectors themselves, so that a score is the same wherever it
is asked for, and only the choice of rows is approximate.  How many of the best ten rows it finds is
measured when it is built, on the corpus itself.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.files import read_json, write_json
from core.retrieval.dense import DenseIndex, check_shapes
from core.retrieval.index import Index
from core.retrieval.ranking import top_k

if TYPE_CHECKING:
    import faiss

HNSW_FROM_ROWS = 100_000
"""Below this the exact index answers within some 15 ms, and building a graph would gain nothing."""
RECALL_GOAL = 0.95
RECALL_AT = 10
SAMPLE_QUESTIONS = 200
LEAST_QUESTIONS = 50
"""With fewer questions of the corpus's own, its texts are the questions."""

_AIM = 0.97
"""Above the goal, because a sample says it only within about a hundredth."""
_NEIGHBOURS = 16
_EF_CONSTRUCTION = 80
_EF_SEARCH = (32, 64, 128, 256, 512, 1_024)
_MOST_EF = 4_096
_TIMED_QUESTIONS = 25
_TRAINING_ROWS = 50_000
_ADDED_AT_ONCE = 4_096
_LEVEL = 1e-6
"""Scores so near to each other are one: of equal texts it does not matter which are found."""
_SEED = 7


@dataclass(frozen=True)
class GraphInfo:
    """How a graph was built and what it reaches.

    Attributes:
        rows: how many vectors it leads to.
        recall: which share (0 to 1) of the exact best ten rows it finds, over the questions.
        questions: how many questions that was measured with.
        own_questions: whether they are the corpus's own; else its texts, each left out itself.
        ef_search: how many rows a search keeps in view.
        milliseconds: the median time of a question; ``exact_milliseconds`` of one asked exactly.
        seconds: how long building it took.
        bytes: its size on disk.
    """

    rows: int
    recall: float
    questions: int
    own_questions: bool
    ef_search: int
    milliseconds: float
    exact_milliseconds: float
    seconds: float
    bytes: int

    @property
    def good(self) -> bool:
        """Whether the recall is as high as it should be."""
        return self.recall >= RECALL_GOAL


class HnswIndex:
    """An approximate :class:`core.retrieval.index.Index` beside the exact one of the same vectors.

    What it cannot answer as well as was measured is answered exactly: searches among some rows
    only (a filter that has to do with the meaning would leave the graph without paths, and costs
    the exact index less, too), and searches for very many rows.
    """

    def __init__(self, graph: faiss.IndexHNSW, exact: DenseIndex, ef_search: int) -> None:
        self.exact = exact
        self._graph = graph
        self._ef_search = ef_search

    @classmethod
    def open(cls, vectors_path: Path, exact: DenseIndex) -> HnswIndex:
        """The graph that :func:`build_graph` put beside the vectors, memory-mapped.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is damaged or belongs to other vectors.
        """
        faiss = faiss_library()
        info = graph_info(vectors_path)
        if info is None:
            raise FileNotFoundError(graph_path(vectors_path))
        try:
            graph = faiss.read_index(str(graph_path(vectors_path)), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        if (graph.ntotal, graph.d) != (len(exact), exact.dimension):
            raise ValueError(f"a graph of {graph.ntotal} rows does not fit {len(exact)} vectors")
        return cls(graph, exact, info.ef_search)

    def __len__(self) -> int:
        return len(self.exact)

    @property
    def dimension(self) -> int:
        """The width of a vector."""
        return self.exact.dimension

    def scores(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The exact score of every row; see :meth:`DenseIndex.scores`."""
        return self.exact.scores(query)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Nearly always the ``k`` best rows for each query; see :meth:`DenseIndex.search`.

        For more rows than ten, more are kept in view in proportion.
        """
        check_shapes(self, queries, mask)
        k = min(k, len(self))
        in_view = self._ef_search * -(-k // RECALL_AT)
        if mask is not None or k < 1 or in_view > min(_MOST_EF, len(self)):
            return self.exact.search(queries, k, mask)
        return self._search(queries, k, in_view)

    def _search(
        self, queries: NDArray[np.float32], k: int, in_view: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        faiss = faiss_library()
        indices = np.full((len(queries), k), -1, dtype=np.int64)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        parameters = faiss.SearchParametersHNSW(efSearch=in_view)
        _, found = self._graph.search(np.ascontiguousarray(queries), in_view, params=parameters)
        for at, (query, rows) in enumerate(zip(queries, found, strict=True)):
            # In their order, so that of equal scores the earlier row wins.
            rows = np.sort(rows[rows >= 0])
            exact = self.exact.vectors[rows] @ query
            best = top_k(exact, k)
            indices[at, : len(best)] = rows[best]
            scores[at, : len(best)] = exact[best]
        return indices, scores


@cache
def faiss_library() -> Any:
    """faiss, imported so that its threads give up the processor while they wait for each other.

    Otherwise building a graph beside a training run takes several times as long.
    """
    name = "OMP_WAIT_POLICY"
    before = os.environ.get(name)
    os.environ[name] = "passive"
    try:
        import faiss
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
    return faiss


def graph_path(vectors_path: Path) -> Path:
    """Where the graph over the vectors at ``vectors_path`` is."""
    return vectors_path.with_suffix(".hnsw")


def graph_info(vectors_path: Path) -> GraphInfo | None:
    """What is known of the graph over the vectors at ``vectors_path``; None when there is none."""
    try:
        return GraphInfo(**read_json(_info_path(vectors_path)))
    except (OSError, ValueError, TypeError):
        return None


def build_graph(
    vectors_path: Path,
    exact: DenseIndex,
    questions: NDArray[np.float32] | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> GraphInfo | None:
    """Build the graph, find out how it has to be searched, and store it beside the vectors.

    Of memory it takes a quarter of what the vectors do, and some 150 bytes a row for the paths.

    Args:
        vectors_path: the vectors' file.
        exact: the index over them.
        questions: unit vectors of the corpus's own questions, shape [m, d].
        progress: told after every some thousand rows how many are in; may raise to stop.

    Returns:
        What it reaches; None when rows hold NaN or infinity, which no graph can lead to.

    Raises:
        OSError: the disk is full or not writable.
    """
    faiss = faiss_library()
    began = time.monotonic()
    graph = faiss.IndexHNSWSQ(
        exact.dimension,
        faiss.ScalarQuantizer.QT_8bit,
        _NEIGHBOURS,
        faiss.METRIC_INNER_PRODUCT,
    )
    graph.hnsw.efConstruction = _EF_CONSTRUCTION
    drawn = _drawn(len(exact), _TRAINING_ROWS)
    if not np.isfinite(exact.vectors[drawn]).all():
        return None
    graph.train(exact.vectors[drawn])
    for start in range(0, len(exact), _ADDED_AT_ONCE):
        rows = np.ascontiguousarray(exact.vectors[start : start + _ADDED_AT_ONCE])
        if not np.isfinite(rows).all():
            return None
        graph.add(rows)
        progress(start + len(rows))
    seconds = time.monotonic() - began
    path = graph_path(vectors_path)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        faiss.write_index(graph, str(unfinished))
        measured = _measure(graph, exact, questions)
        info = GraphInfo(
            rows=len(exact), seconds=seconds, bytes=unfinished.stat().st_size, **measured
        )
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    write_json(_info_path(vectors_path), asdict(info))
    return info


def remove_graph(vectors_path: Path) -> None:
    """Delete the graph over the vectors at ``vectors_path``, if there is one."""
    # What is known of it first: without that nobody opens it.
    for path in (_info_path(vectors_path), graph_path(vectors_path)):
        path.unlink(missing_ok=True)


def _info_path(vectors_path: Path) -> Path:
    return vectors_path.with_suffix(".hnsw.json")


def _measure(
    graph: faiss.IndexHNSW, exact: DenseIndex, questions: NDArray[np.float32] | None
) -> dict[str, Any]:
    """The smallest view that finds enough, what it finds and how long it takes."""
    own = questions is not None and len(questions) >= LEAST_QUESTIONS
    if own:
        assert questions is not None
        asked, left_out = questions[_drawn(len(questions), SAMPLE_QUESTIONS)], None
    else:
        left_out = _drawn(len(exact), SAMPLE_QUESTIONS)
        asked = np.ascontiguousarray(exact.vectors[left_out])
    right = _ten_best(left_out, exact.search(asked, RECALL_AT + 1))
    recall, ef_search = 0.0, _EF_SEARCH[0]
    for ef_search in _EF_SEARCH:
        # One row more takes the place of the one that does not count, without a wider view.
        found = HnswIndex(graph, exact, ef_search)._search(asked, RECALL_AT + 1, ef_search)
        scores = _ten_best(left_out, found)
        recall = float((scores >= right[:, -1:] - _LEVEL).mean())
        if recall >= _AIM:
            break
    return {
        "recall": recall,
        "questions": len(asked),
        "own_questions": own,
        "ef_search": ef_search,
        "milliseconds": _milliseconds(HnswIndex(graph, exact, ef_search), asked),
        "exact_milliseconds": _milliseconds(exact, asked),
    }


def _ten_best(
    left_out: NDArray[np.int64] | None,
    found: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The ten best scores for each question, without the row that ``left_out`` names for it."""
    rows, scores = found
    if left_out is None:
        return scores[:, :RECALL_AT]
    counts = rows != left_out[:, None]
    return np.stack([one[kept][:RECALL_AT] for one, kept in zip(scores, counts, strict=True)])


def _milliseconds(index: Index, asked: NDArray[np.float32]) -> float:
    """The median time of a question asked alone."""
    times = []
    for query in asked[:_TIMED_QUESTIONS]:
        began = time.perf_counter()
        index.search(query[None], RECALL_AT)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1_000


def _drawn(total: int, wanted: int) -> NDArray[np.int64]:
    """At most so many different numbers below ``total``, ascending, always the same."""
    if wanted >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(_SEED).choice(total, wanted, replace=False))
