"""How well a base's vocabulary reads given texts, and how many tokens it makes of them."""

from __future__ import annotations

import json
import random
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.models.folder import DamagedModelFile, ResolvedBase
from core.problems import N_, Term

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SAMPLE = 2000
_CHARACTERS_A_PIECE = 1.6
"""What a static vocabulary of pieces of up to three characters comes to on Chinese drug labels."""


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


def coverage(tokenizer: Path, texts: Sequence[str], seed: int = 0) -> Coverage:
    """How the vocabulary in ``tokenizer`` (a ``tokenizer.json``) reads ``texts``.

    Of more than 2,000 distinct texts that many are drawn, the same ones every time.  Texts are read
    whole, without the model's maximum length.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    distinct = sorted({_folded(text): text for text in texts if text.strip()}.values())
    if len(distinct) > SAMPLE:
        distinct = random.Random(seed).sample(distinct, SAMPLE)
    loaded, unknown = _open(tokenizer)
    encoded = [
        tuple(encoding.ids)
        for encoding in loaded.encode_batch(distinct, add_special_tokens=False)
    ]
    tokens = sum(map(len, encoded))
    unknown_tokens = sum(ids.count(unknown) for ids in encoded) if unknown is not None else 0
    same = Counter(encoded)
    return Coverage(
        texts=len(distinct),
        unknown_share=unknown_tokens / tokens if tokens else 0.0,
        indistinguishable=sum(count for count in same.values() if count > 1),
    )


def token_lengths(base: ResolvedBase, texts: Sequence[str]) -> NDArray[np.int64]:
    """How many tokens the base reads of each text, its special tokens and its limit included.

    For a static base whose vocabulary does not exist yet this is an estimate from the characters.

    Raises:
        DamagedModelFile: the tokenizer cannot be read.
    """
    if base.tokenizer is None:
        characters = np.array([len("".join(text.split())) for text in texts], dtype=np.int64)
        return np.ceil(characters / _CHARACTERS_A_PIECE).astype(np.int64)
    loaded, _ = _open(base.tokenizer)
    encodings = loaded.encode_batch(list(texts), add_special_tokens=base.kind == "transformer")
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    return lengths if base.max_length is None else np.minimum(lengths, base.max_length)


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
    from tokenizers import Tokenizer

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
