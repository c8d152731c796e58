"""What a base's vocabulary lacks for given texts, and a ``tokenizer.json`` that has it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

from core.models.extension_config import Extension
from core.models.folder import ResolvedBase
from core.models.vocabulary import open_tokenizer
from core.problems import N_, Problem, Term

LEAST_TOKENS = 4
"""A word that is cut into fewer tokens is read well enough."""
LEAST_TEXTS = 10
"""A word that stands in fewer texts is too rare to learn a vector for."""
_LONGEST = 24
_BATCH = 2_000


class CannotExtend(Problem):
    what = N_("Nothing can be added to the vocabulary of {model}: {reason}.")
    do = N_("Train it as it is, or choose another base.")


@dataclass(frozen=True)
class Additions:
    """What is to be added to a vocabulary.

    Attributes:
        characters: the distinct characters, the most frequent one first.
        words: the words, the most frequent one first.
        pieces: the entries of the vocabulary for both, in the order of their new ids; a character
            has two where it may stand at the beginning of words and within them.
        reads: what each of the pieces stands for: the character or the word.
    """

    characters: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


def check_extensible(base: ResolvedBase) -> None:
    """Refuse a base to whose vocabulary nothing can be added.

    Raises:
        CannotExtend: says why.
        DamagedModelFile: its tokenizer cannot be read.
    """
    if base.kind == "static" or base.tokenizer is None:
        reason = N_("a static model's vocabulary is made from the texts that it learns from")
        raise CannotExtend(model=base.name, reason=Term(reason))
    refusal = _open(base.tokenizer).refusal
    if refusal is not None:
        raise CannotExtend(model=base.name, reason=Term(refusal))


def find_additions(tokenizer_json: Path, texts: Iterable[str], extension: Extension) -> Additions:
    """The characters that a vocabulary does not know, and the words that it cuts to pieces.

    Args:
        tokenizer_json: the base's.
        texts: 20,000 of 60 characters take about two seconds.
        extension: how much at most.

    Returns:
        Nothing for a vocabulary to which nothing can be added; see :func:`check_extensible`.

    Raises:
        DamagedModelFile: the file is no tokenizer.
    """
    opened = _open(tokenizer_json)
    if opened.refusal is not None:
        return Additions()
    spans: Counter[str] = Counter()
    words: Counter[str] = Counter()
    rest = iter(texts)
    while batch := list(islice(rest, _BATCH)):
        for text, encoding in zip(
            batch, opened.tokenizer.encode_batch(batch, add_special_tokens=False), strict=True
        ):
            ids = encoding.ids
            if opened.unknown in ids:
                for id, (begin, end) in zip(ids, encoding.offsets, strict=True):
                    if id == opened.unknown:
                        spans[text[begin:end]] += 1
            if extension.pieces and opened.prefix is not None:
                words.update(_long_words(opened, encoding))
    characters: Counter[str] = Counter()
    forms: dict[str, None] = {}
    for span, count in sorted(spans.items()):
        for form in _missing_forms(opened, span):
            forms[form] = None
            characters[opened.plain(form)] += count
    chosen = _most_common(characters, extension.characters)
    rank = {character: place for place, character in enumerate(chosen)}
    pieces = sorted(
        (form for form in forms if opened.plain(form) in rank),
        key=lambda form: (rank[opened.plain(form)], len(form)),
    )
    frequent = Counter({word: count for word, count in words.items() if count >= LEAST_TEXTS})
    long = _most_common(frequent, extension.pieces)
    reads = (*map(opened.plain, pieces), *long)
    return Additions(tuple(chosen), tuple(long), (*pieces, *long), reads)


def extended(tokenizer: dict[str, Any], pieces: Sequence[str]) -> tuple[dict[str, Any], int]:
    """A tokenizer with these pieces in its vocabulary, and the id of the first one.

    They are entries of the model itself, not "added tokens": they go through the tokenizer's own
    normaliser and its cutting of texts into words, so that nothing else is read in another way.

    Args:
        tokenizer: the contents of a ``tokenizer.json`` that :func:`find_additions` has looked at.
        pieces: none of them is in the vocabulary.
    """
    model = dict(tokenizer["model"])
    beside = {token["id"]: token["content"] for token in tokenizer.get("added_tokens", ())}
    if model["type"] == "Unigram":
        entries = [list(entry) for entry in model["vocab"]]
        least = min(score for _, score in entries)
        # Ids are places in the list: what stands beside it gets its place.
        while len(entries) in beside:
            entries.append([beside[len(entries)], least])
        first = len(entries)
        # No score is lower: a piece that was there before and has the character in it comes first.
        model["vocab"] = [*entries, *([piece, least] for piece in pieces)]
    else:
        ids = model["vocab"]
        first = 1 + max(max(ids.values()), *beside) if beside else 1 + max(ids.values())
        model["vocab"] = {**ids, **{piece: first + at for at, piece in enumerate(pieces)}}
    return {**tokenizer, "model": model}, first


@dataclass(frozen=True)
class _Opened:
    """A tokenizer as far as additions are concerned.

    Attributes:
        tokenizer: without padding and truncation.
        vocabulary: its entries.
        unknown: the id of what it does not know; -1 when there is none.
        prefix: what pieces within a word begin with; None when words are not cut like that.
        refusal: why nothing can be added, as a message id; None when it can.
    """

    tokenizer: Tokenizer
    vocabulary: frozenset[str]
    unknown: int
    prefix: str | None
    refusal: str | None

    def plain(self, piece: str) -> str:
        """A piece without the mark that it stands within a word."""
        inside = self.prefix and len(piece) > len(self.prefix) and piece.startswith(self.prefix)
        return piece[len(self.prefix or "") :] if inside else piece

    def normal(self, text: str) -> str:
        """The text as the vocabulary sees it."""
        normalizer = self.tokenizer.normalizer
        return normalizer.normalize_str(text) if normalizer is not None else text

    def words(self, normal: str) -> list[str]:
        """A normal text in the words within which pieces are looked for."""
        cut = self.tokenizer.pre_tokenizer
        return [word for word, _ in cut.pre_tokenize_str(normal)] if cut is not None else [normal]


def _open(path: Path) -> _Opened:
    return _look_at(path, *open_tokenizer(path))


# A changed file is another tokenizer, which is looked at anew.
@lru_cache(maxsize=2)
def _look_at(path: Path, tokenizer: Tokenizer, unknown: int | None) -> _Opened:
    data = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    # Old files do not say what they are.
    kind = data["model"].get("type", "")
    return _Opened(
        tokenizer,
        frozenset(tokenizer.get_vocab(with_added_tokens=True)),
        -1 if unknown is None else unknown,
        data["model"].get("continuing_subword_prefix", "##") if kind == "WordPiece" else None,
        _refusal(data, kind, unknown),
    )


def _refusal(data: dict[str, Any], kind: str, unknown: int | None) -> str | None:
    model = data["model"]
    outside = json.dumps([data.get("pre_tokenizer"), data.get("normalizer")])
    if kind not in ("WordPiece", "Unigram", "BPE"):
        return N_("its tokenizer knows whole words only")
    if model.get("byte_fallback") or '"ByteLevel"' in outside or unknown is None:
        return N_("it reads every character already, the rare ones byte by byte")
    if kind == "BPE" and (
        model.get("continuing_subword_prefix") or model.get("end_of_word_suffix")
    ):
        return N_("its tokenizer marks the ends of words in a way that Pairloom does not know")
    return None


def _missing_forms(opened: _Opened, span: str) -> list[str]:
    """The entries without which a span of a text is unknown."""
    found: dict[str, None] = {}
    normal = opened.normal(span)
    if opened.prefix is None:
        found.update(dict.fromkeys(normal))
    else:
        for word in opened.words(normal):
            for place, character in enumerate(word):
                inside = opened.prefix + character
                form = inside if place else character
                if form not in opened.vocabulary and not character.isspace():
                    found[form] = None
                    if not _stands_alone(opened, character):
                        found.update({character: None, inside: None})
    return [form for form in found if form not in opened.vocabulary and not form.isspace()]


def _stands_alone(opened: _Opened, character: str) -> bool:
    """Whether the tokenizer makes a word of the character, whatever is beside it."""
    return character in opened.words(opened.normal(f"a{character}a"))


def _long_words(opened: _Opened, encoding: Encoding) -> set[str]:
    """The words of a text that are known, but cut into many tokens."""
    tokens = encoding.tokens
    ids = encoding.ids
    found = set()
    for word, places in groupby(range(len(tokens)), encoding.word_ids.__getitem__):
        group = list(places)
        if word is None or len(group) < LEAST_TOKENS:
            continue
        text = "".join(opened.plain(tokens[place]) for place in group)
        known = all(ids[place] != opened.unknown for place in group)
        if known and len(text) <= _LONGEST and text not in opened.vocabulary:
            found.add(text)
    return found


def _most_common(counts: Counter[str], most: int) -> list[str]:
    """The most frequent ones; equally frequent ones in the order of their characters."""
    return sorted(counts, key=lambda text: (-counts[text], text))[:most]
