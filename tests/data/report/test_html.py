"""The report as a page: whole, harmless, and in the reader's language."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from core.data.report import ReportBase, make_report, report_html
from core.problems import as_is
from tests.data.report.made import changed, classes, minilm, pairs, report, scored, triplets

TITLES = pairs()["positive"].tolist()
ATTACK = '<script>alert("x")</script><img src=x onerror=alert(1)> & "quotes"'
VOID = {"meta"}


class Reader(HTMLParser):
    """Collects tags and texts, and sees that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.mark.parametrize("frame", [pairs(), scored(), triplets(), classes()])
@pytest.mark.parametrize("bases", [[], [minilm()]])
def test_the_page_is_whole_and_loads_nothing(frame: pd.DataFrame, bases: list[ReportBase]) -> None:
    made = report(frame, bases=bases)
    page = report_html(made, "Shoes", as_is)
    reader = read(page)
    assert reader.open == []
    assert reader.addresses == [] and "script" not in reader.tags and "link" not in reader.tags
    assert not re.search(r"https?://|url\(|@import", page)
    assert "svg" in reader.tags and "prefers-color-scheme" in page
    text = " ".join(reader.texts)
    for finding in made.findings:
        assert finding.message.text() in text
        assert all(effect.text() in text for effect in finding.effects)


def test_what_people_wrote_stays_text() -> None:
    frame = pairs(positive=changed(TITLES, at_1=ATTACK, at_2=ATTACK, at_3="=" + ATTACK))
    names = {"anchor": "<b>query</b>", "positive": '"title" & <i>more</i>'}
    made = make_report(frame, names, bases=[minilm()])
    page = report_html(made, f"My {ATTACK}", as_is)
    reader = read(page)
    assert not {"script", "img", "b", "i"} & reader.tags
    text = " ".join(reader.texts)
    assert "<b>query</b>" in text and ATTACK in text


def test_the_words_are_translated_and_the_numbers_filled_in() -> None:
    made = report(pairs(positive=changed(TITLES, at_4="..")), bases=[minilm()])
    said: set[str] = set()

    def shout(text: str) -> str:
        said.add(text)
        return text.upper() if "{" not in text else text

    page = report_html(made, "Shoes", shout)
    assert "DATA REPORT" in page and "WHICH BASE CAN READ IT" in page
    assert "{rows:,} rows: {shape}" in said
    assert "30 rows: PAIRS" in page
    finding = next(one for one in made.findings if one.kind == "only_signs")
    assert finding.message.template in said
    assert "LEAVE THESE ROWS OUT" in page
