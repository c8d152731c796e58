"""The command lines that do what Data does; see :mod:`core.cli.commands`."""

from __future__ import annotations

from core.cli.commands import CONFIG_FILE
from core.cli.lines import Line, line, option, switch
from core.cli.mapping import write_mapping, write_step
from core.data.draft import Draft
from core.data.prepare import STEPS
from core.data.reading.rows import ReadOptions
from core.data.staging import staged_file
from core.problems import N_
from core.workspace import Workspace

_SEPARATORS = {"\t": "tab", "": "none"}


def tables() -> list[Line]:
    """Data, before a file was brought in."""
    return [
        line(N_("Say what is wrong with a table"), "check", ["table.csv"]),
        line(N_("Make it a dataset"), "dataset", ["table.csv"]),
        line(N_("List the datasets"), "datasets"),
    ]


def draft(workspace: Workspace, draft: Draft, sample: str | None = None) -> list[Line]:
    """A table that is being brought in: its check, and the dataset that would be made of it.

    Args:
        workspace: where it is.
        draft: what was chosen for it.
        sample: the file of the bundled sample that it is, if it is one.
    """
    file = sample or file_of(workspace, draft.staged)
    options = _reading(draft.options)
    if draft.mapping is not None:
        options += option("map", write_mapping(draft.mapping) or None)
    options += [*switch("rescale", draft.rescale), *option("base", draft.base)]
    steps: list[str] = []
    for step in draft.steps:
        kind = STEPS.get(step.kind)
        name = "convert" if kind is not None and kind.makes is not None else "fix"
        steps += option(name, write_step(step))
    second = draft.held_out
    held_out = option("held-out", file_of(workspace, second.staged) if second else None)
    return [
        line(N_("Say what is wrong with this table"), "check", [file], options),
        line(N_("Make it a dataset"), "dataset", [file], [*options, *steps, *held_out]),
    ]


def _reading(options: ReadOptions) -> list[str]:
    """How a file is read, as far as it is not to be found out."""
    separator = options.separator
    header = [] if options.header is None else ["--header" if options.header else "--no-header"]
    return [
        *option("sheet", options.sheet),
        *option("member", options.member),
        *option("encoding", options.encoding),
        *option("separator", None if separator is None else _SEPARATORS.get(separator, separator)),
        *header,
        *option("sample-rows", options.sample_rows),
    ]


def file_of(workspace: Workspace, staged: str) -> str:
    """Where a staged file lies; of one that was uploaded only its name is known."""
    file = staged_file(workspace, staged)
    return file.path or file.name


def dataset(id: str) -> list[Line]:
    """A stored dataset."""
    about = option("dataset", id)
    return [
        line(N_("Say what is wrong with it"), "check", [id]),
        line(N_("List its versions, and what was done to its rows"), "version", [id]),
        line(N_("Look for hard negatives"), "negatives mine", [id]),
        line(N_("Compare the base models on it"), "bases", (), about),
        line(N_("Write the configuration that is proposed"), "config", (), about, CONFIG_FILE),
        line(N_("List the datasets with all that is known"), "datasets", (), ["--json"]),
    ]
