"""The command line: ``python -m core train CONFIG.yaml``, ``runs``, ``export RUN``.

The commands call the functions that the screens call.  Exit codes: 0 done, 1 the job did not
succeed, 2 refused (what was asked for cannot be done; a sentence on stderr says why).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.export.job import export_archive
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.problems import Problem
from core.training.config import RunConfig
from core.training.runs import Run, list_runs, load_run
from core.training.start import start_run
from core.workspace import Workspace

_POLL_SECONDS = 0.5
DONE, FAILED, REFUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[Workspace, argparse.Namespace], int] = options.command
        return command(Workspace.open(options.workspace), options)
    except Problem as problem:
        _say(problem.text(), error=True)
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description=__doc__)
    parser.add_argument(
        "--workspace", type=Path, help="the workspace's folder (default: $PAIRLOOM_HOME)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train as CONFIG.yaml says, and wait for the end")
    train.add_argument("config", type=Path, help="a config.yaml, for example of an earlier run")
    train.add_argument("--detach", action="store_true", help="do not wait; print the run's id")
    train.set_defaults(command=_train)

    runs = commands.add_parser("runs", help="list the runs, the newest first")
    runs.add_argument("--json", action="store_true", help="as JSON")
    runs.set_defaults(command=_runs)

    export = commands.add_parser("export", help="check a run's model and write it as a zip file")
    export.add_argument("run", help="the run's id")
    export.add_argument("--to", type=Path, default=Path("."), help="the folder for the zip file")
    export.set_defaults(command=_export)
    return parser


def _train(workspace: Workspace, options: argparse.Namespace) -> int:
    id = start_run(workspace, RunConfig.load(options.config))
    _say(id)
    if options.detach:
        return DONE
    status = _follow(workspace.run(id))
    report = load_run(workspace, id).report()
    if report is not None:
        for sentence in report.sentences():
            _say(sentence.text())
    return DONE if status.state is JobState.SUCCEEDED else FAILED


def _runs(workspace: Workspace, options: argparse.Namespace) -> int:
    runs = list_runs(workspace)
    if options.json:
        _say(json.dumps([_run_record(run) for run in runs], ensure_ascii=False, indent=1))
        return DONE
    for run in runs:
        report = run.report()
        scores = ""
        if report is not None:
            base, tuned = report.scores("base"), report.scores("tuned")
            if base and tuned:
                before, after = base.metrics[report.primary], tuned.metrics[report.primary]
                scores = f"{report.primary} {before:.3f} -> {after:.3f}"
        _say(f"{run.id}  {run.status.state:<11}  {run.name}  {scores}".rstrip())
    return DONE


def _run_record(run: Run) -> dict[str, Any]:
    report = run.report()
    return {
        "id": run.id,
        "name": run.name,
        "state": run.status.state.value,
        "created": run.status.created,
        "finished": run.status.finished,
        "dataset": run.config.dataset.id,
        "base": run.config.base.model_dump(mode="json"),
        "loss": run.config.loss.name,
        "verdict": report.verdict if report else None,
        "scores": {model.role: model.metrics for model in report.models} if report else {},
    }


def _export(workspace: Workspace, options: argparse.Namespace) -> int:
    load_run(workspace, options.run)
    job = queue.submit(workspace, "export", {"run": options.run}, name=f"export {options.run}")
    ensure_supervisor(workspace)
    status = _follow(workspace.job(job))
    if status.state is not JobState.SUCCEEDED:
        return FAILED
    archive = export_archive(workspace, options.run)
    options.to.mkdir(parents=True, exist_ok=True)
    _say(shutil.copy2(archive, options.to))
    return DONE


def _follow(folder: Path) -> JobStatus:
    """Print what a job is doing, a line a change, until it ends."""
    said = ""
    while True:
        status = JobStatus.load(folder)
        stage = status.stage_message
        line = stage.text() if stage and status.state.active else status.state.label
        if line != said:
            _say(line, error=True)
            said = line
        if not status.state.active:
            for message in status.error_messages or ():
                _say(message.text(), error=True)
            return status
        time.sleep(_POLL_SECONDS)


def _say(text: object, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
