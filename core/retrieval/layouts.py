"""How a text that was found is best shown: as a product card, as a section of a label, or plainly.

What is a name, a section or a price is told by the names of the corpus's fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.folding import fold

# The names that such columns have in tables, folded; the first that fits counts.
_NAMES: tuple[str, ...] = ("name", "title", "product", "product_name", "名称", "商品名称")
_NAMES += ("商品名", "产品名称", "产品名", "品名", "标题", "商品", "产品")
_DRUGS = (
    "drug",
    "drug_name",
    "medicine",
    "药品名称",
    "药品名",
    "药名",
    "药品",
    "通用名",
    "通用名称",
)
_SECTIONS = ("attribute", "section", "heading", "chapter", "属性", "项目", "章节", "栏目", "小节")
_PRICES = ("price", "价格", "售价", "单价", "零售价")


class Look(StrEnum):
    """How hits look."""

    CARDS = "cards"
    SECTIONS = "sections"
    PLAIN = "plain"


@dataclass(frozen=True)
class Layout:
    """Which fields play a part in how a corpus's hits look; None where there is no such field.

    Attributes:
        look: what suits the corpus.
        title: what a card or a section is headed by.
        section: which part of the thing in the title the text is about.
        price: what it costs.
    """

    look: Look
    title: str | None = None
    section: str | None = None
    price: str | None = None


@dataclass(frozen=True)
class Shown:
    """One text, taken apart for a look.

    Attributes:
        body: the text without what the heading says already.
        chips: the further entries, as (field, entry); but on cards only those that the text does
            not say.
    """

    title: str
    section: str
    price: str
    body: str
    chips: tuple[tuple[str, str], ...]


def layout_of(fields: Sequence[str]) -> Layout:
    """The layout that suits a corpus with these further fields."""
    section, price = _first(fields, _SECTIONS), _first(fields, _PRICES)
    drug, name = _first(fields, _DRUGS), _first(fields, _NAMES)
    if section is not None and (drug or name) is not None:
        return Layout(Look.SECTIONS, drug or name, section, price)
    if (name or drug) is not None:
        return Layout(Look.CARDS, name or drug, section, price)
    return Layout(Look.PLAIN, price=price)


def take_apart(text: str, fields: Mapping[str, str], layout: Layout, look: Look) -> Shown:
    """What a hit shows where, under ``look``; for a plain look the whole text is the body."""
    title = _entry(fields, layout.title) if look is not Look.PLAIN else ""
    section = _entry(fields, layout.section) if look is Look.SECTIONS else ""
    price = _entry(fields, layout.price) if look is not Look.PLAIN else ""
    body = text.strip()
    for heading in (f"{title}的{section}" if title and section else "", title):
        rest = body.removeprefix(heading).lstrip(" :：,，;；-—|\u3000\n\t") if heading else body
        if rest and rest != body:
            body = rest
            break
    used = {
        name
        for name, entry in ((layout.title, title), (layout.section, section), (layout.price, price))
        if entry
    }
    chips = tuple(
        (name, entry.strip())
        for name, entry in fields.items()
        if name not in used and entry.strip() and (look is Look.CARDS or entry.strip() not in text)
    )
    return Shown(title, section, price, body, chips)


def _entry(fields: Mapping[str, str], name: str | None) -> str:
    return fields.get(name, "").strip() if name is not None else ""


def _first(fields: Sequence[str], names: Sequence[str]) -> str | None:
    folded = {fold(field.strip()): field for field in reversed(fields)}
    return next((folded[name] for name in names if name in folded), None)
