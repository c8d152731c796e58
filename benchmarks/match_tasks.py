"""What benchmarks.match_scale measures: each function here runs in a fresh process of its own.

Libraries are imported inside these functions, so that each process loads only what it measures.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.memory import forget_peak, mapped_bytes, peak_bytes

if TYPE_CHECKING:
    import numpy as np

    from core.matching.params import DuplicateParams, MatchParams
    from core.workspace import Workspace

TOP = 5
FLOOR = 0.95
PIECES, PIECE_LENGTH, DIMENSION = 6_000, 3, 384
EDITED = 0.1
"""Which share of the rows of the table with duplicates is another row with a small change."""
_SEED = 0
_SAMPLED = 20_000
_COLOURS = ("黑色", "白色", "藏青", "墨绿", "酒红", "天蓝", "black", "white", "navy", "olive")
_MAKERS = ("踏岚", "驰朔", "云栖", "北辰", "森屿", "澜石", "Alpina", "Norvik", "Tessa", "Orlo")


@dataclass(frozen=True)
class Measured:
    """What one process did.

    Attributes:
        seconds: that the work took.
        peak: bytes that the process held at most meanwhile.
        mapped: bytes that it holds of files at the end, which the system may take back any time.
    """

    seconds: float
    peak: int
    mapped: int


def make_tables(folder: Path, rows: int) -> None:
    """Two lists of the same products worded in two ways, one with duplicates, and their vectors."""
    import numpy as np
    import pandas as pd
    from sentence_transformers import SentenceTransformer

    from core.models.encoding import encode
    from core.models.static import build_static, train_tokenizer

    left, right, twice = _names(rows)
    for name, texts in (("left", left), ("right", right), ("twice", twice)):
        pd.DataFrame({"no": range(rows), "name": texts}).to_parquet(folder / f"{name}.parquet")
    some = np.random.default_rng(_SEED).permutation(np.array([*left, *right]))[:_SAMPLED].tolist()
    tokenizer = train_tokenizer(some, PIECES, PIECE_LENGTH)
    model = build_static(tokenizer, some, DIMENSION, _SEED)
    model.save_pretrained(str(folder / "model"))
    model = SentenceTransformer(str(folder / "model"), device="cpu", local_files_only=True)
    for name, texts in (("left", left), ("right", right), ("twice", list(dict.fromkeys(twice)))):
        np.save(folder / f"{name}.npy", encode(model, texts))


def upload_tables(folder: Path, workspace: Workspace) -> tuple[MatchParams, DuplicateParams]:
    """Bring the three tables in as somebody uploads them, and say what two jobs are to do."""
    from core.data.staging import read_staged, stage_upload
    from core.matching.models import UsedModel
    from core.matching.params import DuplicateParams, MatchParams
    from core.matching.tables import TableChoice, describe_table
    from core.models.fingerprint import model_fingerprint

    choices, contents = [], []
    for name in ("left", "right", "twice"):
        id = stage_upload(workspace, folder / f"{name}.parquet", f"{name}.parquet")
        read_staged(workspace, id)
        choices.append(TableChoice(kind="upload", id=id, text="name", label="no"))
        contents.append(describe_table(workspace, "upload", id).content)
    path = folder / "model"
    model = UsedModel(
        role="folder", name="static", folder=path, fingerprint=model_fingerprint(path)
    )
    match = MatchParams(
        left=choices[0], right=choices[1], contents=(contents[0], contents[1]), model=model
    )
    twice = DuplicateParams(table=choices[2], content=contents[2], model=model, floor=FLOOR)
    return match, twice


def nearest_by_us(folder: Path) -> Measured:
    """What the match compares, with the vectors on disk as it has them."""
    import numpy as np

    from core.matching.blocks import nearest

    left, right = (_OnDisk(folder / f"{name}.npy") for name in ("left", "right"))
    began = _begin()
    places, scores = nearest(left, right, TOP, lambda share: None)
    measured = _end(began)
    np.savez(folder / "nearest_ours.npz", places=places, scores=scores)
    return measured


def nearest_by_library(folder: Path) -> Measured:
    """``sentence_transformers.util.semantic_search`` as it comes, the vectors in memory."""
    import numpy as np
    import torch
    from sentence_transformers.util import semantic_search

    left, right = (torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("left", "right"))
    began = _begin()
    hits = semantic_search(left, right, top_k=TOP)
    measured = _end(began)
    places = np.array([[hit["corpus_id"] for hit in row] for row in hits])
    scores = np.array([[hit["score"] for hit in row] for row in hits], dtype=np.float32)
    np.savez(folder / "nearest_library.npz", places=places, scores=scores)
    return measured


def pairs_by_us(folder: Path) -> Measured:
    """What the search for near-duplicates compares, with the vectors on disk as it has them."""
    import numpy as np

    from core.matching.blocks import near_pairs
    from core.matching.duplicates_job import MOST_PAIRS

    rows = _OnDisk(folder / "twice.npy")
    began = _begin()
    pairs = near_pairs(rows, FLOOR, MOST_PAIRS, lambda share: None)
    measured = _end(began)
    both = np.stack([pairs.first, pairs.second], axis=1)
    np.savez(folder / "pairs_ours.npz", places=both, scores=pairs.scores)
    return measured


def pairs_by_library(folder: Path) -> Measured:
    """``sentence_transformers.util.paraphrase_mining``, but for the encoding, as it comes."""
    import numpy as np
    import torch
    from sentence_transformers.util import paraphrase_mining_embeddings

    rows = torch.from_numpy(np.load(folder / "twice.npy"))
    began = _begin()
    found = paraphrase_mining_embeddings(rows)
    measured = _end(began)
    alike = [(score, one, other) for score, one, other in found if score >= FLOOR]
    places = np.array([one[1:] for one in alike], dtype=np.int64).reshape(-1, 2)
    scores = np.array([one[0] for one in alike], dtype=np.float32)
    np.savez(folder / "pairs_library.npz", places=places, scores=scores)
    return measured


class _OnDisk:
    """Vectors in a file, as :class:`core.matching.blocks.Rows` wants them."""

    def __init__(self, path: Path) -> None:
        import numpy as np

        self._rows = np.load(path, mmap_mode="r")

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, places: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.asarray(self._rows[places])


def _names(rows: int) -> tuple[list[str], list[str], list[str]]:
    """Names of products: two wordings of each, and the first of them with small changes."""
    import numpy as np
    import pandas as pd

    from core.workspace import PROJECT_ROOT

    catalogue = pd.read_csv(PROJECT_ROOT / "sample_data" / "product_catalogue.csv", dtype=str)
    things = catalogue["category"].unique().tolist()
    kinds = itertools.cycle(itertools.product(_MAKERS, things, _COLOURS))
    products = list(zip(range(rows), kinds, strict=False))
    left = [
        f"{maker} {thing} {colour} {number // 97}-{number % 97}"
        for number, (maker, thing, colour) in products
    ]
    right = [
        f"{colour} {thing}（{maker}）型号 {number // 97}-{number % 97}"
        for number, (maker, thing, colour) in products
    ]
    draw = np.random.default_rng(_SEED)
    twice = left.copy()
    places = draw.permutation(rows)[: 2 * int(rows * EDITED)].reshape(2, -1)
    for place, source in places.T.tolist():
        twice[place] = f"{left[source]} 新款"
    return left, right, twice


def _begin() -> float:
    forget_peak()
    return time.perf_counter()


def _end(began: float) -> Measured:
    return Measured(time.perf_counter() - began, peak_bytes(), mapped_bytes())
