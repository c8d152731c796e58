"""Builds the product tables: triplets, the catalogue and sample questions about it."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass
from pathlib import Path

TRIPLETS = 500
SEED = 1001

# `{一}` stands for 一 and the measure word (一双), `{款}` for 一款, or 一本 where it is a book.
KIND_FORMS = (
    "我想买{一}{x}",
    "有什么好的{x}推荐吗？",
    "寻找{款}{x}",
    "最近在看{x}，有什么建议？",
    "请推荐{款}{x}",
    "想入手{一}{x}，该怎么挑？",
)
NAME_FORMS = (
    "我想买{一}{x}",
    "寻找{款}{x}",
    "最近在看{x}，有什么建议？",
    "想了解一下{x}",
    "想入手{x}，值得买吗？",
)

Table = list[dict[str, str]]


@dataclass(frozen=True)
class Product:
    """One invented product and the words in which shoppers ask for it.

    :param id: Stable identifier, by position in the source file.
    :param category: What the product's neighbours are; a negative comes from another category.
    :param measure: The measure word that goes with it (双, 本, …).
    :param brand: Brand and model, or the title of a book.
    :param kind: What it is, said in words that no other product shares.
    :param description: One sentence.
    :param feature: A noun phrase that names a property, for use in a question form.
    :param need: A whole question that describes the shopper's situation.
    """

    id: str
    category: str
    measure: str
    brand: str
    kind: str
    description: str
    feature: str
    need: str

    @property
    def name(self) -> str:
        """Brand, model and kind, as on a price tag."""
        return f"{self.brand} {self.kind}"

    @property
    def text(self) -> str:
        """Name and description: the passage to be found."""
        return f"{self.name} {self.description}"


def build_product_tables(source: Path) -> dict[str, Table]:
    """Make every product table.

    :param source: The folder with the hand-written `products.csv` and `product_questions.csv`.
    :return: File name to rows.
    """
    products = read_products(source / "products.csv")
    return {
        "product_triplets.csv": make_triplets(products),
        "product_catalogue.csv": [
            {"id": p.id, "text": p.text, "name": p.name, "category": p.category} for p in products
        ],
        "product_questions.csv": make_questions(products, source / "product_questions.csv"),
    }


def read_products(path: Path) -> list[Product]:
    """Read the hand-written products and number them in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Product(id=f"p{number:03}", **row)
            for number, row in enumerate(csv.DictReader(file), start=1)
        ]


def make_triplets(products: list[Product]) -> Table:
    """Draw three or four questions for every product, and an unrelated product for each."""
    rng = random.Random(SEED)
    with_four = set(rng.sample(range(len(products)), TRIPLETS - 3 * len(products)))
    rows = []
    for number, product in enumerate(products):
        questions = _questions(product, rng)
        if number not in with_four:
            questions.pop(rng.randrange(len(questions)))
        strangers = [p for p in products if _unrelated(p, product)]
        rows += [
            {"anchor": question, "positive": product.text, "negative": rng.choice(strangers).text}
            for question in questions
        ]
    rng.shuffle(rows)
    return rows


def make_questions(products: list[Product], path: Path) -> Table:
    """Turn the hand-written sample questions into rows with product ids."""
    ids = {p.brand: p.id for p in products}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {
                "question": row["question"],
                "relevant": "|".join(ids[brand] for brand in row["brands"].split("|")),
            }
            for row in csv.DictReader(file)
        ]


def _questions(product: Product, rng: random.Random) -> list[str]:
    """Give the four questions that can be asked for a product: kind, feature, name, need."""
    kind_form, feature_form = rng.sample(KIND_FORMS, 2)
    return [
        _fill(kind_form, product, product.kind),
        _fill(feature_form, product, product.feature),
        _fill(rng.choice(NAME_FORMS), product, product.brand),
        product.need,
    ]


def _fill(form: str, product: Product, wanted: str) -> str:
    kind_of = "一本" if product.measure == "本" else "一款"
    return form.format(一=f"一{product.measure}", 款=kind_of, x=wanted)


def _unrelated(one: Product, other: Product) -> bool:
    """Tell whether two products differ in category and have no word of their kinds in common."""
    return one.category != other.category and not _bigrams(one.kind) & _bigrams(other.kind)


def _bigrams(text: str) -> set[str]:
    return {
        run[start : start + 2]
        for run in re.findall(r"[\u4e00-\u9fff]+", text)
        for start in range(len(run) - 1)
    }
