"""What a fresh process that knows nothing of Pairloom makes of an exported folder, how fast."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.export import fresh_process
from core.files import write_json
from core.models.roles import Role
from core.problems import N_, Problem

_LOOK_SECONDS = 0.2
_EXCEPTION = re.compile(r"[\w.]*(Error|Exception|Interrupt)\b")
"""How the line of a traceback begins that says what went wrong."""


class ModelDoesNotLoad(Problem):
    what = N_("A fresh process could not load the model: {reason}.")
    do = N_("Nothing was exported. The log has the details; please report it.")


@dataclass(frozen=True)
class Fresh:
    """What a fresh process made of texts.

    Attributes:
        vectors: rows of length 1, float32 [texts, dimension].
        texts_per_second: how many texts it read in a second, once it was warm.
    """

    vectors: NDArray[np.float32]
    texts_per_second: float


@dataclass(frozen=True)
class Asked:
    """Texts that a fresh process is to read in one way.

    Attributes:
        texts: the texts.
        role: what they are read as; None for plain texts.
        prompt: the words before each of them, for folders that the library does not read: it knows
            its prompts.
    """

    texts: Sequence[str]
    role: Role | None = None
    prompt: str = ""


def fresh_vectors(
    folder: Path,
    asked: Sequence[Asked],
    check_stop: Callable[[], None] = lambda: None,
    scratch: Path | None = None,
) -> Fresh:
    """The vectors that a fresh process computes with an exported folder.

    Args:
        folder: a model's folder, or one that brings an ``encode.py``.
        asked: what it reads; the speed is measured with the first of them, which has texts.
        check_stop: called several times a second; when it raises, the process is ended.
        scratch: a folder for the texts and vectors on their way; the system's own if None.

    Raises:
        ModelDoesNotLoad: the process failed; its last words are the reason, all of them are on
            stderr.
    """
    with tempfile.TemporaryDirectory(prefix=".check-", dir=scratch) as name:
        asked_file, vectors_file = Path(name) / "asked.json", Path(name) / "vectors.npy"
        write_json(asked_file, [{**asdict(one), "texts": list(one.texts)} for one in asked])
        # -I: neither the current folder nor PYTHONPATH can lend the process anything of ours.
        # -B: it leaves nothing in the folder, which is packed afterwards.
        command: list[str | Path] = [sys.executable, "-I", "-B", fresh_process.__file__]
        process = subprocess.Popen(
            [*command, folder, asked_file, vectors_file],
            cwd=name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        output, errors = _wait(process, check_stop)
        if process.returncode != 0:
            sys.stderr.write(errors)
            raise ModelDoesNotLoad(reason=_reason(errors, process.returncode))
        vectors = np.load(vectors_file, allow_pickle=False)
        return Fresh(vectors, float(json.loads(output)["texts_per_second"]))


def verify_folder(
    folder: Path,
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    check_stop: Callable[[], None] = lambda: None,
) -> float:
    """The largest difference of any number between given vectors and those of a fresh process.

    Args:
        folder: the model's folder.
        texts: at least one.
        vectors: their vectors, rows of length 1.
        check_stop: called several times a second; when it raises, the process is ended.

    Raises:
        ModelDoesNotLoad: the process failed, or its vectors have another length.
    """
    found = fresh_vectors(folder, [Asked(texts)], check_stop).vectors
    return compare(vectors, found).difference


@dataclass(frozen=True)
class Likeness:
    """How much two sets of vectors of the same texts are alike.

    Attributes:
        difference: the largest difference of any number.
        cosine: the smallest cosine of any text's two vectors.
    """

    difference: float
    cosine: float


def compare(expected: NDArray[np.float32], found: NDArray[np.float32]) -> Likeness:
    """Compare vectors of the same texts, both [texts, dimension].

    Raises:
        ModelDoesNotLoad: they have other shapes, or hold something that is no number.
    """
    if found.shape != expected.shape:
        raise ModelDoesNotLoad(reason=f"vectors of shape {found.shape}, not {expected.shape}")
    if not np.isfinite(found).all():
        raise ModelDoesNotLoad(reason="vectors that are not numbers")
    ours, theirs = expected.astype(np.float64), found.astype(np.float64)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    # A text without a known piece is a row of zeros on both sides, which is the same.
    empty = ~ours.any(axis=1) & ~theirs.any(axis=1)
    cosines = np.where(empty, 1.0, (ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-12))
    return Likeness(float(np.abs(ours - theirs).max()), float(cosines.min()))


def _reason(errors: str, code: int) -> str:
    """The exception that ended the process; its message may have several lines."""
    lines = errors.strip().splitlines()
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    last = (exceptions or lines or [str(code)])[-1]
    return last[:300].rstrip(". ")


def _wait(process: subprocess.Popen[str], check_stop: Callable[[], None]) -> tuple[str, str]:
    """What the process printed, once it has ended; it never outlives this call."""
    try:
        while True:
            try:
                return process.communicate(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                check_stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
