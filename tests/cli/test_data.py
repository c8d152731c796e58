"""``check``, ``dataset`` and ``datasets`` in real processes: what they print, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.__main__ import main
from core.cli.mapping import MapUnclear, RoleTwice, StepUnknown, parse_mapping, parse_steps
from core.data.findings import Finding, Fix, Severity
from core.data.shapes import Mapping, Shape
from core.data.steps import Step
from core.data.store import list_datasets, load_dataset
from core.problems import Message
from core.workspace import PROJECT_ROOT, Workspace


def core(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture
def english(tmp_path: Path) -> Path:
    """Pairs that there is nothing to say against."""
    things = "boots sandals loafers clogs sneakers slippers pumps moccasins brogues espadrilles"
    uses = ["for the rain", "on the beach", "in the office", "at a wedding"]
    lines = [
        f"which {thing} are good {use},our {thing} that people like to wear {use}"
        for thing in things.split()
        for use in uses
    ]
    path = tmp_path / "shoes.csv"
    path.write_text("\n".join(["question,answer", *lines]), encoding="utf-8")
    return path


@pytest.fixture
def chinese(tmp_path: Path) -> Path:
    """A GB18030 table without a header: scored pairs, two of them the same, one without text."""
    lines = [f"{n}\t布洛芬 {n} 号怎么吃\t每次 {n} 片\t{n % 2}" for n in range(30)]
    lines += [lines[0].replace("0\t", "30\t", 1), "31\t\t每次\t1"]
    path = tmp_path / "药品.tsv"
    path.write_bytes("\n".join(lines).encode("gb18030"))
    return path


COLUMNS = "anchor=B,positive=C,score=D"


def test_a_table_without_faults_is_fine(workspace: Workspace, english: Path) -> None:
    done = core("check", english)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("shoes.csv: ") and lines[0].endswith(
        "UTF-8, separated by commas, 40 rows"
    )
    assert lines[1] == "40 pairs: question against answer"
    assert any("tokens, mean" in line for line in lines)
    assert "Looking at the texts" in done.stderr
    assert list(workspace.uploads.iterdir()) == [] and list_datasets(workspace) == []


def test_a_table_with_faults_is_warned_of_and_told_how_to_mend(
    workspace: Workspace, chinese: Path, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    done = core("check", chinese, "--no-header", "--map", COLUMNS, "--html", page)
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert "GB18030" in lines[0] and "separated by tabs" in lines[0] and "no header row" in lines[0]
    assert lines[1] == "31 scored pairs: B against C, scored by D"
    assert "Left out: 1 of 32 rows" in lines
    assert "  Rows with a blank cell in “B”: 1. (rows 32)" in lines
    assert any(line.startswith("PROBLEM: ") and "cannot read" in line for line in lines)
    assert any("(--fix drop_duplicate_rows)" in line for line in lines)
    assert any(line.startswith("  row 31: 布洛芬 0 号怎么吃 | 每次 0 片") for line in lines)
    assert "布洛芬" in page.read_text(encoding="utf-8")


def test_json_is_for_programs(workspace: Workspace, chinese: Path) -> None:
    done = core("check", chinese, "--no-header", "--map", COLUMNS, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["mapping"] == {"anchor": "B", "positive": "C", "score": "D"}
    assert report["mapping_guessed"] is False
    assert report["sentence"]["text"] == "31 scored pairs: B against C, scored by D"
    assert report["source"]["encoding"] == "GB18030" and report["rows_before"] == 32
    kinds = {finding["kind"]: finding for finding in report["report"]["findings"]}
    assert kinds["duplicate_rows"]["fix"]["step"]["kind"] == "drop_duplicate_rows"
    assert kinds["duplicate_rows"]["message"]["text"].count("{") == 0


def test_what_cannot_be_used_is_refused(
    workspace: Workspace, english: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "shoe.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    scores = tmp_path / "scores.csv"
    scores.write_text("q,a,s\n" + "".join(f"q{n},a{n},{n % 3}\n" for n in range(20)))
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("a,b\n" + "".join(f"{n},{n}\n" for n in range(20)))
    asked = "anchor=question,positive=answer"
    for arguments, words in (
        (("check", tmp_path / "missing.csv"), "missing.csv cannot be read: No such file"),
        (("check", picture), "shoe.csv"),
        (("check", english, "--map", "anchor=frage,positive=answer"), "no column named “frage”"),
        (("check", english, "--map", "frage"), "“frage” does not say which column is what"),
        (("check", english, "--base", "no-such-model"), "no base model named no-such-model"),
        (("check", english, "--encoding", "klingon"), "klingon"),
        (("check", english, "--html", tmp_path / "no" / "x.html"), "cannot be written to"),
        (("dataset", english, "--fix", "fix_split:share=much"), "much"),
        (("dataset", english, "--fix", "drop_rows"), "drop_rows cannot be done as"),
        (("check", numbers), "--map anchor=问题,positive=答案"),
        (("check", scores, "--map", "anchor=q,positive=a,score=s"), "Add --rescale"),
        (("dataset", english, "--map", asked, "--fix", "magic"), "no step named magic"),
        (("dataset", english, "--map", asked, "--convert", "scored_to_pairs"), "pairs"),
        (("dataset", english, "--map", asked, "--held-out", picture), "shoe.csv"),
    ):
        assert main([str(one) for one in arguments]) == 2, arguments
        said = capsys.readouterr()
        assert said.out == "" and words in said.err, (arguments, said.err)
    done = core("check", picture)
    assert (done.returncode, done.stdout) == (2, "")
    assert "shoe.csv" in done.stderr and "Traceback" not in done.stderr
    assert list(workspace.uploads.iterdir()) == [] and list_datasets(workspace) == []


def test_a_table_becomes_a_dataset_with_fixes_and_another_shape(
    workspace: Workspace, chinese: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = core(
        *("dataset", chinese, "--no-header", "--map", "anchor=B,positive=C", "--map", "score=D"),
        *("--name", "日常问题", "--fix", "drop_duplicate_rows"),
        *("--convert", "scored_to_pairs:threshold=0.5"),
    )
    assert made.returncode == 0, made.stderr
    dataset = load_dataset(workspace, made.stdout.strip())
    info = dataset.info
    assert (info.name, info.shape, info.rows) == ("日常问题", Shape.PAIRS, 15)
    assert [one.step.kind for one in info.steps] == ["drop_duplicate_rows", "scored_to_pairs"]
    assert dataset.frame().iloc[0].tolist() == ["布洛芬 1 号怎么吃", "每次 1 片", 2]
    assert len(dataset.original()) == 31
    report = dataset.report()
    assert report is not None and report.rows == 15
    assert "15 pairs, made from B, C, D" in made.stderr

    again = core("dataset", chinese, "--no-header", "--map", COLUMNS, "--json")
    stored = json.loads(again.stdout)
    assert (stored["name"], stored["rows"], stored["steps"]) == ("药品", 31, [])

    assert main(["datasets"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{stored['id']}  药品  31 scored pairs: B against C, scored by D",
        f"{info.id}  日常问题  15 pairs, made from B, C, D",
    ]
    first, second = json.loads(core("datasets", "--json").stdout)
    assert (first["id"], second["id"]) == (stored["id"], info.id)
    assert second["steps"][0]["message"]["text"] and second["sentence"]["text"]


def test_scores_are_rescaled_when_that_is_asked_for_and_a_second_file_is_held_out(
    workspace: Workspace, tmp_path: Path
) -> None:
    for name, rows in (("train", 30), ("test", 12)):
        lines = [f"{name} question {n},{name} answer {n},{n % 3}" for n in range(rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["q,a,s", *lines]))
    made = core(
        *("dataset", tmp_path / "train.csv", "--map", "anchor=q,positive=a,score=s"),
        *("--rescale", "--held-out", tmp_path / "test.csv"),
    )
    assert made.returncode == 0, made.stderr
    frame = load_dataset(workspace, made.stdout.strip()).frame()
    assert frame["score"].tolist()[:3] == [0, 0.5, 1]
    assert frame["split"].value_counts().to_dict() == {"train": 30, "held_out": 12}
    assert list(workspace.uploads.iterdir()) == []


def test_columns_are_written_as_role_and_name() -> None:
    assert parse_mapping(["anchor=问题,positive=答案"]) == Mapping("问题", "答案")
    several = parse_mapping(["anchor=q, positive=a,negative=n 1", "negative=n2,split=part"])
    assert several == Mapping("q", "a", ("n 1", "n2"), split="part")
    commas = parse_mapping(["anchor=the question, in full,positive=a=b"])
    assert commas == Mapping("the question, in full", "a=b")
    assert parse_mapping(["text=正文,label=类别"]) == Mapping(text="正文", label="类别")
    for wrong in ("anchor", "anchor=", "question=q", ""):
        with pytest.raises(MapUnclear):
            parse_mapping([wrong])
    with pytest.raises(RoleTwice, match="as anchor: “a” and “b”"):
        parse_mapping(["anchor=a,anchor=b"])


def test_steps_are_as_a_finding_proposes_them_or_as_they_are_written() -> None:
    proposed = Step("drop_rows", {"rows": [3, 4]})
    finding = Finding("x", Severity.WARNING, Message("x"), 2, fix=Fix(Message("x"), proposed))
    assert parse_steps(["drop_rows", "drop_rows"], [finding]) == (proposed,)
    written = parse_steps(["drop_rows:rows=[5]", "resolve_conflicts:how=mean"], [finding])
    assert written == (Step("drop_rows", {"rows": [5]}), Step("resolve_conflicts", {"how": "mean"}))
    assert parse_steps(["collapse_spaces"], []) == (Step("collapse_spaces"),)
    with pytest.raises(StepUnknown, match="The steps are: repair_text"):
        parse_steps(["magic"], [])
