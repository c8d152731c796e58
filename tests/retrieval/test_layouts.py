"""What suits a corpus by its fields, and how a text is taken apart."""

from __future__ import annotations

import pytest

from core.retrieval.layouts import Layout, Look, layout_of, take_apart


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["name", "category"], Layout(Look.CARDS, title="name")),
        (["品牌", "商品名称", "价格"], Layout(Look.CARDS, title="商品名称", price="价格")),
        (["drug", "attribute"], Layout(Look.SECTIONS, title="drug", section="attribute")),
        (["药品名称", "项目"], Layout(Look.SECTIONS, title="药品名称", section="项目")),
        (["colour"], Layout(Look.PLAIN)),
        ([], Layout(Look.PLAIN)),
    ],
)
def test_the_names_of_fields_decide(fields: list[str], expected: Layout) -> None:
    assert layout_of(fields) == expected


def test_a_heading_is_not_said_twice() -> None:
    drug = {"drug": "清脑降压胶囊", "attribute": "分类"}
    layout = layout_of(list(drug))
    shown = take_apart("清脑降压胶囊的分类：中成药", drug, layout, Look.SECTIONS)
    assert (shown.title, shown.section, shown.body) == ("清脑降压胶囊", "分类", "中成药")
    plain = take_apart("清脑降压胶囊的分类：中成药", drug, layout, Look.PLAIN)
    assert (plain.title, plain.section) == ("", "")
    assert plain.body == "清脑降压胶囊的分类：中成药"


def test_a_card_has_its_price_and_chips() -> None:
    product = {"name": "踏岚 T3", "category": "跑鞋", "price": "¥399", "brand": " "}
    layout = layout_of(list(product))
    shown = take_apart("踏岚 T3 大底齿深5毫米的跑鞋", product, layout, Look.CARDS)
    assert (shown.title, shown.price, shown.body) == ("踏岚 T3", "¥399", "大底齿深5毫米的跑鞋")
    assert shown.chips == (("category", "跑鞋"),)


def test_a_text_that_is_only_its_name_stays() -> None:
    shown = take_apart("踏岚 T3", {"name": "踏岚 T3"}, layout_of(["name"]), Look.CARDS)
    assert (shown.title, shown.body) == ("踏岚 T3", "踏岚 T3")
