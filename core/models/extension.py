"""Extends the vocabulary of a transformer base by what it cannot read in given texts.

The additions become part of the base's own ``tokenizer.json`` and of its table of token vectors, so
that the model's folder needs nothing but sentence-transformers, wherever it goes.
"""

from __future__ import annotations

import json
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from core.models.additions import Additions, extended, find_additions
from core.models.extension_config import Extension
from core.models.extension_start import Material, Rows, company_rows
from core.problems import N_, Problem

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_TOKENIZER = "tokenizer.json"
_TEXTS = 20_000
"""From so many texts it is read off what stands with what."""


class AdditionsForgotten(Problem):
    what = N_("This base's tokenizer does not keep what is added to its vocabulary.")
    do = N_("Train it as it is, or choose another base.")


def extend_model(
    model: SentenceTransformer,
    texts: Sequence[str],
    extension: Extension,
    seed: int,
    start: Callable[[Material], Rows] = company_rows,
) -> Additions:
    """Add what ``model`` cannot read in ``texts`` to its vocabulary, in place.

    The vectors of all other tokens stay as they are, and texts without any of the additions are cut
    into the same tokens as before.

    Args:
        model: begins with a transformer whose tokenizer :func:`check_extensible` lets pass.
        texts: the training texts; the same texts and seed give the same vectors.
        extension: how much is added at most.
        seed: decides what is drawn.
        start: where the vectors of the additions begin.

    Returns:
        What was added; nothing when the model reads all of the texts.

    Raises:
        AdditionsForgotten: the library would read the saved tokenizer without them.
    """
    first_module: Any = model[0]
    with tempfile.TemporaryDirectory(prefix="pairloom-vocabulary-") as name:
        folder = Path(name)
        first_module.save(str(folder))
        file = folder / _TOKENIZER
        added = find_additions(file, texts, extension)
        if not added.pieces:
            return added
        before = json.loads(file.read_text(encoding="utf-8"))
        after, first = extended(before, added.pieces)
        file.write_text(json.dumps(after, ensure_ascii=False), encoding="utf-8")
        old = first_module.tokenizer
        # The tokenizer that the library makes of the folder is the one that everybody will have.
        first_module.processor = (
            type(first_module).load(str(folder), local_files_only=True).processor
        )
    new = first_module.tokenizer
    ids = list(range(first, first + len(added.pieces)))
    if new.convert_tokens_to_ids(list(added.pieces)) != ids:
        first_module.processor = old
        raise AdditionsForgotten
    _set_rows(model, first, start(_material(model, old, added, first, texts, seed)))
    return added


def word_embeddings(model: SentenceTransformer) -> Any:
    """The model's table of token vectors (an ``nn.Embedding``)."""
    transformer: Any = model.transformers_model
    return transformer.get_input_embeddings()


def _material(
    model: SentenceTransformer,
    old: Any,
    added: Additions,
    first: int,
    texts: Sequence[str],
    seed: int,
) -> Material:
    special = {*old.all_special_ids, *old.added_tokens_decoder}
    usual = [
        id
        for token, id in sorted(old.get_vocab().items(), key=lambda item: item[1])
        if id not in special and not token.startswith("[unused")
    ]
    ordered = sorted(set(texts))
    step = -(-len(ordered) // _TEXTS)
    encodings = _plain(model.tokenizer).encode_batch(ordered[::step], add_special_tokens=False)
    rows = word_embeddings(model).weight.detach().cpu().float().numpy()
    return Material(
        rows=rows,
        usual=np.array([id for id in usual if id < len(rows)], dtype=np.int64),
        first=first,
        reads=added.reads,
        parts=_parts(_plain(old), special, added.reads),
        texts=[np.array(encoding.ids, dtype=np.int64) for encoding in encodings],
        seed=seed,
    )


def _plain(tokenizer: Any) -> Tokenizer:
    """A copy of a tokenizer that neither pads nor cuts off."""
    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    return copy


def _parts(old: Tokenizer, special: set[int], reads: Sequence[str]) -> list[list[int]]:
    """Of what known tokens an addition is made: a word's pieces, the plain form of a character.

    The plain form is that of Unicode (NFKC): ℃ is °C, and a wide letter is a letter.
    """
    forms = [unicodedata.normalize("NFKC", text) for text in reads]
    encodings = old.encode_batch(forms, add_special_tokens=False)
    return [[id for id in encoding.ids if id not in special] for encoding in encodings]


def _set_rows(model: SentenceTransformer, first: int, rows: Rows) -> None:
    import torch

    end = first + len(rows)
    if word_embeddings(model).num_embeddings < end:
        transformer: Any = model.transformers_model
        transformer.resize_token_embeddings(end, mean_resizing=False)
    weight = word_embeddings(model).weight
    with torch.no_grad():
        weight[first:end] = torch.from_numpy(rows).to(weight)
