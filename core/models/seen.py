"""What a model sees of a text: its pieces, which of them it does not know, and what it cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.models.tokens import tokenise

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

_Cut = tuple[int, int, int]
"""A token: its id, and where it begins and ends in the text."""


@dataclass(frozen=True)
class Piece:
    """One token.

    Attributes:
        text: the part of the text that it stands for; empty where a token before it has it already.
        token: its name in the vocabulary.
        known: whether it is anything but the sign for what the vocabulary does not know.
    """

    text: str
    token: str
    known: bool


@dataclass(frozen=True)
class SeenText:
    """A text as a model sees it.

    Attributes:
        pieces: what it reads, without the signs that it adds itself; None for a model that reads
            in a way of its own.
        cut_off: the end of the text, which it does not read.
        tokens: how many pieces the whole text has.
    """

    pieces: tuple[Piece, ...] | None
    cut_off: str = ""
    tokens: int = 0

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SeenText:
        """Read back what :meth:`to_json` wrote."""
        pieces = data["pieces"]
        read = None if pieces is None else tuple(Piece(**piece) for piece in pieces)
        return cls(read, data["cut_off"], data["tokens"])


def seen_texts(model: SentenceTransformer, texts: Sequence[str]) -> list[SeenText]:
    """What ``model`` sees of each text when it makes a vector of it.

    The tokens are those of the model's own ``preprocess``; its tokenizer, asked once more without
    a limit, says which part of the text each of them stands for.
    """
    name = model.default_prompt_name
    prompt = None if name is None else model.prompts.get(name)
    return [_seen(model, text, prompt) for text in texts]


def _seen(model: SentenceTransformer, text: str, prompt: str | None) -> SeenText:
    read = tokenise(model, [text], prompt=prompt)
    whole = (prompt or "") + text
    cuts, unknown = _cuts(model.tokenizer, whole)
    if read is None or cuts is None:
        return SeenText(None)
    ids = [id for id, _, _ in cuts]
    own = read.text(0).tolist()
    start = _first_of(ids, own)
    if start is None:
        return SeenText(None)
    # What follows the text, such as [SEP], is no part of it.
    count = next(
        (n for n, (a, b) in enumerate(zip(ids, own[start:], strict=False)) if a != b),
        min(len(ids), len(own) - start),
    )
    pieces, reached = [], 0
    for id, begin, end in cuts[:count]:
        part = whole[max(begin, reached) : end]
        reached = max(reached, end)
        pieces.append(Piece(part, _name(model.tokenizer, id), id != unknown))
    cut_off = whole[reached:] if count < len(cuts) else ""
    return SeenText(tuple(pieces), cut_off, len(cuts))


def _cuts(tokenizer: Any, text: str) -> tuple[list[_Cut] | None, int | None]:
    """All tokens of the text, without a limit, and the id of the unknown one."""
    if hasattr(tokenizer, "encode_batch"):
        encoding = tokenizer.encode(text, add_special_tokens=False)
        spans, ids = encoding.offsets, encoding.ids
        return [(id, *span) for id, span in zip(ids, spans, strict=True)], _unknown(tokenizer)
    if not getattr(tokenizer, "is_fast", False):
        return None, None
    made = tokenizer(
        text,
        add_special_tokens=False,
        truncation=False,
        return_offsets_mapping=True,
        verbose=False,
    )
    spans = zip(made["input_ids"], made["offset_mapping"], strict=True)
    return [(id, *span) for id, span in spans], tokenizer.unk_token_id


def _first_of(ids: list[int], own: list[int]) -> int | None:
    """How many signs the model puts before the text; None when it reads something else."""
    if not ids:
        return 0
    return next((at for at, id in enumerate(own) if id == ids[0]), None)


def _unknown(tokenizer: Tokenizer) -> int | None:
    """The id that stands for the unknown in a tokenizer of a static model."""
    by_id = getattr(tokenizer.model, "unk_id", None)
    name = getattr(tokenizer.model, "unk_token", None)
    return by_id if by_id is not None or name is None else tokenizer.token_to_id(name)


def _name(tokenizer: Any, id: int) -> str:
    if hasattr(tokenizer, "id_to_token"):
        return tokenizer.id_to_token(id) or ""
    return str(tokenizer.convert_ids_to_tokens(id))
