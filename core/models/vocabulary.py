"""How well a vocabulary reads given texts, and how many tokens it makes of them."""

from __future__ import annotations

import json
import random
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.models.folder import DamagedModelFile
from core.problems import N_, Term

SAMPLE = 2_000
"""The most texts that are looked at."""


@dataclass(frozen=True)
class Coverage:
    """How a vocabulary reads texts.

    Attributes:
        texts: how many distinct texts were looked at; case and width do not make a text another.
        unknown_share: which share of all tokens (0 to 1) stands for characters it does not know.
        indistinguishable: how many texts look exactly like another one to the model.
    """

    texts: int
    unknown_share: float
    indistinguishable: int


def coverage(tokenizer_json: Path, texts: Iterable[str], seed: int = 0) -> Coverage:
    """How the vocabulary in ``tokenizer_json`` reads ``texts``.

    Of more than 2,000 distinct texts that many are drawn, the same ones every time.  Texts are read
    whole, without the model's maximum length.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    distinct = _sampled(
        sorted({_folded(text): text for text in texts if text.strip()}.values()), seed
    )
    tokenizer, unknown = _open(tokenizer_json)
    encodings = tokenizer.encode_batch(distinct, add_special_tokens=False)
    encoded = [tuple(encoding.ids) for encoding in encodings]
    tokens = sum(map(len, encoded))
    unknown_tokens = sum(ids.count(unknown) for ids in encoded) if unknown is not None else 0
    return Coverage(
        texts=len(distinct),
        unknown_share=unknown_tokens / tokens if tokens else 0.0,
        indistinguishable=sum(count for count in Counter(encoded).values() if count > 1),
    )


def token_lengths(
    tokenizer_json: Path, texts: Sequence[str], max_length: int | None, seed: int = 0
) -> NDArray[np.int64]:
    """How many tokens a model reads of each text, with its special tokens.

    Args:
        tokenizer_json: the model's ``tokenizer.json``.
        texts: of more than 2,000 that many are drawn, the same ones every time.
        max_length: what is longer is cut off there; None for no limit.
        seed: decides which ones are drawn.

    Returns:
        One number a text looked at, in their order unless they were drawn.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    tokenizer, _ = _open(tokenizer_json)
    encodings = tokenizer.encode_batch(_sampled(texts, seed))
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    return lengths if max_length is None else np.minimum(lengths, max_length)


def _sampled(texts: Sequence[str], seed: int) -> list[str]:
    return random.Random(seed).sample(texts, SAMPLE) if len(texts) > SAMPLE else list(texts)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _open(path: Path) -> tuple[Tokenizer, int | None]:
    try:
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise DamagedModelFile(file=str(path), reason=error.strerror or str(error)) from error


@lru_cache(maxsize=4)
def _load(path: Path, changed_ns: int) -> tuple[Tokenizer, int | None]:
    """The tokenizer without padding and truncation, and the id that stands for the unknown."""
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        model = json.loads(text)["model"]
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:
        # The library raises a bare Exception for whatever it cannot read.
        reason = Term(N_("it is no tokenizer"))
        raise DamagedModelFile(file=str(path), reason=reason) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if "unk_id" in model:
        return tokenizer, model["unk_id"]
    unknown = model.get("unk_token")
    return tokenizer, tokenizer.token_to_id(unknown) if unknown else None
