"""The page to print: everything is on it, in both languages, and it loads nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np

from core.inspection.matrix_svg import Drawing
from core.inspection.sheet import sheet_of_lines
from core.inspection.similarity import places, similarity_matrix, verdict
from core.inspection.similarity_report import SimilarityReport, similarity_html
from core.problems import Message, as_is
from core.training.calibration import BINS, Calibration, Distribution
from core.training.metrics import Cut

ROWS = "红鞋<b>\tred shoe\n蓝鞋\tblue shoe\n绿鞋\tgreen shoe\n"


def spread(threshold: float) -> Distribution:
    counts = tuple(int(at == 30) * 8 for at in range(BINS))
    return Distribution(counts, counts[::-1], 0.5, -0.5, Cut(threshold, 0.9, 0.875, 0.75))


CALIBRATION = Calibration(True, 8, 8, spread(0.111), spread(0.432), Cut(0.111, 0.5, 0.5, 0.5))


def report(rows: str = ROWS) -> SimilarityReport:
    sheet = sheet_of_lines(rows)
    random = np.random.default_rng(0)
    vectors = [random.standard_normal((len(sheet), 5)).astype(np.float32) for _ in range(2)]
    found = [places(sheet.questions, one) for one in vectors]
    base, tuned = map(similarity_matrix, vectors)
    return SimilarityReport(
        run="Shoes & co",
        base="somebody/base",
        tuned="/runs/1/model",
        made="2026-11-22",
        drawing=Drawing(
            base,
            tuned,
            ("Base", "After", "Change"),
            ("c", "d"),
            sheet.labels,
            sheet.texts,
            sheet.pairs(),
        ),
        verdict=verdict(*found),
        questions=sheet.questions,
        texts=sheet.texts,
        places=(found[0], found[1]),
        calibration=CALIBRATION,
    )


def test_all_of_it_is_on_the_page() -> None:
    made = report()
    page = similarity_html(made, as_is)
    for words in (
        "Shoes &amp; co",
        "somebody/base",
        "/runs/1/model",
        "2026-11-22",
        "红鞋&lt;b&gt;",
    ):
        assert words in page
    assert made.verdict.message().text() in page
    assert "Suggested threshold: 0.432." in page
    assert "88% are right; of the right pairs, 75% reach it." in page
    for place in (*made.places[0], *made.places[1]):
        assert f">{place.score:.3f}<" in page
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == 3
    for one in drawings:
        ElementTree.fromstring(one)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = similarity_html(report("<script>alert(1)</script>\ta\nb\tc\n"), as_is)
    assert "<script" not in page
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert [one for one in addresses if not one.startswith("data:")] == []


def test_another_language_translates_every_heading() -> None:
    asked: list[str] = []

    def translate(text: str) -> str:
        asked.append(text)
        return f"译{text}"

    page = similarity_html(report(), translate, "zh-CN")
    assert '<html lang="zh-CN">' in page
    headings = re.findall(r"<(?:h1|h2|th|dt)(?: [^>]*)?>(.*?)</", page)
    assert headings and all(one.startswith("译") for one in headings)
    assert "Run" in asked


def test_of_many_questions_the_ones_that_moved_most_are_listed() -> None:
    made = report("".join(f"q{at}\ta{at}\n" for at in range(40)))
    page = similarity_html(made, as_is)
    moves = [abs(now.rank - was.rank) for was, now in zip(*made.places, strict=True)]
    rows = re.findall(r'<td class="n">(\d+)</td><td class="n">(\d+)</td></tr>', page)
    assert [abs(int(a) - int(b)) for a, b in rows] == sorted(moves, reverse=True)[:10]
    assert "The 10 with the largest change of place, of 40." in page
    assert "… and 40 more" in page


def test_without_answers_and_calibration_it_is_a_page_still() -> None:
    made = report("a\nb\n")
    note = Message("{texts} texts", {"texts": 2})
    page = similarity_html(replace(made, calibration=None, note=note), as_is)
    assert "2 texts" in page
    assert "<table" not in page
    assert "Suggested threshold" not in page
