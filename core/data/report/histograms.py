"""Lengths and other numbers in bars."""

from __future__ import annotations

import numpy as np

from core.data.report.data_report import Histogram, LengthStatistics

BARS = 30


def histogram(values: np.ndarray, edges: np.ndarray) -> Histogram:
    """How many values lie between each two edges."""
    counts, _ = np.histogram(values, edges)
    return Histogram(tuple(np.round(edges, 4).tolist()), tuple(counts.tolist()))


def length_statistics(lengths: np.ndarray, limit: int | None = None) -> LengthStatistics:
    """The figures of one role's lengths, at least one; what is longer than ``limit`` is cut off."""
    read = lengths if limit is None else np.minimum(lengths, limit)
    low, high = int(read.min()), int(read.max())
    width = max(1, -(-(high + 1 - low) // BARS))
    edges = np.arange(low, high + 1 + width, width)
    return LengthStatistics(
        minimum=low,
        mean=round(float(read.mean()), 2),
        p95=round(float(np.percentile(read, 95)), 1),
        maximum=high,
        histogram=histogram(read, edges),
        cut_off=0 if limit is None else int((lengths > limit).sum()),
    )
