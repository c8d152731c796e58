"""The rows of a training table as the trainer takes them: their texts cut into tokens once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import LABEL, SCORE, text_roles
from core.models.tokens import Tokens, bag, tokenise
from core.training.losses.spec import Batches
from core.training.sampling import Traits

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True)
class _Column:
    """A column's texts: some tokens, and which of them each row has."""

    tokens: Tokens
    places: NDArray[np.int64]


class TrainingRows:
    """Rows of a training table, ready to be put into batches.

    Attributes:
        table: the rows: text columns in the order in which the loss takes them, then what else it
            wants to know (:func:`core.training.losses.registry.training_columns`).
        texts: the number of each text, int64 [rows, columns], equal for equal texts.
        lengths: tokens of each text, int64 [rows, columns]; for a model that reads texts in a way
            of its own their characters, which go up and down with the tokens.
        cut: whether the texts are at hand as tokens, so that :meth:`batch` can be asked; otherwise
            batches have to be left to the library.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        table: pd.DataFrame,
        prompts: Mapping[str, str],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Cut the texts.

        Args:
            model: the model that is to read them.
            table: the rows.
            prompts: words before every text of a column, by its name.
            check: called now and then; may raise to stop.
        """
        self.table = table
        names = text_roles(table.columns)
        numbers, distinct = pd.factorize(pd.concat([table[name] for name in names]))
        self.texts = numbers.astype(np.int64).reshape(len(names), len(table)).T
        columns = _cut(model, list(distinct), self.texts, names, prompts, check)
        self.cut = columns is not None
        self._columns = columns or {}
        if columns is None:
            characters = np.array([len(text) for text in distinct], dtype=np.int64)
            self.lengths = characters[self.texts]
        else:
            each = [column.tokens.lengths[column.places] for column in columns.values()]
            self.lengths = np.stack(each, axis=1)
        said = next((name for name in (SCORE, LABEL) if name in table), None)
        self._labels = table[said].to_numpy() if said is not None else None

    def batch(self, rows: Sequence[int]) -> dict[str, Any]:
        """What the library's collator would make of these rows, given by their places."""
        chosen = np.asarray(rows, dtype=np.int64)
        made = self._label(chosen)
        for name, column in self._columns.items():
            features = column.tokens.features(column.places[chosen])
            made |= {f"{name}_{key}": value for key, value in features.items()}
        return made

    def together(self, rows: Sequence[int], offset: int | None) -> dict[str, Any]:
        """The rows as one batch of all texts of all columns, for one pass through the model.

        Args:
            rows: the rows, given by their places.
            offset: a transformer's number of a text's first position; None for a static model.

        Returns:
            ``together``: features of all texts; ``places``, for a transformer: for each text,
            column by column, its place among the vectors; a static model's vectors come column by
            column; ``rows``: the rows; ``label``, if there is one.
        """
        import torch

        from core.training.packing import pack

        chosen = np.asarray(rows, dtype=np.int64)
        texts = [
            column.tokens.text(at)
            for column in self._columns.values()
            for at in column.places[chosen]
        ]
        # The library takes the number of rows from the first tensor that it finds.
        made: dict[str, Any] = {"rows": torch.from_numpy(chosen)}
        if offset is None:
            made["together"] = bag(texts)
        else:
            made["together"], made["places"] = pack(texts, offset)
        return {**made, **self._label(chosen)}

    def traits(self, batches: Batches, *, apart: bool, by_length: bool) -> Traits:
        """What decides which of the rows share a batch.

        Args:
            batches: what the loss asks for.
            apart: whether repeated texts are kept apart for a loss that they would mislead.
            by_length: whether texts of like length are put together.
        """
        return Traits(
            rows=len(self.table),
            lengths=self.lengths if by_length else None,
            texts=self.texts if apart and batches is Batches.NO_DUPLICATES else None,
            classes=self._labels.astype(np.int64)
            if self._labels is not None and batches is Batches.BY_CLASS
            else None,
        )

    def tokens(self) -> list[Tokens]:
        """The cut texts: one for each way in which columns are read."""
        return list({id(one.tokens): one.tokens for one in self._columns.values()}.values())

    def _label(self, chosen: NDArray[np.int64]) -> dict[str, Any]:
        import torch

        return {} if self._labels is None else {"label": torch.tensor(self._labels[chosen])}


def _cut(
    model: SentenceTransformer,
    distinct: list[str],
    texts: NDArray[np.int64],
    names: list[str],
    prompts: Mapping[str, str],
    check: Callable[[], None],
) -> dict[str, _Column] | None:
    """Each column's tokens; columns with the same prompt share them.  None: not to be had."""
    columns: dict[str, _Column] = {}
    for prompt in dict.fromkeys(prompts.get(name) for name in names):
        alike = [at for at, name in enumerate(names) if prompts.get(name) == prompt]
        wanted, places = np.unique(texts[:, alike], return_inverse=True)
        tokens = tokenise(model, [distinct[at] for at in wanted], check, prompt=prompt)
        if tokens is None:
            return None
        places = places.reshape(len(texts), len(alike))
        columns |= {
            names[at]: _Column(tokens, places[:, column]) for column, at in enumerate(alike)
        }
    return {name: columns[name] for name in names}
