"""Transformers on the CPU without filling up: all texts of a step one behind the other.

Everything in a transformer but its attention treats each token by itself, so all texts of all
columns can go through it as one row of tokens; the attention takes texts of the same length
together.  The library does so with FlashAttention on a GPU (``unpad_inputs``); what it asks of a
model's features and of its pooling for that is used here with an attention for the CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from core.models.tokens import Tokens
from core.training.dropout import quick_dropout, quick_dropouts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_NAME = "pairloom_cpu"
_TOLERANCE = 1e-4
"""How far a model's vectors may be from those it makes of texts that are filled up."""
_TRIED = 6
"""Texts with which that is tried."""
_KEYS = {"position_ids", "cu_seq_lens_q", "cu_seq_lens_k", "max_length_q", "max_length_k"}
_SPECIAL = ("sliding_window", "softcap", "position_bias", "cache")
_log = logging.getLogger("pairloom.packing")


def pack(texts: Sequence[NDArray[np.int32]], offset: int = 0) -> tuple[dict[str, Any], Tensor]:
    """Texts one behind the other, short ones first, as a batch of one row.

    Args:
        texts: the tokens of each.
        offset: the model's number of a text's first position (:func:`position_offset`).

    Returns:
        The features as the library's models take them, and for each text its place among the
        vectors that they will make, int64 [texts].
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    positions = np.arange(ends[-1]) - np.repeat(ends[:-1], lengths) + offset
    ids = np.concatenate([texts[at] for at in order]).astype(np.int64)
    starts = torch.from_numpy(ends.astype(np.int32))
    longest = int(lengths.max())
    features = {
        "input_ids": torch.from_numpy(ids)[None],
        "position_ids": torch.from_numpy(positions)[None],
        "cu_seq_lens_q": starts,
        "cu_seq_lens_k": starts,
        "max_length_q": longest,
        "max_length_k": longest,
        "modality": "text",
    }
    return features, torch.from_numpy(np.argsort(order))


def position_offset(model: SentenceTransformer) -> int:
    """The number of a text's first position: behind the filling's number in RoBERTa's family."""
    for module in model[0].modules():
        filling = getattr(module, "padding_idx", None)
        table = getattr(module, "position_embeddings", None)
        if isinstance(filling, int) and isinstance(table, nn.Embedding):
            return filling + 1
    return 0


def can_pack(model: SentenceTransformer, tokens: Tokens) -> bool:
    """Whether a model on the CPU, :func:`prepared`, makes the same vectors of packed texts.

    Args:
        model: the model.
        tokens: the texts that it is to read; some of them are tried.
    """
    if tokens.layout.bags or not len(tokens.lengths) or not _takes_packed(model, tokens):
        return False
    by_length = np.argsort(tokens.lengths)
    tried = by_length[np.linspace(0, len(by_length) - 1, _TRIED).astype(np.int64)]
    features, places = pack([tokens.text(at) for at in tried], position_offset(model))
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            packed = model({**tokens.layout.constants, **features})["sentence_embedding"][places]
            filled = model(tokens.features(tried))["sentence_embedding"]
    except Exception:
        # Models differ in what they take; whatever this one does not like, it can be trained.
        _log.info("the model does not take packed texts", exc_info=True)
        return False
    finally:
        model.train(training)
    return bool(torch.allclose(packed, filled, atol=_TOLERANCE))


def _takes_packed(model: SentenceTransformer, tokens: Tokens) -> bool:
    if _transformer(model) is None:
        return False
    known = getattr(model[0], "model_forward_params", None)
    # A prompt's length is said once a batch, and packed columns may have different prompts.
    prompts = "prompt_length" in tokens.layout.constants and not all(
        getattr(module, "include_prompt", True) for module in model
    )
    return (known is None or known >= _KEYS) and not prompts


@contextmanager
def prepared(model: SentenceTransformer) -> Iterator[None]:
    """Within this context a model is trained on the CPU: quick dropout, packed texts understood."""
    transformer = _transformer(model)
    with ExitStack() as stack:
        stack.enter_context(quick_dropouts(model))
        if transformer is not None and transformer.config._attn_implementation == "sdpa":
            AttentionInterface.register(_NAME, _attend)
            AttentionMaskInterface.register(_NAME, sdpa_mask)
            transformer.config._attn_implementation = _NAME
            stack.callback(setattr, transformer.config, "_attn_implementation", "sdpa")
        yield


@contextmanager
def handing_on(model: SentenceTransformer) -> Iterator[None]:
    """Within this context the model hands on vectors that a loss asks for when they are there."""
    forward = model.forward

    def hand_on(features: dict[str, Any], **named: Any) -> dict[str, Any]:
        return forward(features, **named) if "input_ids" in features else dict(features)

    model.forward = hand_on
    try:
        yield
    finally:
        del model.forward


def _transformer(model: SentenceTransformer) -> PreTrainedModel | None:
    """The library's model, if its attention can be exchanged."""
    found = getattr(model[0], "auto_model", None)
    if not isinstance(found, PreTrainedModel) or not found.is_backend_compatible():
        return None
    return found


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **named: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers' models call it, with queries, keys and values of every head.

    Raises:
        NotImplementedError: packed texts for an attention of a special kind.
    """
    starts = named.get("cu_seq_lens_q")
    plain = not (
        getattr(module, "is_causal", False)
        or getattr(module, "num_key_value_groups", 1) > 1
        or any(named.get(name) is not None for name in _SPECIAL)
    )
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    if starts is not None:
        if not plain:
            raise NotImplementedError("packed texts with a special attention")
        return _attend_packed(query, key, value, starts, dropout, scaling), None
    if dropout == 0.0 or not plain:
        found: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **named
        )
        return found
    return _weighed(query, key, value, attention_mask, dropout, scaling).transpose(1, 2), None


def _attend_packed(
    query: Tensor, key: Tensor, value: Tensor, starts: Tensor, dropout: float, scaling: float
) -> Tensor:
    """Texts of the same length together; they lie one behind the other."""
    lengths = torch.diff(starts).tolist()
    groups = [(length, len(list(texts))) for length, texts in groupby(lengths)]
    sizes = [length * texts for length, texts in groups]
    parts = zip(*(one[0].transpose(0, 1).split(sizes) for one in (query, key, value)), strict=True)
    heads, width = query.shape[1], query.shape[3]
    done = []
    for (length, texts), part in zip(groups, parts, strict=True):
        q, k, v = (one.reshape(texts, length, heads, width).transpose(1, 2) for one in part)
        weighed = _weighed(q, k, v, None, dropout, scaling)
        done.append(weighed.transpose(1, 2).reshape(texts * length, heads, width))
    return torch.cat(done)[None]


def _weighed(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout: float,
    scaling: float,
) -> Tensor:
    scores = torch.matmul(query * scaling, key.transpose(2, 3))
    if mask is not None:
        if mask.dtype is torch.bool:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        else:
            scores = scores + mask
    weights = torch.softmax(scores, -1)
    if dropout:
        weights = quick_dropout(weights, dropout)
    return torch.matmul(weights, value)
