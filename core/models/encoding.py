"""Texts to vectors with a model that is loaded: the one way in which everything here does it.

The vectors are those of ``SentenceTransformer.encode`` (6.2.0, read in its source).  What differs
is the way there: equal texts are read once; texts are cut into tokens many at once instead of batch
by batch; batches are made of texts with like numbers of tokens, not characters, and hold as many
texts as a number of tokens allows, so that short texts go through the model in large batches and
long ones in small; and the vectors are written where they belong at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.models.roles import Role
from core.models.tokens import AT_ONCE, Tokens, by_size, tokenise

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_SLICE = 32_768
"""Texts whose tokens are held at once: at most some 30 MB for models that read 256 tokens."""
_LIBRARY_BATCH = 32
_LIBRARY_CHUNK = 512
"""Texts that are left to the library between two looks for a stop request."""
_CPU_TOKENS = 2_048
"""Where MiniLM is fastest on two cores; 1,024 and 3,000 take some 5% longer."""
_SHORT = 64
"""Tokens: up to here a text is so short that what oneDNN keeps is a part of the peak."""
_GPU_TOKENS = 16_384
_BAG_TOKENS = 8_192
_MOST_TEXTS = 512


def encode(
    model: SentenceTransformer,
    texts: Sequence[str],
    role: Role | None = None,
    *,
    unit: bool = True,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float32]:
    """The vectors that ``encode``, ``encode_query`` or ``encode_document`` of the library gives.

    Args:
        model: the model, on the device where it is to work.
        texts: the texts; of equal ones only the first is read.
        role: read them as questions or as documents, with the model's prompt for these; None for
            its default prompt, if it has one.
        unit: make every vector 1 long.
        check: called before every batch; may raise to stop.
        progress: told after every batch how many texts are done; may raise to stop.

    Returns:
        [texts, dimension], in the order of the texts.
    """
    how = _way(model, role)
    first: dict[str, int] = {}
    same = np.fromiter(
        (first.setdefault(text, at) for at, text in enumerate(texts)), np.int64, len(texts)
    )
    del first
    model.eval()
    rows: NDArray[np.float32] | None = None
    for start in range(0, len(texts), _SLICE):
        own = same[start : start + _SLICE]
        end = start + len(own)
        new = start + np.flatnonzero(own == np.arange(start, end))
        done = end - len(new)
        unread = [texts[at] for at in new.tolist()]
        for places, vectors in _vectors(model, unread, how, check, unit=unit):
            if rows is None:
                rows = np.empty((len(texts), vectors.shape[1]), dtype=np.float32)
            rows[new[places]] = vectors
            done += len(places)
            progress(done)
        again = start + np.flatnonzero(own != np.arange(start, end))
        assert rows is not None
        rows[again] = rows[same[again]]
    if rows is None:
        return np.empty((0, model.get_embedding_dimension() or 0), dtype=np.float32)
    return rows


def prompt_for(model: SentenceTransformer, role: Role | None = None) -> str | None:
    """The words that the library's method for ``role`` puts before a text; None for none."""
    names = {"query": ("query",), "document": ("document", "passage", "corpus"), None: ()}[role]
    name = next((name for name in names if name in model.prompts), model.default_prompt_name)
    return None if name is None else model.prompts.get(name)


def _way(model: SentenceTransformer, role: Role | None) -> dict[str, Any]:
    """What the library's methods for ``role`` hand on: the prompt, and the task if there is one."""
    prompt = prompt_for(model, role)
    return {"prompt": prompt} if role is None else {"prompt": prompt, "task": role}


