"""The command lines that do what the screens do; ``ui/command_line.py`` shows them.

One function a screen, each from what the screen shows to lines for bash; those of Data, Search and
Match have modules of their own beside this one.  A test parses every one of them with the parser
that runs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.cli.lines import Line, each, line, option, switch
from core.export.formats import Format
from core.inspection.project_job import MapSettings
from core.jobs.status import ALLOWED, JobState
from core.problems import N_
from core.training.run_table import Filter
from core.training.runs import Run

CONFIG_FILE = "config.yaml"
"""What a configuration is called in the lines, and when it is downloaded."""

_BUNDLED = "minilm"
_TOP = 3
_SEPARATORS = {"\t": "tab", "": "none"}


# Home ---------------------------------------------------------------------------------------------


def home(samples: Iterable[str], *, active: bool) -> list[Line]:
    """The samples that are offered, and the lists; ``active``: a run is at work or waits."""
    lines = [line(N_("Train a first model on a sample"), "sample", [id]) for id in samples]
    if active:
        lines.append(line(N_("List what trains and what waits"), "queue"))
    lines.append(line(N_("List the runs"), "runs"))
    lines.append(line(N_("List the datasets"), "datasets"))
    return lines


# Train and runs -----------------------------------------------------------------------------------


def train() -> list[Line]:
    """Train; the configuration as it stands is shown beside the lines."""
    return [
        line(N_("Say what it will take, without a start"), "estimate", [CONFIG_FILE]),
        line(N_("Train, and wait for the end"), "train", [CONFIG_FILE]),
    ]


def recipe(id: str, dataset: str, *, better: bool) -> list[Line]:
    """A recipe that is looked at on Train; ``better``: there is a better one beside it."""
    about, write = option("dataset", dataset), "recipe config"
    lines = [line(N_("Write its configuration"), write, [id], about, CONFIG_FILE)]
    if better:
        improved = [*about, "--better"]
        lines.append(line(N_("Write that of the better one"), write, [id], improved, CONFIG_FILE))
    return lines


def run(run: Run) -> list[Line]:
    """What can be done with a run in its state."""
    state, about = run.status.state, [run.id]
    lines = []
    if state is JobState.QUEUED:
        lines += [
            line(N_("Let it be the next one"), "queue", about, ["--first"]),
            line(N_("Do not start it"), "stop", about),
        ]
    elif state.active:
        lines += [
            line(N_("Stop, and keep the model"), "stop", about, ["--keep"]),
            line(N_("Stop without a model"), "stop", about),
        ]
    if JobState.QUEUED in ALLOWED[state]:
        lines.append(line(N_("Go on with it"), "resume", about))
        if run.checkpoint is not None:
            finish = N_("Make a model of it as it is")
            lines.append(line(finish, "resume", about, ["--finish"]))
    if run.model is not None:
        lines += [
            line(N_("Print its scores"), "evaluate", about),
            line(N_("Train its model further"), "continue", about, ["--start"]),
        ]
    if not state.active and run.checkpoint_bytes:
        room = N_("Delete its checkpoints")
        lines.append(line(room, "runs", about, ["--discard-checkpoints"]))
    again = N_("Write its settings, to use them again")
    lines.append(line(again, "clone", about, (), CONFIG_FILE))
    return lines


def runs(wanted: Filter, ticked: Sequence[str]) -> list[Line]:
    """The table of runs as it is filtered, and the ticked ones."""
    options = [
        *option("search", wanted.words or None),
        *each("state", wanted.states),
        *each("dataset", wanted.datasets),
        *each("base", wanted.bases),
        *each("loss", wanted.losses),
        *each("tag", wanted.tags),
        *switch("favourites", wanted.favourites),
        *switch("archived", wanted.archived),
    ]
    lines = [
        line(N_("List these runs"), "runs", (), options),
        line(N_("Write them as a file"), "runs", (), [*options, "--csv", "runs.csv"]),
        # Of all runs, as on the screen, whatever the filter leaves.
        line(N_("Find the best of each dataset"), "runs", (), ["--best"]),
    ]
    if len(ticked) > 1:
        lines.insert(0, line(N_("Compare the ticked runs"), "compare", ticked))
    if ticked:
        lines.append(line(N_("Put a star on the ticked runs"), "runs", ticked, ["--favourite"]))
    return lines


# Inspect ------------------------------------------------------------------------------------------


def inspect(
    run: str,
    view: str,
    texts: str,
    language: str,
    layout: str | None,
    *,
    settings: MapSettings | None = None,
    order: str | None = None,
) -> list[Line]:
    """Inspect.

    Args:
        run: the run whose two models are compared.
        view: ``similarity`` or ``map``.
        texts: which texts: ``own``, ``card``, ``held_out``, ``dataset:<id>``, ``corpus:<id>``, or
            "" for the usual ones.
        language: of the page.
        layout: of the map.
        settings: of the UMAP.
        order: of the texts in the matrices, where it is not the usual one.
    """
    usual, settings = MapSettings(), settings or MapSettings()
    kind, _colon, id = texts.partition(":")
    which = {
        "own": option("texts", "texts.txt"),
        "card": ["--card-examples"],
        "held_out": ["--held-out"],
        "dataset": option("dataset", id),
        "corpus": option("in", id),
    }
    options = [
        *option("what", view),
        *which.get(kind, []),
        *option("layout", layout),
        *option("order", order),
        *(
            part
            for name in ("neighbours", "min_dist", "seed")
            if getattr(settings, name) != getattr(usual, name)
            for part in option(name.replace("_", "-"), getattr(settings, name))
        ),
        *option("lang", None if language == "en" else language),
    ]
    page = option("to", f"{view}.html")
    return [
        line(N_("Write it as a web page"), "inspect", [run], [*options, *page]),
        line(N_("Print its figures"), "inspect", [run], options),
    ]


# Export -------------------------------------------------------------------------------------------


def export(run: str, formats: Iterable[Format]) -> list[Line]:
    """Export: one format each, then all."""
    lines = [
        line(N_("Check, pack and copy one form"), "export", [run], option("format", format))
        for format in formats
    ]
    every = N_("All forms that suit this model")
    return [*lines, line(every, "export", [run], ["--format", "all"])]


def card(run: str, languages: Mapping[str, str]) -> list[Line]:
    """The model card; ``languages`` and the file in which each is kept."""
    write = N_("Write the model card")
    return [
        line(write, "card", [run], option("in", language), into=file)
        for language, file in languages.items()
    ]
