"""Whether what a model gave for texts are numbers that can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.problems import N_, Problem


class NoNumbers(Problem):
    what = N_("The model gives no usable numbers for some of the texts, for example: {text}")
    do = N_("Choose another model; the training of this one has gone wrong.")


def check_numbers(texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Refuse NaN and infinity, before they are kept or compared.

    Args:
        texts: what was read.
        vectors: one row for each of them.

    Raises:
        NoNumbers: names the first text that has no usable vector.
    """
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(broken):
        raise NoNumbers(text=texts[int(broken[0])][:60])