def _vectors(
    model: SentenceTransformer,
    texts: list[str],
    how: dict[str, Any],
    check: Callable[[], None],
    *,
    unit: bool,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Places in ``texts`` and their vectors, until all of them were there."""
    import torch

    # Cutting is most of a static model's work, and next to nothing of a transformer's, which then
    # takes as little memory for it as the library.
    at_once = _LIBRARY_BATCH if hasattr(model[0], "auto_model") else AT_ONCE
    tokens = tokenise(model, texts, check, at_once, **how)
    if tokens is None:
        yield from _left_to_the_library(model, texts, how, check, unit=unit)
        return
    device = model.device
    short = _is_short(model, tokens)
    kept: list[tuple[NDArray[np.int64], torch.Tensor]] = []
    # The longest first, because memory then runs out at once or never, and grows no further.
    for places in by_size(tokens.lengths, _most_tokens(tokens, device.type), _MOST_TEXTS):
        check()
        features = _moved(tokens.features(places), device)
        with _without_onednn(short):
            vectors = _forward(model, features, how, unit=unit)
        if device.type == "cpu":
            yield places, vectors.numpy()
        else:
            # Asking for a result makes the processor wait for the device: once, at the end.
            kept.append((places, vectors))
    if kept:
        all_places = np.concatenate([places for places, _ in kept])
        yield all_places, torch.cat([vectors for _, vectors in kept]).cpu().numpy()


def _most_tokens(tokens: Tokens, device: str) -> int:
    """How many tokens a batch may have, those that it is filled up with included.

    Fewer than the library's largest batch of these texts has, so that no more memory is taken,
    although more texts than 32 are cut at once.
    """
    if tokens.layout.bags:
        return _BAG_TOKENS
    largest = _LIBRARY_BATCH * int(tokens.lengths.max(initial=1))
    return min(_CPU_TOKENS if device == "cpu" else _GPU_TOKENS, largest * 3 // 4)


def _moved(features: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """A batch on the model's device; the copy to a CUDA device goes on while others are made."""
    import torch

    if device.type == "cpu":
        return features
    pinned = device.type == "cuda"
    return {
        name: (value.pin_memory() if pinned else value).to(device, non_blocking=pinned)
        if isinstance(value, torch.Tensor)
        else value
        for name, value in features.items()
    }


def _forward(
    model: SentenceTransformer, features: dict[str, Any], how: dict[str, Any], *, unit: bool
) -> torch.Tensor:
    """The vectors of a batch, float32 [texts, dimension], on the model's device."""
    import torch

    task = {name: value for name, value in how.items() if name == "task"}
    with torch.inference_mode():
        vectors = model(features, **task)["sentence_embedding"]
        vectors = vectors[..., : model.truncate_dim]
        if unit:
            vectors = torch.nn.functional.normalize(vectors, p=2, dim=1)
        return vectors.float()


def _is_short(model: SentenceTransformer, tokens: Tokens) -> bool:
    """Whether these are short texts for a float32 model on a processor with MKL."""
    import torch

    short = int(tokens.lengths.max(initial=0)) <= _SHORT
    plain = model.device.type == "cpu" and all(p.dtype == torch.float32 for p in model.parameters())
    return short and plain and torch.backends.mkl.is_available()


@contextmanager
def _without_onednn(short: bool) -> Iterator[None]:
    """Without oneDNN for short texts (:func:`_is_short`), where MKL multiplies as fast.

    oneDNN keeps something for every new shape of a batch, and between those pieces memory that was
    given back cannot be taken as one again: on 2,000 short texts MiniLM held 15 MB more.  Among
    long texts that is little beside their batches, and oneDNN is a tenth faster there.
    """
    import torch

    kernels = torch.backends.mkldnn
    before = kernels.enabled
    kernels.enabled = before and not short
    try:
        yield
    finally:
        kernels.enabled = before


def _left_to_the_library(
    model: SentenceTransformer,
    texts: list[str],
    how: dict[str, Any],
    check: Callable[[], None],
    *,
    unit: bool,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """As :func:`_vectors`, for models that read texts in a way that is not known here."""
    for start in range(0, len(texts), _LIBRARY_CHUNK):
        check()
        part = texts[start : start + _LIBRARY_CHUNK]
        vectors = model.encode(
            part,
            batch_size=_LIBRARY_BATCH,
            normalize_embeddings=unit,
            show_progress_bar=False,
            **how,
        )
        yield np.arange(start, start + len(part)), np.asarray(vectors, dtype=np.float32)
