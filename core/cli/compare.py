"""``compare``: what several runs reached, side by side, and the settings that set them apart."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.cli.output import DONE, add_json, say, say_json
from core.cli.run_table import record_of
from core.cli.tables import say_aligned, write_csv
from core.problems import N_, Problem, as_is
from core.training.difference import MISSING, Difference, differences
from core.training.evaluation import METRIC_NAMES
from core.training.run_index import RunRow, load_rows
from core.training.run_table import base_words
from core.training.runs import Run, load_curves, load_run
from core.training.setting_words import named_in, value_words
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class OneRun(Problem):
    what = N_("One run alone cannot be compared.")
    do = N_("Name two or more; “runs” lists them, and “evaluate” prints what one has reached.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    compare = commands.add_parser(
        "compare", help="what two or more runs reached, and the settings in which they differ"
    )
    compare.add_argument("runs", nargs="+", metavar="RUN", help="the ids of the runs")
    compare.add_argument(
        "--curves", type=Path, metavar="FILE", help="write their curves to a CSV file"
    )
    add_json(compare)
    compare.set_defaults(command=_compare)


def _compare(workspace: Workspace, options: argparse.Namespace) -> int:
    runs = [load_run(workspace, id) for id in dict.fromkeys(options.runs)]
    if len(runs) < 2:
        raise OneRun
    by_id = {row.id: row for row in load_rows(workspace)}
    rows = [by_id[run.id] for run in runs]
    if options.curves is not None:
        write_csv(options.curves, _curves(runs))
    found = differences([run.config.to_dict() for run in runs])
    same_rows = len({(row.dataset, row.scored_on, row.metric) for row in rows if row.metric}) < 2
    if options.json:
        say_json(
            {
                "runs": [record_of(workspace, row) for row in rows],
                "same_rows": same_rows,
                "differences": [
                    {
                        "setting": one.setting,
                        "label": one.label,
                        "values": [None if value is MISSING else value for value in one.values],
                    }
                    for one in found
                ],
            }
        )
        return DONE
    if not same_rows:
        say("These runs were not scored on the same rows; their scores say little.", error=True)
    lines = [["", *(run.name for run in runs)], ["id", *(run.id for run in runs)]]
    names = {row.id: row.name for row in by_id.values()}
    lines += _figures(rows, names)
    named = named_in(workspace, found, names)
    lines += [[one.label, *(_value(one, value, named) for value in one.values)] for one in found]
    say_aligned(lines)
    return DONE


def _figures(rows: Sequence[RunRow], names: dict[str, str]) -> list[list[str]]:
    def score(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    return [
        ["state", *(row.state for row in rows)],
        ["base model", *(base_words(row.base_kind, row.base_detail, names) for row in rows)],
        ["metric", *(METRIC_NAMES.get(row.metric or "", row.metric or "-") for row in rows)],
        ["before", *(score(row.before) for row in rows)],
        ["after", *(score(row.after) for row in rows)],
        ["verdict", *(row.verdict or "-" for row in rows)],
        ["seconds", *("-" if row.seconds is None else f"{row.seconds:.0f}" for row in rows)],
        ["device", *(row.device or "-" for row in rows)],
    ]


def _value(difference: Difference, value: Any, named: Mapping[str, str]) -> str:
    return value_words(difference, value, as_is, "{:,g}".format, "{:.0%}".format, named)


def _curves(runs: Sequence[Run]) -> pd.DataFrame:
    """A line for each point: run, name, step, epoch, and what was measured there."""
    lines: list[dict[str, Any]] = []
    for run in runs:
        curves = load_curves(run.folder)
        named = {"run": run.id, "name": run.name}
        for what, points, value in (
            ("training_loss", curves.train, "loss"),
            ("learning_rate", curves.train, "learning_rate"),
            ("held_out_loss", curves.held_out, "loss"),
            ("held_out_score", curves.held_out_scores, "value"),
        ):
            lines += [
                {
                    **named,
                    "what": what,
                    "step": point["step"],
                    "epoch": point["epoch"],
                    "value": point[value],
                }
                for point in points
            ]
    return pd.DataFrame(lines, columns=["run", "name", "what", "step", "epoch", "value"])
