"""The approximate index for large corpora: a graph that leads to the nearest rows (HNSW, by faiss).

The graph is Malkov and Yashunin's (arXiv 1603.09320) over vectors of one byte a number; what it
comes upon is then scored exactly by the vectors themselves, so that a score is the same wherever it
is asked for, and only the choice of rows is approximate.  How many of the best rows it finds is
measured when it is built, as Search asks it and with vectors that it has not seen: a row of the
graph itself would be found too easily (benchmarks/search_scale.md compares what is said with what
other questions find).
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
QUICK_DEPTH = 100
"""How far down the graph is searched, however few are wanted: ranks below that nobody compares."""
SAMPLE_QUESTIONS = 200
LEAST_QUESTIONS = 50
"""With fewer questions of the corpus's own, some of its texts are the questions."""

_AIM = 0.97
"""Above the goal, because a sample says it only within about a hundredth."""
_NEIGHBOURS = 16
_EF_CONSTRUCTION = 80
_EF_SEARCH = (128, 192, 256, 384, 512, 1_024)
_HELD_OUT_SHARE = 0.1
_TIMED_QUESTIONS = 25
_TRAINING_ROWS = 50_000
_ADDED_AT_ONCE = 4_096
_LEVEL = 1e-6
"""Scores so near to each other are one: of equal texts it does not matter which are found."""
_KNOWN = 1 - 1e-5
"""A row whose nearest one is so near is there twice: the graph has seen it."""
_SEED = 7


@dataclass(frozen=True)
class GraphInfo:
    """How a graph was built and what it reaches.

    Attributes:
        rows: how many vectors it leads to.
        recall: which share (0 to 1) of the exact best ten rows it finds, over the questions.
        recall_deep: the same of the best hundred, among which ranks are compared.
        questions: how many questions that was measured with.
        own_questions: whether they are the corpus's own; else texts of it, which were put into the
            graph afterwards.
        held_out: the rows that were put in last, ascending; the others are in their order.
        ef_search: how many rows a search keeps in view.
        milliseconds: the median time of a question; ``exact_milliseconds`` of one asked exactly.
        seconds: how long building it took.
        bytes: its size on disk.
    """

    rows: int
    recall: float
    recall_deep: float
    questions: int
    own_questions: bool
    held_out: tuple[int, ...]
    ef_search: int
    milliseconds: float
    exact_milliseconds: float
    seconds: float
    bytes: int

    @property
    def good(self) -> bool:
        """Whether the recall is as high as it should be, for the best ten and for the hundred."""
        return min(self.recall, self.recall_deep) >= RECALL_GOAL


