"""Broken characters."""

from __future__ import annotations

import pandas as pd

from core.data.findings import Severity
from core.data.report import DataReport, make_report
from tests.data.report.made import changed, found, kinds, pairs

TITLES = pairs()["positive"].tolist()
CHINESE = [f"经典作家 F-{row} 型钢笔，笔触顺滑的入门级钢笔，支持吸墨器" for row in range(30)]


def test_mojibake_is_named_with_its_repair() -> None:
    garbled = [text.encode().decode("cp1252", "ignore") for text in CHINESE]
    finding = found(pairs(positive=garbled), "mojibake")
    assert (finding.severity, finding.count) == (Severity.PROBLEM, 30)
    assert "Garbled characters in title: 30 of 30 rows." in finding.message.text()
    assert "that was opened as Windows-125" in finding.message.text()
    before, after = finding.examples[0].texts
    assert before == garbled[0] and "型钢笔" in after
    assert finding.fix is not None and finding.fix.step.kind == "repair_text"
    assert "cannot be recovered" in finding.effects[1].text()


def test_clean_chinese_is_not_mojibake() -> None:
    assert "mojibake" not in kinds(pairs(positive=CHINESE))
    accents = [f"Crème brûlée à la façon n° {row}" for row in range(30)]
    assert "mojibake" not in kinds(pairs(positive=accents))


def test_lost_characters() -> None:
    finding = found(pairs(positive=changed(TITLES, at_6="caf\ufffd")), "lost_characters")
    assert finding.rows == (8,)
    assert finding.fix is not None and finding.fix.step.kind == "drop_broken"
    assert "lost_characters" not in kinds(pairs(positive=changed(TITLES, at_6="café")))


def test_control_characters() -> None:
    finding = found(pairs(positive=changed(TITLES, at_6="bell\x07 jar")), "control_characters")
    assert (finding.severity, finding.rows) == (Severity.INFO, (8,))
    assert finding.fix is not None and finding.fix.step.kind == "collapse_spaces"
    lines = pairs(positive=changed(TITLES, at_6="two\nlines\tand a tab\r\n"))
    assert "control_characters" not in kinds(lines)


def test_private_and_unassigned_characters() -> None:
    frame = pairs(positive=changed(TITLES, at_6="logo \ue000", at_8="sign \u0378"))
    assert found(frame, "private_characters").rows == (8, 10)
    assert "private_characters" not in kinds(pairs(positive=changed(TITLES, at_6="emoji 👟")))


def test_half_characters_are_found_and_do_not_stop_the_report() -> None:
    titles = changed(TITLES, at_2="half \ud83d", at_3="whole \ud83d\udc5f")
    frame = pairs()
    frame["positive"] = pd.Series(titles, dtype=object)
    finding = found(frame, "half_characters")
    # Row 5 holds both halves, which is a whole character written in two.
    assert finding.rows == (4,)
    report = make_report(frame, {})
    assert DataReport.from_json(report.to_json()) == report
    assert "half_characters" not in kinds(pairs())
