"""A data report as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.data.findings import Finding, Severity, list_rows
from core.data.intake import DraftReport
from core.data.report import DataReport
from core.data.staging import StagedInfo

_MARKS = {Severity.PROBLEM: "PROBLEM", Severity.WARNING: "Warning", Severity.INFO: "Note"}
_EXAMPLE_CHARACTERS = 60
_EXAMPLES = 3
_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "vertical bars"}


def source_line(info: StagedInfo) -> str:
    """How a table was read: name, format, encoding, separator, rows, rows set aside."""
    facts = info.facts
    parts = [facts.format]
    if facts.sheet:
        parts.append(f"sheet {facts.sheet}")
    if facts.member:
        parts.append(facts.member)
    if facts.encoding:
        parts.append(facts.encoding)
    if facts.separator:
        parts.append(f"separated by {_SEPARATORS.get(facts.separator, repr(facts.separator))}")
    if not facts.header:
        parts.append("no header row")
    parts.append(f"{info.rows:,} rows")
    if facts.sampled_from is not None:
        parts.append(f"a sample of {facts.sampled_from:,}")
    if info.quarantined:
        parts.append(f"{info.quarantined:,} more set aside because they could not be read")
    return f"{info.name}: {', '.join(parts)}"


def report_lines(report: DraftReport) -> Iterator[str]:
    """What a draft would become and all that there is to say about it, line by line."""
    yield report.sentence.text()
    if report.scale is not None and not report.scale.is_unit:
        yield report.scale.sentence.text()
    for applied in report.applied:
        yield applied.message.text()
    if report.left_out:
        yield f"Left out: {report.rows_before - report.rows:,} of {report.rows_before:,} rows"
        for finding in report.left_out:
            yield f"  {finding.message.text()} (rows {list_rows(finding.rows)})"
    yield from finding_lines(report.all_findings, report.report)


def finding_lines(findings: Iterable[Finding], data: DataReport) -> Iterator[str]:
    """Every finding, and the figures of the report, line by line."""
    for finding in findings:
        yield ""
        yield from _finding_lines(finding)
    yield ""
    yield from _figure_lines(data)
    for message in data.sampled:
        yield message.text()


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"{_MARKS[finding.severity]}: {finding.message.text()}"
    for example in finding.examples[:_EXAMPLES]:
        texts = " | ".join(_shortened(text) for text in example.texts)
        yield f"  row {example.row}: {texts}"
    if finding.rows and not finding.examples:
        yield f"  rows {list_rows(finding.rows)}"
    for effect in finding.effects:
        yield f"  {effect.text()}"
    if finding.fix is not None:
        yield f"  Fix: {finding.fix.label.text()} (--fix {finding.fix.step.kind})"


def _figure_lines(data: DataReport) -> Iterator[str]:
    for role, lengths in data.tokens.items():
        yield (
            f"{data.names.get(role, role)}: {lengths.minimum} to {lengths.maximum} tokens, "
            f"mean {lengths.mean:.1f} ({data.base})"
        )
    for base in data.coverage:
        yield (
            f"{base.name}: cannot read {base.unknown_share:.1%} of the tokens; "
            f"{base.indistinguishable:,} of {base.texts:,} texts look like another one to it; "
            f"{base.cut_off_share:.1%} are cut off"
        )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXAMPLE_CHARACTERS else f"{line[:_EXAMPLE_CHARACTERS]}…"
