"""Whether a fresh process that knows nothing of Pairloom computes the same vectors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.export import fresh_process
from core.files import write_json
from core.problems import N_, Problem

_LOOK_SECONDS = 0.2
_EXCEPTION = re.compile(r"[\w.]*(Error|Exception|Interrupt)\b")
"""How the line of a traceback begins that says what went wrong."""


class ModelDoesNotLoad(Problem):
    what = N_("A fresh process could not load the model: {reason}.")
    do = N_("Nothing was exported. The log has the details; please report it.")


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
        ModelDoesNotLoad: the process failed; its last words are the reason, all of them are on
            stderr.
    """
    with tempfile.TemporaryDirectory(prefix="pairloom-export-") as name:
        texts_file, vectors_file = Path(name) / "texts.json", Path(name) / "vectors.npy"
        write_json(texts_file, list(texts))
        np.save(vectors_file, vectors)
        # -I: neither the current folder nor PYTHONPATH can lend the process anything of ours.
        process = subprocess.Popen(
            [sys.executable, "-I", fresh_process.__file__, folder, texts_file, vectors_file],
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
    return float(json.loads(output)["difference"])


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
