"""Texts cut into tokens once and kept, and batches put together from them as a model takes them.

The library cuts every text again for every batch, and pads it to the longest text of that batch.
Here the cutting is still the library's own (``SentenceTransformer.preprocess``), so that models
read exactly what they would read otherwise; only its outcome is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

AT_ONCE = 256
"""Texts that are cut at once, between two looks for a stop request."""
_CHUNK_CHARACTERS = 200_000
"""Of long texts fewer are: what is beyond a model's limit takes memory too while they are cut."""
_PADDED = {"input_ids", "attention_mask", "token_type_ids"}
_BAGS = {"input_ids", "offsets"}


@dataclass(frozen=True)
class Layout:
    """How a model wants a batch of texts.

    Attributes:
        bags: one text after the other and where each begins, as static models take them; otherwise
            one row a text, filled up to the longest.
        pad: the token that rows are filled up with.
        left: rows are filled up on the left.
        token_types: rows come with token types (all 0, since texts are read one by one).
        constants: what every batch says besides, e.g. how many tokens the prompt takes.
    """

    bags: bool
    pad: int = 0
    left: bool = False
    token_types: bool = False
    constants: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tokens:
    """Texts as tokens.

    Attributes:
        ids: the tokens of all texts one after the other, int32 [tokens].
        starts: where each text begins and the last one ends, int64 [texts + 1].
        layout: how batches are put together.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    layout: Layout

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, those that the model adds included; int64 [texts]."""
        return np.diff(self.starts)

    def text(self, at: int) -> NDArray[np.int32]:
        """The tokens of one text, given by its place."""
        return self.ids[self.starts[at] : self.starts[at + 1]]

    def features(self, texts: NDArray[np.int64]) -> dict[str, Any]:
        """A batch as ``preprocess`` would make it of these texts, given by their places; [n]."""
        import torch

        parts = [self.text(at) for at in texts]
        layout = self.layout
        if layout.bags:
            return {**bag(parts), **layout.constants}
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        width = int(lengths.max(initial=0))
        places = np.arange(width)
        taken = places >= width - lengths[:, None] if layout.left else places < lengths[:, None]
        ids = np.full(taken.shape, layout.pad, dtype=np.int64)
        ids[taken] = _joined(parts)
        made = {"input_ids": torch.from_numpy(ids)}
        if layout.token_types:
            made["token_type_ids"] = torch.zeros_like(made["input_ids"])
        made["attention_mask"] = _tensor(taken)
        return {**made, **layout.constants}


def bag(texts: Sequence[NDArray[np.int32]]) -> dict[str, Tensor]:
    """Texts one after the other and where each begins, as static models take them."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    offsets = np.cumsum(lengths) - lengths
    return {"input_ids": _tensor(_joined(texts)), "offsets": _tensor(offsets)}


def tokenise(
    model: SentenceTransformer,
    texts: Sequence[str],
    check: Callable[[], None] = lambda: None,
    at_once: int = AT_ONCE,
    **how: Any,
) -> Tokens | None:
    """Cut texts into tokens as ``model`` reads them.

    Args:
        model: the model.
        texts: the texts.
        check: called now and then; may raise to stop.
        at_once: how many texts are cut at once, at most; few take less memory, many less time.
        how: handed to ``SentenceTransformer.preprocess``: ``prompt``, ``task``.

    Returns:
        The texts as tokens; None for a model that reads them in a way of its own (pictures, chat
        templates, a module of somebody's own), which has to be left to the library.
    """
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    parts: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []
    counts = np.zeros(len(texts), dtype=np.int64)
    layout: Layout | None = None
    # Texts of like length together: the library fills up each chunk to its longest text.
    for places in by_size(lengths, _CHUNK_CHARACTERS, at_once):
        check()
        batch = model.preprocess([texts[at] for at in places], **how)
        found = _layout(model, batch)
        if found is None or (layout is not None and found != layout):
            return None
        layout = found
        ids, counts[places] = _cut(batch, layout)
        parts.append((places, ids))
    starts = np.concatenate([[0], np.cumsum(counts)])
    whole = np.empty(starts[-1], dtype=np.int32)
    for places, ids in parts:
        whole[_spans(starts[places], counts[places])] = ids
    return Tokens(whole, starts, layout or Layout(bags=False))


def by_size(sizes: NDArray[np.int64], total: int, most: int) -> Iterator[NDArray[np.int64]]:
    """Groups of places with like ``sizes``, the largest first.

    A group has at most ``most`` places, and fewer where that many times its largest size would be
    more than ``total``, but at least one.
    """
    order = np.argsort(-sizes, kind="stable")
    start = 0
    while start < len(order):
        fit = total // max(1, int(sizes[order[start]]))
        end = start + min(most, max(1, fit))
        yield order[start:end]
        start = end


def _layout(model: SentenceTransformer, batch: dict[str, Any]) -> Layout | None:
    """How ``preprocess`` lays out a batch; None for a way that is not known here."""
    import torch

    tensors = {name for name, value in batch.items() if isinstance(value, torch.Tensor)}
    constants = {name: value for name, value in batch.items() if name not in tensors}
    if tensors == _BAGS:
        return Layout(bags=True, constants=constants)
    if not {"input_ids", "attention_mask"} <= tensors <= _PADDED:
        return None
    if "token_type_ids" in tensors and batch["token_type_ids"].any():
        return None
    pad = getattr(model.tokenizer, "pad_token_id", None)
    if pad is None:
        return None
    left = getattr(model.tokenizer, "padding_side", "right") == "left"
    return Layout(False, pad, left, "token_type_ids" in tensors, constants)


def _cut(batch: dict[str, Any], layout: Layout) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The texts' own tokens one after the other, and how many each has; no filling."""
    ids = batch["input_ids"].numpy().astype(np.int32)
    if layout.bags:
        return ids, np.diff(batch["offsets"].numpy(), append=len(ids))
    taken = batch["attention_mask"].numpy().astype(bool)
    return ids[taken], taken.sum(axis=1)


def _spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places from each start on, as many as its length, one span after the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def _joined(texts: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate(texts) if texts else np.empty(0, dtype=np.int32)


def _tensor(values: NDArray[Any]) -> Tensor:
    import torch

    return torch.from_numpy(values.astype(np.int64))
