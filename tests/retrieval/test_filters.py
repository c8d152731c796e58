"""Filters leave the rows that pandas leaves."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from core.retrieval.corpora import Corpus, create_corpus, load_corpus
from core.retrieval.filters import FieldKind, Filter, fields_of, mask_of
from core.workspace import Workspace

ROWS = 90


@pytest.fixture
def table() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "text": [f"商品 {n}" for n in range(ROWS)],
            "brand": random.choice(["踏岚", "驰朔", "雨驭", ""], ROWS),
            "price": [f"¥{price:,.2f}" for price in random.uniform(5, 2500, ROWS)],
            "name": [f"ＡＸ{n} 路由器" for n in range(ROWS)],
            "nothing": [""] * ROWS,
        }
    )


@pytest.fixture
def corpus(workspace: Workspace, table: pd.DataFrame) -> Corpus:
    return load_corpus(workspace, create_corpus(workspace, "商品", table, text_column="text"))


def test_each_field_gets_the_filter_that_suits_it(corpus: Corpus, table: pd.DataFrame) -> None:
    brand, price, name = fields_of(corpus)
    assert brand.kind is FieldKind.VALUES
    counts = table["brand"][table["brand"] != ""].value_counts()
    assert list(brand.values) == counts.index.tolist()
    numbers = table["price"].str.strip("¥").str.replace(",", "").astype(float)
    assert (price.kind, price.low, price.high) == (FieldKind.RANGE, numbers.min(), numbers.max())
    assert (name.name, name.kind) == ("name", FieldKind.TEXT)


def test_the_mask_equals_pandas(corpus: Corpus, table: pd.DataFrame) -> None:
    numbers = table["price"].str.strip("¥").str.replace(",", "").astype(float)
    brand = Filter("brand", values=("踏岚", "雨驭"))
    price = Filter("price", low=100, high=1500.5)
    name = Filter("name", contains=" ax1")
    for wanted, expected in (
        ([brand], table["brand"].isin(["踏岚", "雨驭"])),
        ([price], numbers.between(100, 1500.5)),
        ([Filter("price", high=300)], numbers <= 300),
        ([name], table["name"].str.contains("ＡＸ1")),
        (
            [brand, price, name],
            table["brand"].isin(["踏岚", "雨驭"])
            & numbers.between(100, 1500.5)
            & table["name"].str.contains("ＡＸ1"),
        ),
        ([Filter("gone", values=("x",)), Filter("price", low=1e9)], numbers < 0),
    ):
        mask = mask_of(corpus, wanted)
        assert mask is not None
        assert mask.tolist() == expected.tolist()
    assert mask_of(corpus, []) is None
    assert mask_of(corpus, [Filter("gone", values=("x",))]) is None


@pytest.mark.parametrize(
    "wanted",
    [Filter("a", values=("x", "y")), Filter("a", contains="x"), Filter("a", low=1.5, high=None)],
)
def test_filters_travel_as_json(wanted: Filter) -> None:
    assert Filter.from_json(json.loads(json.dumps(wanted.to_json()))) == wanted


@pytest.mark.parametrize("data", [None, [], ["a"], ["a", 3], ["a", [1]], {"a": 1}, [1, "x"]])
def test_other_json_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="no filter"):
        Filter.from_json(data)


def test_a_column_with_decimal_commas_is_read_as_such(workspace: Workspace) -> None:
    prices = ["1,5", "2,25", "1.299,00 €", "1.500", "12"]
    table = pd.DataFrame({"text": list("abcde"), "price": prices})
    corpus = load_corpus(workspace, create_corpus(workspace, "n", table, text_column="text"))
    (price,) = fields_of(corpus)
    assert (price.kind, price.low, price.high) == (FieldKind.RANGE, 1.5, 1500)
    for low, high, wanted in ((1, 2, [True, False, False, False, False]), (1000, None, [2, 3])):
        mask = mask_of(corpus, [Filter("price", low=low, high=high)])
        assert mask is not None
        assert mask.tolist() == wanted or np.flatnonzero(mask).tolist() == wanted


def test_commas_between_thousands_stay_that(workspace: Workspace) -> None:
    table = pd.DataFrame({"text": list("abc"), "price": ["1,299", "12,000", "999"]})
    corpus = load_corpus(workspace, create_corpus(workspace, "n", table, text_column="text"))
    (price,) = fields_of(corpus)
    assert (price.low, price.high) == (999, 12_000)


def test_some_fields_of_many(corpus: Corpus) -> None:
    assert [field.name for field in fields_of(corpus, {"price", "gone", "brand"})] == [
        "brand",
        "price",
    ]
