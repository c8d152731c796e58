"""The table of runs: its index, what it is filtered by, notes, the best, CSV, deletion."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from core.files import write_text
from core.jobs import queue
from core.jobs.cleaning import clean_up
from core.jobs.status import JobState
from core.models.bases import BaseConfig, list_bases
from core.training import run_index
from core.training.artifacts import HELD_OUT, save_rows
from core.training.continuing import change_config
from core.training.run_index import DAMAGED, INDEX_FILE, RunRow, load_rows
from core.training.run_notes import (
    LONGEST_NOTE,
    LONGEST_TAG,
    MOST_TAGS,
    NOTES_FILE,
    Notes,
    NoteTooLong,
    TagTooLong,
    TooManyTags,
    change_notes,
    load_notes,
)
from core.training.run_removal import RunActive, RunNeeded, plan_removal, remove_runs
from core.training.run_table import Filter, base_words, best_runs, select_rows, to_csv
from core.training.runs import list_runs, load_run, offered
from core.workspace import UnknownItem, Workspace
from tests.pages.compared import make_model
from tests.pages.made import finish, make_run


def only_row(workspace: Workspace) -> RunRow:
    (row,) = load_rows(workspace)
    return row


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the runs whose folders are read, as they are read."""
    read: list[str] = []
    really = run_index.read_rows

    def note(workspace: Workspace, ids: dict[str, str]) -> dict[str, RunRow]:
        read.extend(ids)
        return really(workspace, ids)

    monkeypatch.setattr(run_index, "read_rows", note)
    return read


# The index ---------------------------------------------------------------------------------------


def test_a_row_says_what_the_folder_says(workspace: Workspace) -> None:
    id = make_run(workspace, name="Shoes", scores=(0.5, 0.75))
    run, row = load_run(workspace, id), only_row(workspace)
    assert (row.id, row.name, row.state) == (id, "Shoes", "succeeded")
    assert (row.metric, row.before, row.after, row.verdict) == ("ndcg@10", 0.5, 0.75, "better")
    assert (row.dataset, row.dataset_name) == (run.config.dataset.id, run.config.dataset.name)
    assert (row.loss, row.device, row.base_kind) == (run.config.loss.name, "cpu", "static")
    assert row.seconds == run.seconds() and row.created == run.status.created
    assert not row.model and not row.active


def test_only_what_changed_is_read_again(workspace: Workspace, reads: list[str]) -> None:
    first, second = make_run(workspace), make_run(workspace, JobState.RUNNING)
    before = load_rows(workspace)
    assert {row.id for row in before} == set(reads) == {first, second}
    reads.clear()
    assert load_rows(workspace) == before and reads == []
    finish(workspace, second)
    states = {row.id: row.state for row in load_rows(workspace)}
    assert states[second] == "succeeded" and reads == [second]
    reads.clear()
    change_notes(workspace, first, note="good")
    make_model(workspace.run(second) / "model")
    rows = {row.id: row for row in load_rows(workspace)}
    assert rows[first].note == "good" and rows[second].model and set(reads) == {first, second}
    shutil.rmtree(workspace.run(first))
    assert [row.id for row in load_rows(workspace)] == [second]


@pytest.mark.parametrize("contents", [b"", b"no database" * 1000, None])
def test_a_lost_or_damaged_index_is_made_again(
    workspace: Workspace, contents: bytes | None, reads: list[str]
) -> None:
    make_run(workspace)
    before = load_rows(workspace)
    index = workspace.cache / INDEX_FILE
    for file in workspace.cache.glob(f"{INDEX_FILE}-*"):
        file.unlink()
    index.unlink() if contents is None else index.write_bytes(contents)
    assert load_rows(workspace) == before
    load_rows(workspace)
    reads.clear()
    assert load_rows(workspace) == before and reads == []


def test_a_damaged_run_is_in_the_table_and_a_folder_that_is_none_is_not(
    workspace: Workspace,
) -> None:
    damaged, odd = make_run(workspace, name="odd"), make_run(workspace)
    write_text(workspace.run(damaged) / "config.yaml", "name: [")
    write_text(workspace.run(odd) / "report.json", "{}")
    (workspace.runs / "pictures").mkdir()
    rows = {row.id: row for row in load_rows(workspace)}
    assert rows.keys() == {damaged, odd}
    assert (rows[damaged].state, rows[damaged].name) == (DAMAGED, damaged)
    assert (rows[odd].state, rows[odd].metric) == ("succeeded", None)
    remove_runs(workspace, [damaged])
    assert only_row(workspace).id == odd


def test_where_a_run_comes_from_is_known(workspace: Workspace) -> None:
    first, second = make_run(workspace, name="first"), make_run(workspace, name="second")
    config = load_run(workspace, second).config
    guided = change_config(
        config,
        {
            "base": BaseConfig(kind="run", run=first).model_dump(),
            "loss": {"name": "GISTEmbedLoss", "parameters": {"guide": "run:other"}},
        },
    )
    write_text(workspace.run(second) / queue.CONFIG_FILE, guided.to_yaml())
    row = next(row for row in load_rows(workspace) if row.id == second)
    assert row.needs == (first, "other")
    assert base_words("run", first, {first: "first"}) == "first"
    assert base_words("run", first, {}) == first


