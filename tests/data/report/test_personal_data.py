"""Personal data: counted by kind, and never repeated in the report."""

from __future__ import annotations

from core.data.findings import Severity
from tests.data.report.made import changed, found, kinds, pairs, report

TITLES = pairs()["positive"].tolist()
ID, MOBILE, EMAIL = "11010519491231002X", "13800138000", "li.lei@example.com"


def test_each_kind_is_counted() -> None:
    frame = pairs(
        positive=changed(
            TITLES, at_0=f"身份证 {ID}", at_1=f"请拨打 {MOBILE}", at_2=f"{EMAIL}/{MOBILE}"
        )
    )
    finding = found(frame, "personal_data")
    assert (finding.severity, finding.count) == (Severity.WARNING, 3)
    assert finding.message.text() == (
        "Rows with personal data in title: 3. With ID numbers: 1, with bank cards: 0, with mobile "
        "numbers: 2, with e-mail addresses: 1."
    )
    assert finding.fix is not None and finding.fix.step.kind == "mask_personal"


def test_the_finding_shows_masks_and_not_the_data() -> None:
    long = "long " * 39 + MOBILE  # the number stands where examples are cut off
    frame = pairs(positive=changed(TITLES, at_0=f"身份证 {ID}", at_1=long, at_2=EMAIL))
    finding = found(frame, "personal_data")
    assert "身份证 [ID]" in finding.examples[0].texts
    written = str(finding.to_json())
    assert not any(secret[:8] in written for secret in (ID, MOBILE, EMAIL))


def test_order_numbers_are_no_personal_data() -> None:
    frame = pairs(positive=changed(TITLES, at_0="order 110105194912310021", at_1="12800138000"))
    assert "personal_data" not in kinds(frame)


def test_no_other_part_of_the_report_repeats_it() -> None:
    frame = pairs(
        anchor=[f"call {MOBILE} for item {row}" for row in range(30)],
        positive=[f"mail {EMAIL} about {row}" for row in range(30)],
    )
    assert MOBILE not in str(report(frame).to_json())
