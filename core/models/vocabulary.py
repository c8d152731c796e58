"""How well a vocabulary reads given texts, and how many tokens it makes of them."""

from __future__ import annotations

import json
import random
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.models.folder import DamagedModelFile
from core.problems import N_, Term

SAMPLE = 2_000
"""The most texts that are looked at by :func:`coverage` and :func:`token_lengths`."""
_PIECE = 1_000


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
    distinct = distinct_texts(texts, seed)
    reading = read_texts(tokenizer_json, [distinct])
    return Coverage(
        texts=len(distinct),
        unknown_share=reading.unknown_share,
        indistinguishable=sum(map(len, alike(reading, distinct.__getitem__))),
    )


def distinct_texts(texts: Iterable[str], seed: int = 0) -> list[str]:
    """Each text once that a person would tell from the others, blank ones aside.

    Of more than 2,000 that many are drawn, the same ones every time.
    """
    return _sampled(sorted({folded(text): text for text in texts if text.strip()}.values()), seed)


@dataclass(frozen=True)
class Reading:
    """What a tokenizer makes of texts, a number for each text.

    Attributes:
        tokens: how many tokens it is cut into, without special ones (int32).
        unknown: how many of these stand for something that the vocabulary does not know (int32).
        keys: equal for texts that are cut into the same tokens (int64).
        special: how many special tokens a model adds to each text.
    """

    tokens: NDArray[np.int32]
    unknown: NDArray[np.int32]
    keys: NDArray[np.int64]
    special: int

    @property
    def unknown_share(self) -> float:
        """Which share of all tokens (0 to 1) is unknown."""
        return float(self.unknown.sum() / max(int(self.tokens.sum()), 1))


def read_texts(tokenizer_json: Path, pieces: Iterable[Sequence[str]]) -> Reading:
    """Cut texts into tokens, whole, without a model's maximum length.

    Args:
        tokenizer_json: the model's ``tokenizer.json``.
        pieces: the texts, some thousands at a time; about 50,000 short ones take a second.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    tokenizer, unknown = open_tokenizer(tokenizer_json)
    tokens, unknowns, keys = array("i"), array("i"), array("q")
    for piece in pieces:
        for encoding in tokenizer.encode_batch_fast(list(piece), add_special_tokens=False):
            ids = encoding.ids
            tokens.append(len(ids))
            unknowns.append(ids.count(unknown) if unknown is not None else 0)
            keys.append(hash(tuple(ids)))
    return Reading(
        tokens=np.array(tokens, dtype=np.int32),
        unknown=np.array(unknowns, dtype=np.int32),
        keys=np.array(keys, dtype=np.int64),
        special=tokenizer.num_special_tokens_to_add(False),
    )


def alike(reading: Reading, text_at: Callable[[int], str]) -> list[list[int]]:
    """Groups of texts that look the same to a model although a person sees a difference.

    Args:
        reading: of different texts.
        text_at: the text at a place of the reading.

    Returns:
        The places of each group's texts, at least two.  Of texts that differ only in case, width or
        white space one is counted; blank texts are none.
    """
    order = np.argsort(reading.keys, kind="stable")
    sorted_keys = reading.keys[order]
    begins = np.flatnonzero(np.append(True, sorted_keys[1:] != sorted_keys[:-1]))
    groups = []
    for begin, end in zip(begins, np.append(begins[1:], len(order)), strict=True):
        if end - begin > 1:
            places = {folded(text_at(place)): place for place in order[begin:end].tolist()}
            places.pop("", None)
            if len(places) > 1:
                groups.append(list(places.values()))
    return groups


def unknown_characters(tokenizer_json: Path, texts: Sequence[str]) -> Counter[str]:
    """The characters that a vocabulary does not know, with the number of times they stand in texts.

    Where a tokenizer gives up on a whole word, only those of its characters count that it does not
    know by themselves, or the word when it knows them all.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    tokenizer, unknown = open_tokenizer(tokenizer_json)
    found: Counter[str] = Counter()
    if unknown is None:
        return found
    for start in range(0, len(texts), _PIECE):
        piece = list(texts[start : start + _PIECE])
        for text, encoding in zip(
            piece, tokenizer.encode_batch(piece, add_special_tokens=False), strict=True
        ):
            for id, (begin, end) in zip(encoding.ids, encoding.offsets, strict=True):
                if id == unknown:
                    found[text[begin:end]] += 1
    characters: Counter[str] = Counter()
    known: dict[str, bool] = {}
    for span, count in found.items():
        for character in set(span):
            if character not in known:
                ids = tokenizer.encode(character, add_special_tokens=False).ids
                known[character] = unknown not in ids
        strange = [character for character in span if not known[character]]
        for part in strange or [span]:
            characters[part] += count
    return characters


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
    tokenizer, _ = open_tokenizer(tokenizer_json)
    encodings = tokenizer.encode_batch(_sampled(texts, seed))
    lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
    return lengths if max_length is None else np.minimum(lengths, max_length)


def open_tokenizer(path: Path) -> tuple[Tokenizer, int | None]:
    """A ``tokenizer.json`` without padding and truncation, and the id that stands for the unknown.

    A few are remembered, so nobody may change what is returned.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    try:
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise DamagedModelFile(file=str(path), reason=error.strerror or str(error)) from error


def _sampled(texts: Sequence[str], seed: int) -> list[str]:
    return random.Random(seed).sample(texts, SAMPLE) if len(texts) > SAMPLE else list(texts)


def folded(text: str) -> str:
    """``text`` without what makes no difference to a reader: case, width, white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=4)
def _load(path: Path, changed_ns: int) -> tuple[Tokenizer, int | None]:
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