class HnswIndex:
    """An approximate :class:`core.retrieval.index.Index` beside the exact one of the same vectors.

    What it cannot answer as well as was measured is answered exactly: searches among some rows
    only (a filter that has to do with the meaning would leave the graph without paths, and costs
    the exact index less, too), and searches for more than a hundred rows.
    """

    def __init__(
        self,
        graph: faiss.IndexHNSW,
        exact: DenseIndex,
        ef_search: int,
        held_out: NDArray[np.int64],
    ) -> None:
        """Search ``graph``, which has the rows of ``exact`` in order, but ``held_out`` last."""
        self.exact = exact
        self._graph = graph
        self._ef_search = ef_search
        self._held_out = held_out

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
        return cls(graph, exact, info.ef_search, np.array(info.held_out, dtype=np.int64))

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

        As many rows are kept in view for one as for a hundred.
        """
        check_shapes(self, queries, mask)
        k = min(k, len(self))
        if mask is not None or not 0 < k <= QUICK_DEPTH or self._ef_search > len(self):
            return self.exact.search(queries, k, mask)
        faiss = faiss_library()
        indices = np.full((len(queries), k), -1, dtype=np.int64)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        _, found = self._graph.search(
            np.ascontiguousarray(queries),
            self._ef_search,
            params=faiss.SearchParametersHNSW(efSearch=self._ef_search),
        )
        for at, (query, places) in enumerate(zip(queries, found, strict=True)):
            # In their order, so that of equal scores the earlier row wins.
            rows = np.sort(self._rows(places[places >= 0]))
            exact = self.exact.vectors[rows] @ query
            best = top_k(exact, k)
            indices[at, : len(best)] = rows[best]
            scores[at, : len(best)] = exact[best]
        return indices, scores

    def _rows(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows at places in the graph."""
        held_out = self._held_out
        if not len(held_out):
            return places
        first_held_out = len(self.exact) - len(held_out)
        skipped = np.searchsorted(held_out - np.arange(len(held_out)), places, side="right")
        at_end = held_out[np.maximum(places - first_held_out, 0)]
        return np.where(places < first_held_out, places + skipped, at_end)


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
        data = read_json(_info_path(vectors_path))
        return GraphInfo(**data | {"held_out": tuple(data["held_out"])})
    except (OSError, ValueError, TypeError, KeyError):
        # Also one from before this was kept, when more was said than found: it is built again.
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
        questions: unit vectors of the corpus's own questions, shape [m, d].  With fewer than
            :data:`LEAST_QUESTIONS` of them, some rows are the questions, and are put into the graph
            only after it was asked them: searching for what is there already is easier than
            searching for what is like it.
        progress: told after every some thousand rows how many are in; may raise to stop.

    Returns:
        What it reaches; None when rows hold NaN or infinity, which no graph can lead to.

    Raises:
        OSError: the disk is full or not writable.
    """
    faiss = faiss_library()
    began = time.monotonic()
    own = questions is not None and len(questions) >= LEAST_QUESTIONS
    most = min(SAMPLE_QUESTIONS, max(int(_HELD_OUT_SHARE * len(exact)), 1))
    held_out = _drawn(len(exact), 0 if own else most)
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
    if not np.isfinite(exact.vectors[held_out]).all():
        return None
    for start in range(0, len(exact), _ADDED_AT_ONCE):
        stop = min(start + _ADDED_AT_ONCE, len(exact))
        rows = exact.vectors[np.setdiff1d(np.arange(start, stop), held_out, assume_unique=True)]
        if not np.isfinite(rows).all():
            return None
        graph.add(np.ascontiguousarray(rows))
        progress(stop)
    seconds = time.monotonic() - began
    measured = _measure(graph, exact, questions if own else None, held_out)
    began = time.monotonic()
    if len(held_out):
        graph.add(np.ascontiguousarray(exact.vectors[held_out]))
    seconds += time.monotonic() - began
    path = graph_path(vectors_path)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        faiss.write_index(graph, str(unfinished))
        info = GraphInfo(
            rows=len(exact),
            seconds=seconds,
            bytes=unfinished.stat().st_size,
            own_questions=own,
            held_out=tuple(held_out.tolist()),
            **measured,
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
    graph: faiss.IndexHNSW,
    exact: DenseIndex,
    questions: NDArray[np.float32] | None,
    held_out: NDArray[np.int64],
) -> dict[str, Any]:
    """The smallest view that finds enough, what it finds and how long it takes.

    Args:
        graph: has all rows but those held out.
        exact: the index over all rows.
        questions: what to ask; the rows held out when None.
        held_out: rows that may not be found, because the graph does not have them yet.
    """
    asked, mask = questions, None
    if asked is None:
        asked = np.ascontiguousarray(exact.vectors[held_out])
        mask = np.ones(len(exact), dtype=bool)
        mask[held_out] = False
    else:
        asked = asked[_drawn(len(asked), SAMPLE_QUESTIONS)]
    right = exact.search(asked, QUICK_DEPTH, mask)[1]
    if mask is not None:
        unseen = right[:, 0] < _KNOWN
        if np.count_nonzero(unseen) >= LEAST_QUESTIONS:
            asked, right = asked[unseen], right[unseen]
    for ef_search in _EF_SEARCH:
        index = HnswIndex(graph, exact, ef_search, held_out)
        found = index.search(asked, QUICK_DEPTH)[1]
        recall, recall_deep = (_recall(found, right, k) for k in (RECALL_AT, QUICK_DEPTH))
        if recall >= _AIM and recall_deep >= RECALL_GOAL:
            break
    return {
        "recall": recall,
        "recall_deep": recall_deep,
        "questions": len(asked),
        "ef_search": ef_search,
        "milliseconds": _milliseconds(index, asked),
        "exact_milliseconds": _milliseconds(exact, asked),
    }


def _recall(found: NDArray[np.float32], right: NDArray[np.float32], k: int) -> float:
    """Which share of the ``k`` best was found, by the scores of both."""
    found, right = found[:, :k], right[:, :k]
    return float((found >= right[:, -1:] - _LEVEL).mean())


def _milliseconds(index: Index, asked: NDArray[np.float32]) -> float:
    """The median time of a question asked alone."""
    times = []
    for query in asked[:_TIMED_QUESTIONS]:
        began = time.perf_counter()
        index.search(query[None], QUICK_DEPTH)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1_000


def _drawn(total: int, wanted: int) -> NDArray[np.int64]:
    """At most so many different numbers below ``total``, ascending, always the same."""
    if wanted >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(_SEED).choice(total, wanted, replace=False))
