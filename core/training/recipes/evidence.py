"""What a card's own texts (widget and samples) show of the table that it was made from."""

from __future__ import annotations

import re
from pathlib import Path

from core.models.bases import resolve
from core.models.vocabulary import coverage
from core.problems import Problem
from core.training.recipes.facts import Card, Evidence
from core.training.recipes.recipe import base_of
from core.workspace import Workspace

_WORD = re.compile(r"[^\W_]")


def with_evidence(workspace: Workspace, card: Card) -> Card:
    """The card with what its texts show, so that the texts themselves need not be kept."""
    texts = sorted({*_first_column(card), *_others(card)})
    if not texts:
        return card
    firsts = _first_column(card)
    samples = card.table.samples if card.table else ()
    labels = sum(not column.is_text for column in card.table.columns) if card.table else 0
    pairs = [row[: len(row) - labels] for row in samples]
    tokenizer = _tokenizer(workspace, card)
    unknown = None if tokenizer is None else round(coverage(tokenizer, texts).unknown_share, 4)
    evidence = Evidence(
        texts=len(texts),
        unknown_share=unknown,
        same_columns=bool(pairs) and all(len(set(row)) < len(row) for row in pairs),
        sign_share=round(sum(not _WORD.search(text) for text in firsts) / len(firsts), 4)
        if firsts
        else 0.0,
    )
    return card.model_copy(update={"evidence": evidence})


def _tokenizer(workspace: Workspace, card: Card) -> Path | None:
    """The vocabulary of the card's base; None where that is not on this computer."""
    if card.base is None:
        return None
    try:
        return resolve(workspace, base_of(workspace, card)[0]).tokenizer
    except Problem:
        return None


def _first_column(card: Card) -> list[str]:
    samples = card.table.samples if card.table else ()
    return [example.source for example in card.examples] + [row[0] for row in samples if row]


def _others(card: Card) -> list[str]:
    """Texts of the other columns; scores and labels left out."""
    texts = [text for example in card.examples for text in example.sentences]
    if card.table is not None:
        for row in card.table.samples:
            for column, cell in zip(card.table.columns[1:], row[1:], strict=False):
                if column.is_text:
                    texts.append(cell)
    return texts
