"""What benchmarks.search_scale measures: each function here runs in a fresh process of its own.

Libraries are imported inside these functions, so that each process loads only what it measures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.memory import mapped_bytes, peak_bytes

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

WIDTH = 384
QUESTIONS = 100
TOP = 10
SHARE = 0.1
"""Of rows that a filter leaves."""
CLUSTER_ROWS = 100
SPREAD = 0.8
"""Length of what is added to a cluster's centre, which has length 1."""
DATA = ("drug_facts.csv.gz", "wordnet_glosses.csv.gz")
LANCE_INDEXED_ROWS = 200_000
"""Building its graph takes several times as long as ours; beyond this it is not waited for."""
_BLOCK = 50_000
_WARM_UP = 5


@dataclass(frozen=True)
class Measured:
    """What one process did.

    Attributes:
        milliseconds: the median time of a question, by what was asked.
        seconds: of everything else, by what was done.
        recall: which share of the exact best ten was found, by what was asked.
        peak: bytes that the process held at most; ``mapped`` those of them at the end that are
            pages of files, which the system may take back at any time.
        disk: bytes on disk of what was made.
        facts: what else the page says.
    """

    milliseconds: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)
    peak: int = 0
    mapped: int = 0
    disk: int = 0
    facts: dict[str, str] = field(default_factory=dict)


