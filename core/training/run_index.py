"""An index of all runs, so that a thousand of them are listed in a moment.

The folders are the truth.  The index keeps one row a run with the state of the files that the row
was read from; a run whose files have changed since is read again, and without the index (it was
deleted, or is damaged) all are.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from core.files import read_json
from core.jobs.queue import CONFIG_FILE
from core.jobs.status import STATUS_FILE, JobState
from core.training.artifacts import HELD_OUT
from core.training.report import REPORT_FILE
from core.training.run_notes import NOTES_FILE, load_notes
from core.workspace import Workspace

DAMAGED = "damaged"
"""The state of a run whose configuration or status cannot be read."""

INDEX_FILE = "runs-2.db"
"""The number counts up when a row holds other things than before."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MODEL = "model/modules.json"
_READ_FROM = (CONFIG_FILE, STATUS_FILE, REPORT_FILE, NOTES_FILE, _MODEL)


@dataclass(frozen=True)
class RunRow:
    """One run as the table shows it; times are ISO 8601 in UTC.

    Attributes:
        id: the folder's name.
        name: as people named it.
        state: one of :class:`core.jobs.status.JobState`, or :data:`DAMAGED`.
        created, started, finished: when; None while it has not.
        seconds: how long it took, or has taken so far.
        done: the share of an active run that is done.
        device: where it trained, or trains.
        dataset, dataset_name: the id and the name of its dataset.
        base_kind: one of the kinds of :class:`core.models.bases.BaseConfig`.
        base_detail: the base's name on a hub, its folder, or the id of the run that made it.
        loss: the loss by the library's name.
        scored_on: what is the same for two runs on a dataset that are scored on the same rows: a
            hash of these rows; where they are not known, ``held_out``.
        held_out: the share of the rows that is held out, and the seed by which they are drawn:
            "0.1/42".
        metric: the primary metric's name; None without a report.
        before, after: that metric of what there was before, and of the tuned model.
        verdict: "better", "worse" or "unclear"; None without a report.
        alarms: how many the report raises.
        model: whether there is a trained model.
        needs: ids of the runs whose models it starts from or is guided by.
        favourite, archived, tags, note: what people noted (:mod:`core.training.run_notes`).
    """

    id: str
    name: str
    state: str
    created: str
    started: str | None = None
    finished: str | None = None
    seconds: float | None = None
    done: float | None = None
    device: str | None = None
    dataset: str = ""
    dataset_name: str = ""
    base_kind: str = ""
    base_detail: str = ""
    loss: str = ""
    scored_on: str = ""
    held_out: str = ""
    metric: str | None = None
    before: float | None = None
    after: float | None = None
    verdict: str | None = None
    alarms: int = 0
    model: bool = False
    needs: tuple[str, ...] = ()
    favourite: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def active(self) -> bool:
        """Whether something may still happen to it by itself."""
        return self.state != DAMAGED and JobState(self.state).active


_NAMES = [one.name for one in fields(RunRow)]


def load_rows(workspace: Workspace) -> list[RunRow]:
    """All runs, the newest first; only those that changed since the last call are read."""
    signatures = dict(_signatures(workspace))
    try:
        rows = _indexed(workspace, signatures)
    except sqlite3.DatabaseError:
        # Damaged, or not to be written: it only ever saves time.
        _forget_index(workspace)
        rows = read_rows(workspace, signatures)
    return sorted(rows.values(), key=lambda row: (row.created, row.id), reverse=True)


def read_rows(workspace: Workspace, ids: Mapping[str, str]) -> dict[str, RunRow]:
    """The rows of these runs, read from their folders."""
    rows = ((id, _read_row(workspace.runs / id)) for id in ids)
    return {id: row for id, row in rows if row is not None}


