"""What every index of vectors answers, whether it looks at all of them or not."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Index(Protocol):
    """Rows of one width in the order of a corpus, searched by inner product."""

    def __len__(self) -> int:
        """How many rows."""

    @property
    def dimension(self) -> int:
        """The width of a row."""

    def scores(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The exact score of every row for one query of shape [d]; shape [n]."""

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        mask: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The best rows for each query, best first.

        Args:
            queries: shape [m, d].
            k: how many; more than there are rows is fine.
            mask: which rows may be found, shape [n]; all of them when None.

        Returns:
            Row numbers and their exact scores, both [m, min(k, n)]; -1 and minus infinity where
            nothing is left to find.

        Raises:
            ValueError: the queries have another width than the rows, or the mask another length.
        """
