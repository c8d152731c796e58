"""Models of other kinds whose cards look alike: refused with a sentence."""

from __future__ import annotations

import re

from core.problems import N_, Problem, Term
from core.training.recipes.sections import Section, below

_KINDS = (
    (
        N_("a model that scores two texts together (cross-encoder)"),
        {"cross-encoder", "cross encoder", "reranker"},
        "CrossEncoder",
    ),
    (
        N_("a model that gives words weights (sparse encoder, SPLADE)"),
        {"sparse-encoder", "sparse encoder", "splade"},
        "SparseEncoder",
    ),
    (
        N_("a model that keeps a vector for every word (ColBERT)"),
        {"multi-vector", "multi vector", "colbert", "late-interaction"},
        "MultiVectorEncoder",
    ),
)
"""What people call the kind, its tags and types, and the class that is drawn first."""
_TYPE = re.compile(r"^[ \t]*- \*\*Model Type:\*\*(.*)$", re.MULTILINE)


class NotForVectors(Problem):
    what = N_("This is the card of {kind}; it gives no vector for a text of its own.")
    do = N_(
        "Pairloom trains models that turn each text into one vector. Take the card of such a "
        "model; the library calls it a SentenceTransformer."
    )


def refuse_other_kinds(sections: list[Section], tags: tuple[str, ...]) -> None:
    """Raise NotForVectors for models that compare two texts, or make other than one vector of each.

    Args:
        sections: of the card.
        tags: of its front matter.
    """
    found = _TYPE.search(_text(sections, "Model Description"))
    told = found[1].lower() if found else ""
    if "sentence transformer" in told:
        return
    drawn = _text(sections, "Full Model Architecture")
    given = {tag.lower() for tag in tags}
    for kind, words, drawing in _KINDS:
        if given & words or any(word in told for word in words) or f"{drawing}(" in drawn:
            raise NotForVectors(kind=Term(kind))


def _text(sections: list[Section], title: str) -> str:
    return "\n".join(one.text for one in below(sections, title))
