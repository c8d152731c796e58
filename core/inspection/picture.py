"""Similarity matrices as pictures: means of blocks, colours, and the bytes of a PNG file."""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from core.inspection.similarity import unit_rows

BLOCKS = 150
"""A picture has at most so many blocks a side."""

# As in .streamlit/config.toml for light screens, which is also what paper needs; a test compares.
SEQUENTIAL = [
    "#EAF6F4",
    "#C7E6E2",
    "#A2D7D0",
    "#7CC7BE",
    "#5EB0A7",
    "#3F9990",
    "#14837A",
    "#0F6D66",
    "#0A5852",
    "#06443F",
]
DIVERGING = [
    "#7A3E06",
    "#A05B12",
    "#C77A1E",
    "#E0B284",
    "#F6EAD9",
    "#DCEFEC",
    "#8BC2BA",
    "#2A958B",
    "#186B64",
    "#06443F",
]
_DARK = 110


def limits(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> tuple[float, float]:
    """Where the shared scale of both matrices begins (it ends at 1), and the largest change.

    Both are rounded to tenths, so that the scale has round ends; the scale begins at 0 at least.
    """
    lowest = min(0.0, math.floor(10 * float(min(base.min(), tuned.min()))) / 10)
    return lowest, max(0.1, math.ceil(10 * float(np.abs(tuned - base).max())) / 10)


def block_edges(count: int, blocks: int = BLOCKS) -> NDArray[np.int64]:
    """Where the blocks begin and the last one ends when ``count`` texts are shared out evenly."""
    return np.linspace(0, count, min(count, blocks) + 1).round().astype(np.int64)


def block_means(vectors: NDArray[np.float32], edges: NDArray[np.int64]) -> NDArray[np.float32]:
    """The mean cosine of every two blocks of rows, [blocks, blocks].

    The mean of all products is the product of the means, so that the full matrix (100 MB for 5,000
    texts) is never made.  In a block with itself the ones of its diagonal are counted too.

    Args:
        vectors: [n, d], in the order of the picture.
        edges: as :func:`block_edges` gives them.
    """
    sums = np.add.reduceat(unit_rows(vectors), edges[:-1], axis=0)
    means = sums / np.diff(edges)[:, None]
    return np.clip(means @ means.T, -1.0, 1.0)


def colours(
    values: NDArray[np.float32], low: float, high: float, scale: list[str]
) -> NDArray[np.uint8]:
    """Red, green and blue of every value, [..., 3]; ``scale`` holds colours from low to high."""
    stops = np.array([[int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in scale])
    along = np.clip((values - low) / max(high - low, 1e-9), 0, 1) * (len(scale) - 1)
    channels = [np.interp(along, np.arange(len(scale)), stops[:, i]) for i in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def is_dark(colour: NDArray[np.uint8]) -> bool:
    """Whether white letters are easier to read on this colour than black ones."""
    return bool(np.dot(colour, [0.299, 0.587, 0.114]) < _DARK)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of ``pixels`` [height, width, 3] (PNG specification, colour type 2)."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
