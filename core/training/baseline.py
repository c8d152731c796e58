"""Vectors of a base for the texts that it is scored on, kept so that it reads them only once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.files import write_bytes
from core.training.reading import Reader
from core.training.tasks import fingerprint
from core.workspace import Workspace

FOLDER = "baselines"
_KEPT = 40
"""How many files are kept, the latest ones: some 3 MB each."""


@dataclass(frozen=True)
class Vectors:
    """Unit rows, float32 [n, dimension], of what was asked and of what was searched."""

    questions: np.ndarray
    passages: np.ndarray


def read_all(reader: Reader, questions: Sequence[str], passages: Sequence[str]) -> Vectors:
    """What a model makes of these texts."""
    return Vectors(reader.questions(questions), reader.passages(passages))


def baseline_vectors(
    workspace: Workspace,
    model: str,
    questions: Sequence[str],
    passages: Sequence[str],
    load: Callable[[], Reader],
) -> Vectors:
    """What a base makes of these texts; it is only loaded when it has not read them before.

    Args:
        workspace: whose cache is used.
        model: the base's fingerprint.
        questions: at least one.
        passages: at least one.
        load: loads the base.
    """
    path = workspace.cache / FOLDER / f"{model}-{fingerprint(questions, passages)}.npz"
    known = _load(path)
    if known is None:
        known = read_all(load(), questions, passages)
        _save(path, known)
    return known


def _load(path: Path) -> Vectors | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return Vectors(archive["questions"], archive["passages"])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        # Missing, or damaged: it is a cache, the base reads the texts again.
        return None


def _save(path: Path, vectors: Vectors) -> None:
    path.parent.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, questions=vectors.questions, passages=vectors.passages)
    write_bytes(path, buffer.getvalue())
    files = sorted(path.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime)
    for old in files[:-_KEPT]:
        old.unlink(missing_ok=True)