# Notes -------------------------------------------------------------------------------------------


def test_notes_are_kept_in_the_runs_folder(workspace: Workspace) -> None:
    id = make_run(workspace)
    assert (
        load_notes(workspace.run(id)) == Notes() and not (workspace.run(id) / NOTES_FILE).exists()
    )
    change_notes(workspace, id, favourite=True, add_tags=["  summer   shoes ", "new", "new"])
    change_notes(workspace, id, note=" worth a second look\n", remove_tags=["new"])
    expected = Notes(favourite=True, tags=("summer shoes",), note="worth a second look")
    assert load_notes(workspace.run(id)) == expected == load_run(workspace, id).notes()


def test_what_does_not_fit_is_refused_and_changes_nothing(workspace: Workspace) -> None:
    id = make_run(workspace)
    change_notes(workspace, id, add_tags=["shoes"])
    with pytest.raises(TagTooLong):
        change_notes(workspace, id, add_tags=["x" * (LONGEST_TAG + 1)])
    with pytest.raises(TooManyTags):
        change_notes(workspace, id, add_tags=map(str, range(MOST_TAGS)))
    with pytest.raises(NoteTooLong):
        change_notes(workspace, id, note="x" * (LONGEST_NOTE + 1))
    with pytest.raises(UnknownItem):
        change_notes(workspace, "no-such-run", favourite=True)
    assert load_notes(workspace.run(id)) == Notes(tags=("shoes",))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tags": 3}'])
def test_damaged_notes_do_not_hide_the_run(workspace: Workspace, text: str) -> None:
    id = make_run(workspace)
    write_text(workspace.run(id) / NOTES_FILE, text)
    assert load_notes(workspace.run(id)) == Notes() and only_row(workspace).id == id


def test_archived_runs_leave_the_lists_but_not_for_a_link(workspace: Workspace) -> None:
    kept, archived = make_run(workspace), make_run(workspace)
    for id in (kept, archived):
        make_model(workspace.run(id) / "model")
    change_notes(workspace, archived, archived=True)
    runs = list_runs(workspace)
    assert [run.id for run in offered(runs)] == [kept]
    assert {run.id for run in offered(runs, archived)} == {kept, archived}

    def bases(linked: str | None = None) -> set[str | None]:
        return {one.config.run for one in list_bases(workspace, linked)} - {None}

    assert bases() == {kept} and bases(archived) == {kept, archived}


# What is shown -----------------------------------------------------------------------------------

SHOES = RunRow(
    id="1-shoes",
    name="Shoes",
    state="succeeded",
    created="2026-11-21T10:00:00.000+00:00",
    dataset="d1",
    dataset_name="Table of shoes",
    base_kind="bundled",
    loss="TripletLoss",
    scored_on="0.1/42",
    held_out="0.1/42",
    metric="ndcg@10",
    before=0.5,
    after=0.7,
    tags=("summer",),
)
DRUGS = replace(
    SHOES,
    id="2-drugs",
    name="药品",
    state="failed",
    dataset="d2",
    base_kind="hub",
    base_detail="BAAI/bge-small-zh-v1.5",
    after=None,
    metric=None,
    tags=(),
    favourite=True,
    note="Try a smaller batch",
)
OLD = replace(SHOES, id="0-old", name="Old shoes", archived=True, after=0.9)
ROWS = [DRUGS, SHOES, OLD]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["2-drugs", "1-shoes"]),
        (Filter(archived=True), ["0-old"]),
        (Filter(favourites=True), ["2-drugs"]),
        (Filter(words="SHOES summer"), ["1-shoes"]),
        (Filter(words="药"), ["2-drugs"]),
        (Filter(words="bge batch"), ["2-drugs"]),
        (Filter(words="shoes boots"), []),
        (Filter(states=["failed", "cancelled"]), ["2-drugs"]),
        (Filter(datasets=["d1"]), ["1-shoes"]),
        (Filter(bases=["all-MiniLM-L6-v2"]), ["1-shoes"]),
        (Filter(losses=["TripletLoss"], tags=["summer", "winter"]), ["1-shoes"]),
    ],
)
def test_a_filter_leaves_what_fits(wanted: Filter, ids: list[str]) -> None:
    assert [row.id for row in select_rows(ROWS, wanted)] == ids


def test_words_of_the_screen_are_found_too() -> None:
    found = select_rows(
        ROWS, Filter(words="失败"), lambda row: {"failed": "失败"}.get(row.state, "")
    )
    assert found == [DRUGS]


def test_the_best_is_among_runs_that_were_scored_on_the_same_rows() -> None:
    first = replace(SHOES, id="a", after=0.8)
    same = replace(SHOES, id="b", after=0.8)
    worse = replace(SHOES, id="c", after=0.6)
    other_rows = replace(SHOES, id="d", after=0.99, scored_on="0.1/7")
    other_table = replace(SHOES, id="e", after=0.1, dataset="d9")
    found = best_runs([other_table, other_rows, worse, same, first, DRUGS])
    assert [(one.row.id, one.runs) for one in found] == [("e", 1), ("d", 1), ("a", 3)]


