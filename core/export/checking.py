"""Whether an exported folder gives the vectors of its model, what it loses, and how fast it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import shape_of
from core.export.building import prompts_of
from core.export.formats import Format
from core.export.record import Kept
from core.export.texts import Compared
from core.export.verify import Asked, Likeness, compare, fresh_vectors
from core.models.encoding import encode
from core.problems import N_, Problem
from core.training.artifacts import HELD_OUT
from core.training.evaluation import PRIMARY, dense_table, score_table
from core.training.reading import Reader
from core.training.tasks import Task, make_task

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LARGEST_DIFFERENCE = 1e-5
"""Far below what changes a ranking, and above what another order of additions changes."""
SMALLEST_COSINE = 0.999
_PASSES = 3
_BATCH = 32


class VectorsDiffer(Problem):
    what = N_(
        "A fresh process computed other vectors than Pairloom: the largest difference is "
        "{difference}, at most {allowed} is allowed."
    )
    do = N_("Nothing was exported. Please report it together with the log.")


class VectorsTurned(Problem):
    what = N_(
        "The exported model gives other vectors than the trained one: the smallest cosine is "
        "{cosine}, at least {wanted} is wanted."
    )
    do = N_("Nothing was exported. Export the model folder instead, and please report it.")


@dataclass(frozen=True)
class Checked:
    """What the check of an export found; the attributes are those of an Export."""

    texts: int
    likeness: Likeness
    texts_per_second: float
    before_per_second: float | None = None
    kept: Kept | None = None
    made: int = 0


def check_copy(
    folder: Path,
    compared: Compared,
    vectors: NDArray[np.float32],
    check_stop: Callable[[], None],
) -> Checked:
    """Check a folder that holds the very weights of the model, against the model's vectors.

    Texts on their way to the fresh process lie beside the folder.

    Raises:
        ModelDoesNotLoad: it does not load in a fresh process.
        VectorsDiffer: a number is another one.
    """
    fresh = fresh_vectors(folder, [Asked(compared.texts)], check_stop, folder.parent)
    likeness = compare(vectors, fresh.vectors)
    if not likeness.difference <= LARGEST_DIFFERENCE:
        raise VectorsDiffer(
            difference=f"{likeness.difference:.1e}", allowed=f"{LARGEST_DIFFERENCE:.0e}"
        )
    return Checked(len(compared.texts), likeness, fresh.texts_per_second, made=compared.made)


def check_changed(
    folder: Path,
    format: Format,
    model: SentenceTransformer,
    compared: Compared,
    run: Path,
    check_stop: Callable[[], None],
) -> Checked:
    """Check a folder that computes in another way than the model, and score both.

    Texts on their way to the fresh process lie beside the folder.

    Args:
        folder: what was written.
        format: its format; 8 bits may lose something, which is measured.
        model: the model as it was trained, on the CPU.
        compared: what is compared.
        run: the run's folder, for its held-out rows.
        check_stop: called now and then; may raise to stop.

    Raises:
        ModelDoesNotLoad: it does not load in a fresh process.
        VectorsTurned: a vector points elsewhere.
    """
    task, prompts, texts = held_out_task(run), prompts_of(model), compared.texts
    asked = [Asked(texts, prompt=prompts.default)]
    if task is not None:
        asked.append(Asked(task.questions, "query", prompts.query))
        asked.append(Asked(task.passages, "document", prompts.document))
    fresh = fresh_vectors(folder, asked, check_stop, folder.parent)
    count = len(texts)
    likeness = compare(encode(model, texts, check=check_stop), fresh.vectors[:count])
    if format is not Format.INT8 and not likeness.cosine >= SMALLEST_COSINE:
        raise VectorsTurned(cosine=f"{likeness.cosine:.4f}", wanted=f"{SMALLEST_COSINE}")
    kept = None
    if task is not None:
        kept = _kept(task, Reader(model, check_stop), fresh.vectors[count:])
    speed = _texts_per_second(model, texts, check_stop)
    return Checked(count, likeness, fresh.texts_per_second, speed, kept, compared.made)


def held_out_task(run: Path) -> Task | None:
    """The run's held-out rows, ready for scoring; None without any."""
    try:
        rows = pd.read_parquet(run / HELD_OUT)
    except OSError:
        return None
    task = make_task(rows, shape_of(rows.columns))
    return task if task.size else None


def _kept(task: Task, reader: Reader, vectors: NDArray[np.float32]) -> Kept:
    asked = len(task.questions)
    ours = dense_table(task, reader.questions(task.questions), reader.passages(task.passages))
    theirs = dense_table(task, vectors[:asked], vectors[asked:])
    metric = PRIMARY[task.shape]
    before, after = (score_table(task, one).metrics[metric] for one in (ours, theirs))
    return Kept(metric, task.size, before, after, task.shape)


def _texts_per_second(
    model: SentenceTransformer, texts: Sequence[str], check_stop: Callable[[], None]
) -> float:
    """How fast the library reads these texts with the model, as in the fresh process."""
    seconds = []
    for _ in range(_PASSES):
        check_stop()
        began = time.perf_counter()
        model.encode(list(texts), batch_size=_BATCH, show_progress_bar=False)
        seconds.append(max(time.perf_counter() - began, 1e-9))
    return len(texts) / min(seconds)
