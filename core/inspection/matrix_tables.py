"""Similarity matrices as tables that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_TEXTS = 500
"""Up to so many texts the tables are offered: three times 250,000 numbers."""
FILES = ("base.csv", "tuned.csv", "change.csv")
# What a spreadsheet takes for a formula, as in core/data/table_export.py.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def matrices_zip(
    texts: Sequence[str], base: NDArray[np.float32], tuned: NDArray[np.float32]
) -> bytes:
    """Three CSV files in a zip archive: the base's cosines, the tuned model's, the change.

    The first line and the first column hold the texts; one that a spreadsheet would execute gets an
    apostrophe in front.  UTF-8 with a mark at the beginning, without which Excel would not read
    Chinese.

    Args:
        texts: in the order of the matrices.
        base: [n, n].
        tuned: [n, n].
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in zip(FILES, (base, tuned, tuned - base), strict=True):
            archive.writestr(name, _table(texts, values).encode("utf-8-sig", "replace"))
    return buffer.getvalue()


def _table(texts: Sequence[str], values: NDArray[np.float32]) -> str:
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    names = [f"'{text}" if _FORMULA.match(text) else text for text in texts]
    writer.writerow(["", *names])
    for text, row in zip(names, values.tolist(), strict=True):
        writer.writerow([text, *(f"{value:.6f}" for value in row)])
    return lines.getvalue()
