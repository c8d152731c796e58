"""Figures about a dataset's texts that need no model: lengths, scripts, and a content hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_PIECE_ROWS = 50_000
# First and last character of the blocks that Chinese, Japanese and Korean are written in.
_CJK_BLOCKS = (
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x4DBF),  # ideographs, extension A
    (0x4E00, 0x9FFF),  # ideographs
    (0xAC00, 0xD7AF),  # hangul
    (0xF900, 0xFAFF),  # compatibility ideographs
)


@dataclass(frozen=True)
class TextStatistics:
    """Lengths of a column's texts in characters, and which share of those is CJK (0 to 1)."""

    characters_min: int
    characters_mean: float
    characters_max: int
    cjk_share: float


def text_statistics(texts: pd.Series) -> TextStatistics:
    """The figures of one column of at least one text."""
    lengths = pc.utf8_length(pa.array(texts, pa.large_string()))
    characters = pc.sum(lengths).as_py()
    cjk = sum(_count_cjk(utf8) for _, utf8 in _pieces(texts))
    return TextStatistics(
        characters_min=pc.min(lengths).as_py(),
        characters_mean=round(characters / len(texts), 1),
        characters_max=pc.max(lengths).as_py(),
        cjk_share=round(cjk / max(characters, 1), 4),
    )


def content_hash(frame: pd.DataFrame) -> str:
    """The SHA-256 of a frame's columns, names, types and values, as 64 hexadecimal digits.

    It does not depend on how the frame is stored: texts count as their lengths in bytes followed by
    their UTF-8, numbers as their little-endian bytes.
    """
    digest = hashlib.sha256()
    for name in frame.columns:
        column = frame[name]
        is_text = not pd.api.types.is_numeric_dtype(column)
        kind = "text" if is_text else str(column.dtype)
        digest.update(f"{name}:{kind}:{len(column)};".encode())
        if is_text:
            for lengths, utf8 in _pieces(column):
                digest.update(lengths.astype("<i8").tobytes())
                digest.update(utf8.tobytes())
        else:
            values = column.to_numpy()
            digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _pieces(texts: pd.Series) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(bytes of each text, all their UTF-8 bytes one after another) of 50,000 rows at a time."""
    for start in range(0, len(texts), _PIECE_ROWS):
        cells = texts.iloc[start : start + _PIECE_ROWS].to_numpy(object)
        piece = pa.array(cells, pa.large_string())
        lengths = pc.binary_length(piece).to_numpy()
        utf8 = np.frombuffer(memoryview(piece.buffers()[2] or b""), np.uint8)[: lengths.sum()]
        yield lengths, utf8


def _count_cjk(utf8: np.ndarray) -> int:
    # Every block but the rarest is written in three bytes, 1110xxxx 10xxxxxx 10xxxxxx; the
    # ideographs beyond U+20000 in four, the first of which is F0 and the second A0 or more.
    starts = np.flatnonzero((utf8 & 0xF0) == 0xE0)
    codes = (utf8[starts] & 0x0F).astype(np.int32) << 12
    codes |= (utf8[starts + 1] & 0x3F).astype(np.int32) << 6
    codes |= utf8[starts + 2] & 0x3F
    count = sum(int(((codes >= low) & (codes <= high)).sum()) for low, high in _CJK_BLOCKS)
    rare = np.flatnonzero(utf8 == 0xF0)
    return count + int((utf8[rare + 1] >= 0xA0).sum())
