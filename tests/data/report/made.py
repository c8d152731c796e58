"""Small tables for tests of the data report, with nothing wrong until a test breaks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.data.findings import Finding
from core.data.report import DataReport, ReportBase, make_report
from core.models.bundled import BUNDLED_NAME, bundled_path

PRODUCTS = """leather boot, canvas sneaker, wool slipper, rubber sandal, velvet pump, steel hammer,
garden hose, oak table, glass jar, linen shirt, silk scarf, cotton towel, paper lamp, iron skillet,
bamboo tray, copper kettle, clay pot, tin box, nylon rope, cork board, felt hat, straw basket,
brass bell, stone vase, plastic chair, maple desk, denim jacket, suede glove, ceramic bowl,
wicker crib""".replace("\n", " ").split(", ")
WORDS = """sturdy, winter, soft, light, travel, kitchen, office, camping, festive, daily,
waterproof, vintage, slim, quiet, bright, warm, thick, round, modern, tiny, heavy, plain,
striped, folding, yearly, rustic, noble, humble, gentle, swift""".replace("\n", " ").split(", ")
NAMES = {
    "anchor": "query",
    "positive": "title",
    "negative": "wrong title",
    "negative_2": "another",
    "score": "grade",
    "text": "review",
    "label": "topic",
    "split": "part",
}


def minilm() -> ReportBase:
    """The bundled model, as a base to look through."""
    return ReportBase(BUNDLED_NAME, bundled_path() / "tokenizer.json", 256)


def pairs(rows: int = 30, **columns: Sequence[Any]) -> pd.DataFrame:
    """``rows`` (at most 30) different pairs; columns that are given replace those."""
    queries = [f"looking for a {product}" for product in PRODUCTS[:rows]]
    titles = [f"{WORDS[i].title()} {PRODUCTS[i]} of our own make" for i in range(rows)]
    return table(rows, {"anchor": queries, "positive": titles, **columns})


def scored(rows: int = 30, **columns: Sequence[Any]) -> pd.DataFrame:
    """Pairs every other one of which is a match."""
    return pairs(rows, **{"score": [row % 2 for row in range(rows)], **columns})


def triplets(rows: int = 30, **columns: Sequence[Any]) -> pd.DataFrame:
    """Pairs with a wrong answer that stands nowhere else."""
    wrong = [f"{WORDS[-1 - i].title()} spare part number {i}" for i in range(rows)]
    return pairs(rows, **{"negative": wrong, **columns})


def classes(rows: int = 30, **columns: Sequence[Any]) -> pd.DataFrame:
    """Different texts in three classes of about the same size."""
    texts = [f"{WORDS[i].title()} {PRODUCTS[i]} of our own make" for i in range(rows)]
    labels = [("shoes", "tools", "home")[row % 3] for row in range(rows)]
    return table(rows, {"text": texts, "label": labels, **columns})


def table(rows: int, columns: dict[str, Sequence[Any]]) -> pd.DataFrame:
    """A frame as a dataset has it: texts, scores as float32, row numbers from 2 on."""
    frame = pd.DataFrame(
        {
            role: np.asarray(cells, dtype=np.float32)
            if role == "score"
            else pd.Series(list(cells), dtype="str")
            for role, cells in columns.items()
        }
    )
    assert len(frame) == rows
    order = [role for role in NAMES if role in frame]
    return frame[order].assign(row=np.arange(2, rows + 2, dtype=np.int32))


def changed(texts: Sequence[str], **places: str) -> list[str]:
    """``texts`` with those at ``at_<place>`` replaced."""
    texts = list(texts)
    for place, text in places.items():
        texts[int(place.removeprefix("at_"))] = text
    return texts


def report(frame: pd.DataFrame, **options: Any) -> DataReport:
    """The report on a frame under the names that these tests use."""
    return make_report(frame, {role: NAMES[role] for role in frame if role in NAMES}, **options)


def found(frame: pd.DataFrame, kind: str, **options: Any) -> Finding:
    """The one finding of that kind."""
    findings = [one for one in report(frame, **options).findings if one.kind == kind]
    assert len(findings) == 1, findings
    return findings[0]


def kinds(frame: pd.DataFrame, **options: Any) -> set[str]:
    """The kinds of everything that is found."""
    return {finding.kind for finding in report(frame, **options).findings}