def _signatures(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Every run's id, with what changes whenever one of its files does."""
    with os.scandir(workspace.runs) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir():
                yield entry.name, "|".join(_stamp(f"{entry.path}/{name}") for name in _READ_FROM)


def _stamp(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return ""
    # A replaced file is another one even where the clock is coarse and the size the same.
    return f"{stat.st_ino}.{stat.st_mtime_ns}.{stat.st_size}"


# The index ---------------------------------------------------------------------------------------


def _indexed(workspace: Workspace, signatures: Mapping[str, str]) -> dict[str, RunRow]:
    with _database(workspace) as database:
        known = {
            id: (signature, row)
            for id, signature, row in database.execute("SELECT id, signature, row FROM runs")
        }
        rows = {
            id: _from_json(known[id][1])
            for id, signature in signatures.items()
            if id in known and known[id][0] == signature
        }
        changed = {id: signatures[id] for id in signatures.keys() - rows.keys()}
        fresh = read_rows(workspace, changed)
        gone = known.keys() - signatures.keys()
        if fresh or gone:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("DELETE FROM runs WHERE id = ?", [(id,) for id in gone])
            database.executemany(
                "INSERT OR REPLACE INTO runs (id, signature, row) VALUES (?, ?, ?)",
                [
                    (id, signatures[id], json.dumps(asdict(row), ensure_ascii=False))
                    for id, row in fresh.items()
                ],
            )
            database.execute("COMMIT")
    return rows | fresh


@contextlib.contextmanager
def _database(workspace: Workspace) -> Iterator[sqlite3.Connection]:
    path = workspace.cache / INDEX_FILE
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # What a crash of the machine takes is read from the folders again.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS runs"
            " (id TEXT PRIMARY KEY, signature TEXT NOT NULL, row TEXT NOT NULL)"
        )
        yield connection
    finally:
        connection.close()


def _forget_index(workspace: Workspace) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            (workspace.cache / f"{INDEX_FILE}{ending}").unlink()


def _from_json(text: str) -> RunRow:
    data = json.loads(text)
    return RunRow(**{**data, "needs": tuple(data["needs"]), "tags": tuple(data["tags"])})


# One run -----------------------------------------------------------------------------------------


def _read_row(folder: Path) -> RunRow | None:
    """The row of the run in ``folder``; None where there is no run."""
    if not (folder / CONFIG_FILE).exists():
        return None
    parts: dict[str, Any] = {}
    damaged = False
    for read in (_of_config, _of_status, _of_report):
        try:
            parts |= read(folder)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
            # A report that cannot be read takes the scores along, not the run.
            damaged = damaged or read is not _of_report
    notes = asdict(load_notes(folder)) | {"model": (folder / _MODEL).exists()}
    row = {"name": folder.name, "state": DAMAGED, "created": ""} | parts | notes
    if damaged:
        row["state"] = DAMAGED
    return RunRow(id=folder.name, **{name: row[name] for name in _NAMES if name in row})


def _of_config(folder: Path) -> dict[str, Any]:
    # Read without the rules of a configuration, which may be of another version of Pairloom.
    config = yaml.load((folder / CONFIG_FILE).read_text(encoding="utf-8"), _LOADER)
    base, dataset, loss = config["base"], config["dataset"], config["loss"]
    detail = {"hub": "repo", "folder": "path", "run": "run"}.get(base["kind"])
    return {
        "name": str(config["name"]),
        "dataset": str(dataset["id"]),
        "dataset_name": str(dataset["name"]),
        "base_kind": str(base["kind"]),
        "base_detail": str(base.get(detail) or "") if detail else "",
        "loss": str(loss["name"]),
        "scored_on": _held_out(config),
        "held_out": _held_out(config),
        "needs": _needs(base, loss.get("parameters") or {}),
    }


def _held_out(config: Mapping[str, Any]) -> str:
    share = config.get("evaluation", {}).get("held_out_share", 0.1)
    return f"{share:g}/{config.get('training', {}).get('seed', 42)}"


def _needs(base: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[str, ...]:
    named = [base.get("run")] if base["kind"] == "run" else []
    asked = [base.get("start")] if base["kind"] == "static" else []
    for value in (*asked, *parameters.values()):
        if isinstance(value, str) and value.startswith("run:"):
            named.append(value.removeprefix("run:"))
    return tuple(filter(None, named))


def _of_status(folder: Path) -> dict[str, Any]:
    status = read_json(folder / STATUS_FILE)
    started, finished = status.get("started"), status.get("finished")
    end = finished or status.get("heartbeat") or started
    seconds = None
    if started is not None:
        span = datetime.fromisoformat(end) - datetime.fromisoformat(started)
        seconds = span.total_seconds()
    return {
        "state": JobState(status["state"]).value,
        "created": str(status["created"]),
        "started": started,
        "finished": finished,
        "seconds": seconds,
        "done": status.get("done"),
        "device": status.get("device"),
    }


def _of_report(folder: Path) -> dict[str, Any]:
    try:
        report = read_json(folder / REPORT_FILE)
    except FileNotFoundError:
        return {}
    metric = report["primary"]
    reached = {model["role"]: model["metrics"].get(metric) for model in report["models"]}
    rows = _hash_of_rows(folder / HELD_OUT)
    return ({} if rows is None else {"scored_on": rows}) | {
        "metric": metric,
        "before": reached.get("base"),
        "after": reached.get("tuned"),
        "verdict": report["verdict"],
        "alarms": len(report.get("alarms", ())),
    }


def _hash_of_rows(file: Path) -> str | None:
    """What only the same rows in the same order have; None without a file that can be read.

    Of what the file holds and not of its bytes, in which its writer's version stands, too.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            table = parquet.read(use_threads=False)
    except (OSError, pa.ArrowException):
        return None
    digest = hashlib.sha256()
    for name in table.column_names:
        digest.update(name.encode())
        for chunk in table.column(name).chunks:
            for buffer in filter(None, chunk.buffers()):
                digest.update(buffer)
    return digest.hexdigest()[:16]
