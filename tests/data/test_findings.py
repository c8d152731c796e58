import json

from core.data.findings import Finding, Severity, list_rows
from core.problems import Message


def test_finding_survives_json() -> None:
    message = Message("Rows that repeat an earlier row: {count}.", {"count": 2})
    finding = Finding("duplicate_rows", Severity.WARNING, message, 2, (3, 9))
    assert Finding.from_json(json.loads(json.dumps(finding.to_json()))) == finding


def test_list_rows_shows_the_first_few() -> None:
    assert list_rows([3, 17]) == "3, 17"
    assert list_rows(range(2, 20), limit=3) == "2, 3, 4, …"
    assert list_rows([]) == ""
