"""``bases`` and ``fetch``: what a run could start from, and models from a hub."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, get_args

from core.cli.output import DONE, FAILED, add_json, follow, say, say_failure, say_json
from core.data.store import DatasetInfo, load_dataset
from core.jobs import queue
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.models.bases import BaseConfig, list_bases, resolve
from core.models.hub.jobs import forget_look, looked_up, params_for
from core.models.hub.names import Source, check_names
from core.models.hub.shelf import whole_folder
from core.problems import Problem
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_MEGABYTE = 1_000_000


def add_commands(commands: Commands) -> None:
    """Declare the commands of this module."""
    bases = commands.add_parser("bases", help="list the bases that a run could start from")
    bases.add_argument(
        "--dataset", metavar="ID", help="with what each makes of this dataset, and which to take"
    )
    add_json(bases)
    bases.set_defaults(command=_bases)

    fetch = commands.add_parser("fetch", help="get a model from a hub, and wait for it")
    fetch.add_argument("repo", help="owner and name, for example BAAI/bge-small-zh-v1.5")
    fetch.add_argument("--revision", help="a branch, a tag or a commit (default: the usual branch)")
    fetch.add_argument(
        "--source", choices=get_args(Source), default="huggingface", help="which hub"
    )
    add_json(fetch)
    fetch.set_defaults(command=_fetch)


def _bases(workspace: Workspace, options: argparse.Namespace) -> int:
    if options.dataset is None:
        records = [
            _record(workspace, choice.config, choice.name) for choice in list_bases(workspace)
        ]
        if options.json:
            say_json(records)
        else:
            for one in records:
                say(_line(one))
        return DONE
    return _compare(workspace, load_dataset(workspace, options.dataset).info, options.json)


def _record(workspace: Workspace, config: BaseConfig, name: str) -> dict[str, Any]:
    """What is known about a base without a table."""
    try:
        base = resolve(workspace, config)
    except Problem as problem:
        return {"base": config.model_dump(mode="json"), "name": name, "problem": problem.to_json()}
    return {
        "base": config.model_dump(mode="json"),
        "name": name,
        "kind": base.kind,
        "dimension": base.dimension,
        "parameters": base.parameters,
        "max_length": base.max_length,
    }


def _compare(workspace: Workspace, dataset: DatasetInfo, json: bool) -> int:
    from core.models.catalogue import describe_bases, recommend

    rows = describe_bases(workspace, dataset)
    advice = recommend(rows, dataset)
    suggestions = (advice, *advice.others)
    if json:
        records = [{**asdict(row), "base": row.config.model_dump(mode="json")} for row in rows]
        for record in records:
            del record["config"]
        told = [
            {
                "base": one.config.model_dump(mode="json"),
                "why": one.why.to_json(),
                "limits": one.limits.to_json() if one.limits else None,
            }
            for one in suggestions
        ]
        say_json({"bases": records, "recommended": told[0], "others": told[1:]})
        return DONE
    for row in rows:
        record = {
            "name": f"{row.name} + characters" if row.config.extend is not None else row.name,
            "dimension": row.dimension,
            "parameters": row.parameters,
            "max_length": row.max_length,
        }
        line = [_line(record)]
        if row.figures is not None:
            line.append(f"{row.figures.unknown_share:.1%} unknown")
            line.append(f"{row.figures.indistinguishable} of {row.figures.texts} look alike")
            if row.figures.seconds is not None:
                line.append(f"about {row.figures.seconds:.0f} s")
        say(("* " if row.config == advice.config else "  ") + "  ".join(line))
    for one in suggestions:
        say(" ".join(words.text() for words in (one.why, one.limits) if words))
    return DONE


def _line(record: dict[str, Any]) -> str:
    if "problem" in record:
        return str(record["name"])
    reads = f"{record['max_length']} tokens" if record["max_length"] else "any length"
    millions = record["parameters"] / _MEGABYTE
    return f"{record['name']}  {record['dimension']} dimensions  {millions:.1f} M  {reads}"


def _fetch(workspace: Workspace, options: argparse.Namespace) -> int:
    params = params_for(options.source, options.repo, options.revision)
    check_names(params["repo"], params["revision"])
    forget_look(workspace, params)
    looked = _work(workspace, "look_at_repo", params)
    if looked.state is not JobState.SUCCEEDED:
        return say_failure(looked, json=options.json)
    snapshot = looked_up(workspace, params)
    if snapshot is None:
        return FAILED
    size = f"{snapshot.bytes / _MEGABYTE:.1f} MB in {len(snapshot.files)} files"
    say(f"{snapshot.repo} {snapshot.asked} = {snapshot.commit}, {size}", error=True)
    # From here on it is this commit, whatever becomes of the branch.
    params = params_for(snapshot.source, snapshot.repo, snapshot.at)
    fetched = _work(workspace, "fetch_repo", params)
    if fetched.state is not JobState.SUCCEEDED:
        return say_failure(fetched, json=options.json)
    folder = whole_folder(workspace, snapshot)
    if options.json:
        about = {"source": snapshot.source, "repo": snapshot.repo, "commit": snapshot.commit}
        say_json({**about, "bytes": snapshot.bytes, "folder": str(folder)})
    else:
        say(folder)
    return DONE


def _work(workspace: Workspace, kind: str, params: dict[str, Any]) -> JobStatus:
    """Have a job done and follow it; Ctrl-C stops it, what has arrived is kept."""
    id = queue.submit_once(workspace, kind, params, name=kind)
    ensure_supervisor(workspace)
    try:
        return follow(workspace.job(id))
    except KeyboardInterrupt:
        queue.request_stop(workspace, id)
        raise
