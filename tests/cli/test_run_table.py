"""``runs`` and ``compare`` from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from core.cli.output import DONE, REFUSED
from core.files import write_text
from core.jobs import queue
from core.jobs.events import EventWriter
from core.jobs.status import JobState
from core.models.bases import BaseConfig
from core.retrieval.corpora import load_corpus
from core.retrieval.sample_corpora import add_sample_corpus
from core.training.checkpoints import CHECKPOINTS
from core.training.continuing import change_config
from core.training.run_notes import Notes, load_notes
from core.training.runs import list_runs, load_run
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.pages.made import make_run


def ids(said: str) -> list[str]:
    return [line.split()[0] for line in said.splitlines()]


def test_runs_are_listed_and_filtered(workspace: Workspace, core: Run) -> None:
    first = make_run(workspace, name="Shoes", scores=(0.5, 0.75))
    second = make_run(workspace, JobState.FAILED, name="Boots")
    code, said, _ = core("runs")
    assert code == DONE and ids(said) == [second, first]
    assert "Shoes  nDCG@10 0.500 -> 0.750" in said
    for arguments, expected in (
        (("--search", "shoes ndcg"), []),
        (("--search", "SHOES"), [first]),
        (("--state", "failed", "--state", "cancelled"), [second]),
        (("--best",), [first]),
        (("--base", "static", "--loss", "TripletLoss"), []),
        ((second,), [second]),
    ):
        assert ids(core("runs", *arguments)[1]) == expected
    record = json.loads(core("runs", first, "--json")[1])[0]
    assert (record["metric"], record["before"], record["after"]) == ("ndcg@10", 0.5, 0.75)
    assert record["scores"]["tuned"] == {"ndcg@10": 0.75} and record["tags"] == []


def test_notes_tags_stars_and_the_archive(workspace: Workspace, core: Run) -> None:
    first, second = make_run(workspace, name="Shoes"), make_run(workspace, name="Boots")
    code, said, _ = core("runs", first, "--add-tag", "夏天", "--favourite", "--note", "good")
    assert code == DONE and said.rstrip().endswith("★ #夏天")
    notes = load_notes(workspace.run(first))
    assert notes == Notes(favourite=True, tags=("夏天",), note="good")
    assert ids(core("runs", "--favourites")[1]) == ids(core("runs", "--tag", "夏天")[1]) == [first]
    core("runs", first, second, "--archive")
    assert core("runs")[1] == "" and ids(core("runs", "--archived")[1]) == [second, first]
    core("runs", first, "--no-archive", "--no-favourite", "--remove-tag", "夏天", "--note", "")
    assert load_notes(workspace.run(first)) == Notes()
    code, said, told = core("runs", "--add-tag", "new")
    assert (code, said) == (REFUSED, "") and "which runs are meant" in told
    code, said, told = core("runs", first, "no-such-run", "--favourite")
    assert (code, said) == (REFUSED, "") and "There is no run named no-such-run" in told
    assert not load_notes(workspace.run(first)).favourite


def test_the_list_as_a_csv_file(workspace: Workspace, core: Run, tmp_path: Path) -> None:
    make_run(workspace, name="鞋", scores=(0.5, 0.75))
    file = tmp_path / "runs.csv"
    assert core("runs", "--csv", str(file)) == (DONE, f"{file}\n", "")
    (row,) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    assert (row["name"], row["after"]) == ("鞋", "0.75")


def test_deletion_says_what_goes_and_wants_to_be_sure(workspace: Workspace, core: Run) -> None:
    first, second = make_run(workspace), make_run(workspace, JobState.RUNNING)
    code, said, told = core("runs", first, "--delete")
    assert (code, said) == (REFUSED, "") and "runs: 1" in told and "--yes" in told
    code, _, told = core("runs", first, second, "--delete", "--yes")
    assert code == REFUSED and "still running" in told and len(list_runs(workspace)) == 2
    assert core("runs", first, "--delete", "--yes")[0] == DONE
    assert [run.id for run in list_runs(workspace)] == [second]


def test_compare_shows_scores_and_only_the_settings_that_differ(
    workspace: Workspace, core: Run
) -> None:
    first = make_run(workspace, name="鞋", scores=(0.5, 0.75))
    second = make_run(workspace, name="Boots", scores=(0.5, 0.6))
    config = change_config(load_run(workspace, second).config, {"training.epochs": 9})
    write_text(workspace.run(second) / queue.CONFIG_FILE, config.to_yaml())
    code, said, told = core("compare", first, second)
    lines = {line.split("  ")[0].strip(): line.split()[-2:] for line in said.splitlines()}
    assert (code, told) == (DONE, "")
    assert lines["after"] == ["0.750", "0.600"] and lines["Epochs"] == ["10", "9"]
    assert "Seed" not in lines
    said = core("compare", first, second, "--json")[1]
    told_apart = json.loads(said)
    (difference,) = told_apart["differences"]
    assert (difference["setting"], difference["label"]) == ("training.epochs", "Epochs")
    assert told_apart["same_rows"] and [one["id"] for one in told_apart["runs"]] == [first, second]


def test_compare_calls_runs_and_corpora_by_their_names(workspace: Workspace, core: Run) -> None:
    parent, child, other = (make_run(workspace, name=name) for name in ("鞋", "child", "other"))
    corpus = add_sample_corpus(workspace, "products")
    for id, changes in (
        (child, {"base": BaseConfig(kind="run", run=parent).model_dump()}),
        (other, {"evaluation.exam": corpus}),
    ):
        config = change_config(load_run(workspace, id).config, changes)
        write_text(workspace.run(id) / queue.CONFIG_FILE, config.to_yaml())
    said = core("compare", child, other)[1]
    lines = {line.split("  ")[0]: line for line in said.splitlines()}
    assert "鞋" in lines["Model of the run"] and parent not in said
    assert load_corpus(workspace, corpus).info.name in lines["Exam"] and corpus not in said


def test_compare_warns_of_scores_that_cannot_be_compared(workspace: Workspace, core: Run) -> None:
    first, second = (make_run(workspace, scores=(0.5, score)) for score in (0.75, 0.6))
    config = change_config(load_run(workspace, second).config, {"training.seed": 7})
    write_text(workspace.run(second) / queue.CONFIG_FILE, config.to_yaml())
    code, _, told = core("compare", first, second)
    assert code == DONE and "not scored on the same rows" in told
    assert "One run alone cannot be compared" in core("compare", first, first)[2]
    code, said, told = core("compare", first, "no-such-run")
    assert (code, said) == (REFUSED, "") and "There is no run named no-such-run" in told


def test_curves_are_written_as_a_file(workspace: Workspace, core: Run, tmp_path: Path) -> None:
    first, second = make_run(workspace, name="鞋"), make_run(workspace, name="Boots")
    for id, loss in ((first, 1.5), (second, 2.5)):
        writer = EventWriter(workspace.run(id))
        writer.write({"type": "start", "step": 0, "steps": 2})
        point = {"type": "train", "step": 1, "epoch": 0.5, "loss": loss, "learning_rate": 0.1}
        writer.write(point)
    file = tmp_path / "curves.csv"
    assert core("compare", first, second, "--curves", file)[0] == DONE
    with file.open(encoding="utf-8-sig", newline="") as opened:
        points = [(row["name"], row["what"], row["value"]) for row in csv.DictReader(opened)]
    assert ("鞋", "training_loss", "1.5") in points and ("Boots", "learning_rate", "0.1") in points


def test_checkpoints_are_deleted_once_a_run_has_ended(workspace: Workspace, core: Run) -> None:
    ended, active = make_run(workspace, JobState.FAILED), make_run(workspace, JobState.RUNNING)
    for id in (ended, active):
        (workspace.run(id) / CHECKPOINTS).mkdir()
        (workspace.run(id) / CHECKPOINTS / "weights").write_bytes(b"x" * 2_000_000)
    code, _, told = core("runs", ended, "--discard-checkpoints")
    assert code == DONE and "2.0 MB of checkpoints deleted" in told
    assert not (workspace.run(ended) / CHECKPOINTS).exists()
    assert core("runs", active, "--discard-checkpoints")[0] == REFUSED
    assert (workspace.run(active) / CHECKPOINTS).exists()
    assert core("runs", "--discard-checkpoints")[0] == REFUSED