def test_runs_are_on_the_same_rows_when_these_are_whatever_the_seed(workspace: Workspace) -> None:
    ids = [make_run(workspace, name=f"Shoes {n}", scores=(0.5, 0.6 + n / 10)) for n in range(3)]
    held_out = pd.DataFrame({"row": [3, 8], "anchor": ["鞋", "靴"], "positive": ["跑鞋", "雨靴"]})
    for seed, id in enumerate(ids):
        config = change_config(load_run(workspace, id).config, {"training.seed": seed})
        write_text(workspace.run(id) / queue.CONFIG_FILE, config.to_yaml())
        # The last run was scored on the same texts in other pairs.
        swapped = held_out.assign(positive=["雨靴", "跑鞋"])
        save_rows(workspace.run(id), swapped if seed == 2 else held_out, [])
    rows = {row.id: row for row in load_rows(workspace)}
    assert [rows[id].held_out for id in ids] == ["0.1/0", "0.1/1", "0.1/2"]
    assert [(one.row.id, one.runs) for one in best_runs(load_rows(workspace))] == [
        (ids[2], 1),
        (ids[1], 2),
    ]
    for id in ids:
        (workspace.run(id) / HELD_OUT).write_bytes(b"no table")
        change_notes(workspace, id, note="read again")
    assert len(best_runs(load_rows(workspace))) == 3


def test_the_csv_file_is_safe_in_a_spreadsheet() -> None:
    risky = replace(SHOES, name="=1+1", note="-0.5", tags=("a", "b, c"), favourite=True)
    data = to_csv([risky, DRUGS], {})
    assert data.startswith(b"\xef\xbb\xbf")
    first, second = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    assert (first["name"], first["note"]) == ("'=1+1", "-0.5")
    assert (first["tags"], first["favourite"], first["after"]) == ("a, b, c", "yes", "0.7")
    assert (second["name"], second["base"], second["after"]) == (
        "药品",
        "BAAI/bge-small-zh-v1.5",
        "",
    )


# Deletion ----------------------------------------------------------------------------------------


def trained_from(workspace: Workspace, source: str, state: JobState) -> str:
    id = make_run(workspace, state, name="child")
    base = BaseConfig(kind="run", run=source).model_dump()
    config = change_config(load_run(workspace, id).config, {"base": base})
    write_text(workspace.run(id) / queue.CONFIG_FILE, config.to_yaml())
    return id


def test_what_goes_with_a_run_is_counted_first(workspace: Workspace) -> None:
    id, other = make_run(workspace, name="parent"), make_run(workspace)
    make_model(workspace.run(id) / "model")
    (workspace.run(id) / "export").mkdir()
    (workspace.run(id) / "export" / "parent.zip").write_bytes(b"x" * 5000)
    change_notes(workspace, id, favourite=True, note="keep?")
    trained_from(workspace, id, JobState.SUCCEEDED)
    removal = plan_removal(workspace, [id])
    files = [path for path in workspace.run(id).rglob("*") if path.is_file()]
    assert removal.allowed and removal.bytes == sum(path.stat().st_size for path in files) > 5000
    assert (removal.models, removal.exports, removal.favourites, removal.noted) == (1, 1, 1, 1)
    assert removal.descendants == ("child",)
    remove_runs(workspace, [id, other])
    assert [row.name for row in load_rows(workspace)] == ["child"]
    assert not list(workspace.runs.glob(f"{id}*"))
    # The files go when the supervisor cleans up next.
    clean_up(workspace)
    assert not list(workspace.runs.glob(f"*{id}*"))


def test_nothing_goes_when_one_of_them_cannot(workspace: Workspace) -> None:
    ended, running = make_run(workspace), make_run(workspace, JobState.RUNNING)
    assert not plan_removal(workspace, [ended, running]).allowed
    with pytest.raises(RunActive):
        remove_runs(workspace, [ended, running])
    with pytest.raises(UnknownItem):
        remove_runs(workspace, [ended, "no-such-run"])
    assert len(load_rows(workspace)) == 2


def test_a_run_that_waiting_work_needs_stays(workspace: Workspace) -> None:
    id = make_run(workspace, name="parent")
    child = trained_from(workspace, id, JobState.QUEUED)
    with pytest.raises(RunNeeded) as refused:
        remove_runs(workspace, [id])
    assert refused.value.params == {"name": "parent", "users": "child"}
    queue.request_stop(workspace, child)
    job = queue.submit(workspace, "export", {"run": id}, name="export")
    with pytest.raises(RunNeeded) as refused:
        remove_runs(workspace, [id])
    assert refused.value.params["users"] == job
    queue.request_stop(workspace, job)
    remove_runs(workspace, [id])
    assert only_row(workspace).id == child
