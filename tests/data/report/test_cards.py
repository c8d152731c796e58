"""The faults of five published models' data, made again in small: each is caught by name."""

from __future__ import annotations

import pandas as pd
import pytest

from core.data.findings import Severity
from core.workspace import PROJECT_ROOT
from tests.data.report.made import PRODUCTS, WORDS, minilm, report, table


def sample(name: str, rows: int) -> pd.DataFrame:
    return pd.read_csv(PROJECT_ROOT / "sample_data" / name, dtype=str, nrows=rows)


def drug_pairs() -> pd.DataFrame:
    """Card 000: scored Chinese drug labels for a base that knows hardly any Chinese."""
    cells = sample("drug_pairs.csv", 200)
    scores = [float(row % 6 == 0) for row in range(200)]
    columns = {"anchor": cells.iloc[:, 0], "positive": cells.iloc[:, 1], "score": scores}
    return table(200, columns)


def product_triplets() -> pd.DataFrame:
    """Card 001: Chinese products whose UTF-8 was read as cp1254, bytes without a letter lost."""
    cells = sample("product_triplets.csv", 200)
    garbled = [
        [text.encode().decode("cp1254", "ignore") for text in cells.iloc[:, place]]
        for place in range(3)
    ]
    return table(200, dict(zip(("anchor", "positive", "negative"), garbled, strict=True)))


def questions() -> pd.DataFrame:
    """Card 002: questions that share their passages, for a loss that compares within a batch."""
    passages = [f"A {word} {product} lasts longest when kept dry." for word in WORDS
                for product in PRODUCTS[:10]]  # fmt: skip
    anchors = [f"how long does item {row} last" for row in range(300)]
    return table(300, {"anchor": anchors, "positive": [passages[row % 20] for row in range(300)]})


def companies() -> pd.DataFrame:
    """Card 003: company profiles, the same in both columns, and garbled."""
    profiles = [
        f"行业：元器件，性质：民营企业，规模：小盘股。业务内容：第{row}号产品的研发、生产和销售".encode().decode(
            "cp1254", "ignore"
        )
        for row in range(60)
    ]
    return table(60, {"anchor": profiles, "positive": profiles})


def dots() -> pd.DataFrame:
    """Card 004: abstracts scored against anchors of nothing but dots."""
    abstracts = [f"The {word} study of {product} care." for word in WORDS for product in PRODUCTS]
    anchors = ["..", ".", ".."] * 300
    return table(
        900,
        {"anchor": anchors, "positive": abstracts, "score": [row % 2 for row in range(900)]},
    )


@pytest.mark.parametrize(
    ("frame", "faults"),
    [
        (drug_pairs(), {"unreadable"}),
        (product_triplets(), {"mojibake"}),
        (questions(), {"repeated_texts"}),
        (companies(), {"identical_columns", "mojibake"}),
        (dots(), {"few_distinct_texts", "only_signs", "one_character"}),
    ],
    ids=["000", "001", "002", "003", "004"],
)
def test_the_fault_of_a_card_is_caught(frame: pd.DataFrame, faults: set[str]) -> None:
    made = report(frame, bases=[minilm()])
    serious = {one.kind for one in made.findings if one.severity is not Severity.INFO}
    assert faults <= serious
    assert made.worst is (Severity.WARNING if faults == {"repeated_texts"} else Severity.PROBLEM)
    for finding in made.findings:
        if finding.kind in faults:
            assert "Loss" in " ".join(effect.text() for effect in finding.effects) or (
                "loss" in finding.effects[0].text()
            )


def test_the_same_tables_without_their_faults_are_fine() -> None:
    cells = sample("product_triplets.csv", 200)
    whole = table(
        200, {role: cells.iloc[:, n] for n, role in enumerate(("anchor", "positive", "negative"))}
    )
    assert not {one.kind for one in report(whole).findings} & {"mojibake", "identical_columns"}