def make_vectors(folder: Path, rows: int) -> None:
    """Clustered unit vectors, questions from the same clusters, and their ten exact answers."""
    import numpy as np

    draw = np.random.default_rng(rows)
    centres = _units(draw.standard_normal((max(rows // CLUSTER_ROWS, 1), WIDTH), dtype=np.float32))

    def some(count: int) -> np.ndarray:
        noise = _units(draw.standard_normal((count, WIDTH), dtype=np.float32))
        return _units(centres[draw.integers(0, len(centres), count)] + SPREAD * noise)

    vectors = np.lib.format.open_memmap(
        folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(rows, WIDTH)
    )
    for start in range(0, rows, _BLOCK):
        vectors[start : start + _BLOCK] = some(min(_BLOCK, rows - start))
    vectors.flush()
    questions = some(QUESTIONS)
    products = np.concatenate(
        [questions @ vectors[start : start + _BLOCK].T for start in range(0, rows, _BLOCK)], axis=1
    )
    np.save(folder / "questions.npy", questions)
    np.save(folder / "right.npy", np.argpartition(-products, TOP, axis=1)[:, :TOP])


def measure_exact(folder: Path) -> Measured:
    """Pairloom's exact index, with and without a filter."""
    import numpy as np

    from core.retrieval.dense import DenseIndex

    index = DenseIndex.open(folder / "vectors.npy")
    mask = np.random.default_rng(1).random(len(index)) < SHARE
    plain = _asked(folder, lambda question: index.search(question[None], TOP)[0][0])
    filtered = _asked(folder, lambda question: index.search(question[None], TOP, mask)[0][0])
    return _measured({"exact": plain, "filtered": filtered})


def build_hnsw(folder: Path) -> Measured:
    """Pairloom's graph over the vectors."""
    from core.retrieval.dense import DenseIndex
    from core.retrieval.hnsw import build_graph

    path = folder / "vectors.npy"
    began = time.perf_counter()
    info = build_graph(path, DenseIndex.open(path))
    assert info is not None
    return Measured(
        seconds={"graph": info.seconds, "measuring": time.perf_counter() - began - info.seconds},
        recall={"said": info.recall},
        peak=peak_bytes(),
        mapped=mapped_bytes(),
        disk=info.bytes,
        facts={"view": str(info.ef_search)},
    )


def measure_hnsw(folder: Path) -> Measured:
    """Questions to the graph."""
    from core.retrieval.dense import DenseIndex
    from core.retrieval.hnsw import HnswIndex

    path = folder / "vectors.npy"
    index = HnswIndex.open(path, DenseIndex.open(path))
    return _measured({"hnsw": _asked(folder, lambda one: index.search(one[None], TOP)[0][0])})


def measure_library(folder: Path) -> Measured:
    """``sentence_transformers.util.semantic_search`` with the vectors in memory."""
    import numpy as np
    import torch
    from sentence_transformers.util import dot_score, semantic_search

    corpus = torch.from_numpy(np.load(folder / "vectors.npy"))

    def ask(question: np.ndarray) -> list[int]:
        # Dot products, as the vectors have length 1: its default would norm all rows every time.
        found = semantic_search(
            torch.from_numpy(question[None]), corpus, top_k=TOP, score_function=dot_score
        )
        return [int(hit["corpus_id"]) for hit in found[0]]

    return _measured({"library": _asked(folder, ask)})


def build_lance(folder: Path, indexed: bool) -> Measured:
    """A table of LanceDB on disk, with its own graph or without."""
    import lancedb
    import numpy as np
    from lancedb.index import HnswSq

    began = time.perf_counter()
    table = lancedb.connect(folder / "lance").create_table("vectors", _lance_batches(folder))
    stored = time.perf_counter() - began
    seconds = {"stored": stored}
    if indexed:
        table.create_index("vector", config=HnswSq(distance_type="cosine"))
        seconds["graph"] = time.perf_counter() - began - stored
    disk = sum(path.stat().st_size for path in (folder / "lance").rglob("*") if path.is_file())
    assert table.count_rows() == len(np.load(folder / "vectors.npy", mmap_mode="r"))
    return Measured(seconds=seconds, peak=peak_bytes(), mapped=mapped_bytes(), disk=disk)


def measure_lance(folder: Path, indexed: bool) -> Measured:
    """Questions to LanceDB: by its graph, or by looking at everything."""
    import lancedb

    table = lancedb.connect(folder / "lance").open_table("vectors")

    def ask(question: np.ndarray) -> list[int]:
        search = table.search(question).distance_type("cosine").select(["id", "_distance"])
        search = search if indexed else search.bypass_vector_index()
        return search.limit(TOP).to_arrow().column("id").to_pylist()

    return _measured({"lance_graph" if indexed else "lance": _asked(folder, ask)})


def make_texts(folder: Path, data: Path, rows: int) -> str:
    """Write texts.parquet with an id, a text and a kind; says where the texts are from."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    known, source = _known_texts(data)
    draw = np.random.default_rng(rows)
    schema = pa.schema([("id", "string"), ("text", "string"), ("kind", "string")])
    with pq.ParquetWriter(folder / "texts.parquet", schema) as writer:
        for start in range(0, rows, _BLOCK):
            numbers = np.arange(start, min(start + _BLOCK, rows))
            places = draw.integers(0, len(known), (3, len(numbers)))
            frame = pd.DataFrame(
                {
                    "id": [f"r{number}" for number in numbers],
                    # Three texts together are as long as a passage, and no two are alike.
                    "text": [
                        f"{known[one]} {known[two]} {known[three]} {number}"
                        for one, two, three, number in zip(*places, numbers, strict=True)
                    ],
                    "kind": [f"k{number % 7}" for number in numbers],
                }
            )
            writer.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False))
    return source


def measure_storing(folder: Path) -> Measured:
    """A table of texts on disk becomes a corpus."""
    import pyarrow.parquet as pq

    from core.retrieval.corpora import create_corpus, load_corpus
    from core.workspace import Workspace

    workspace = Workspace.open(folder / "workspace")
    with pq.ParquetFile(folder / "texts.parquet") as file:
        began = time.perf_counter()
        id = create_corpus(
            workspace, "texts", file.iter_batches(10_000), text_column="text", id_column="id"
        )
        seconds = time.perf_counter() - began
    corpus = load_corpus(workspace, id)
    return Measured(
        seconds={"corpus": seconds},
        peak=peak_bytes(),
        mapped=mapped_bytes(),
        disk=(corpus.folder / "texts.parquet").stat().st_size,
        facts={"corpus": id},
    )


def measure_indexing(folder: Path, corpus_id: str) -> Measured:
    """Its word index is built."""
    import tempfile
    from itertools import chain

    from core.retrieval.corpora import load_corpus
    from core.retrieval.lexical import LexicalIndex
    from core.workspace import Workspace

    corpus = load_corpus(Workspace.open(folder / "workspace"), corpus_id)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        texts = chain.from_iterable(corpus.slices())
        LexicalIndex.build(texts, scratch=Path(scratch)).save(corpus.lexical_folder)
    seconds = time.perf_counter() - began
    disk = sum(path.stat().st_size for path in corpus.lexical_folder.iterdir())
    return Measured(seconds={"words": seconds}, peak=peak_bytes(), mapped=mapped_bytes(), disk=disk)


def measure_words(folder: Path, corpus_id: str) -> Measured:
    """Questions to the word index, and the rows of what was found."""
    import numpy as np

    from core.retrieval.corpora import load_corpus
    from core.retrieval.lexical import LexicalIndex
    from core.workspace import Workspace

    corpus = load_corpus(Workspace.open(folder / "workspace"), corpus_id)
    began = time.perf_counter()
    lexical = LexicalIndex.load(corpus.lexical_folder)
    opened = time.perf_counter() - began
    draw = np.random.default_rng(2)
    places = draw.integers(0, corpus.info.rows, QUESTIONS).tolist()
    questions = [row["text"][:16] for row in corpus.rows(places)]
    asking, reading = [], []
    for question in questions:
        began = time.perf_counter()
        found, _ = lexical.search(question, TOP)
        asking.append(time.perf_counter() - began)
        began = time.perf_counter()
        corpus.rows(draw.integers(0, corpus.info.rows, len(found)).tolist())
        reading.append(time.perf_counter() - began)
    median = {"words": float(np.median(asking)) * 1e3, "rows": float(np.median(reading)) * 1e3}
    return Measured(median, {"opened": opened}, {}, peak_bytes(), mapped_bytes())


def _units(rows: np.ndarray) -> np.ndarray:
    import numpy as np

    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _asked(folder: Path, ask: Callable[[np.ndarray], Any]) -> tuple[float, float]:
    """The median time of a question in ms, and which share of the right answers came."""
    import numpy as np

    questions, right = np.load(folder / "questions.npy"), np.load(folder / "right.npy")
    for question in questions[:_WARM_UP]:
        ask(question)
    times, shares = [], []
    for question, answers in zip(questions, right, strict=True):
        began = time.perf_counter()
        found = ask(question)
        times.append(time.perf_counter() - began)
        shares.append(len(set(np.asarray(found).tolist()) & set(answers.tolist())) / TOP)
    return float(np.median(times)) * 1e3, float(np.mean(shares))


def _measured(asked: dict[str, tuple[float, float]]) -> Measured:
    return Measured(
        {name: milliseconds for name, (milliseconds, _) in asked.items()},
        recall={name: recall for name, (_, recall) in asked.items()},
        peak=peak_bytes(),
        mapped=mapped_bytes(),
    )


def _lance_batches(folder: Path) -> pa.RecordBatchReader:
    import numpy as np
    import pyarrow as pa

    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    schema = pa.schema([("id", pa.int64()), ("vector", pa.list_(pa.float32(), WIDTH))])

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(vectors), 10_000):
            rows = np.ascontiguousarray(vectors[start : start + 10_000])
            cells = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), WIDTH)
            ids = pa.array(np.arange(start, start + len(rows)))
            yield pa.RecordBatch.from_arrays([ids, cells], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _known_texts(data: Path) -> tuple[list[str], str]:
    import pandas as pd

    if not all((data / name).is_file() for name in DATA):
        return [f"第{number}种商品，规格 {number % 90}mg" for number in range(200_000)], "made up"
    facts, glosses = (pd.read_csv(data / name, dtype=str).fillna("") for name in DATA)
    texts = (facts["drug"] + "：" + facts["attribute"] + "，" + facts["value"]).tolist()
    texts += (glosses["lemma"] + ": " + glosses["gloss"]).tolist()
    return texts, "Chinese drug facts and English glosses of WordNet, three together"
