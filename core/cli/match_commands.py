"""The command lines that do what Match does; see :mod:`core.cli.commands`."""

from __future__ import annotations

from collections.abc import Mapping

from core.cli.data_commands import file_of
from core.cli.lines import Line, each, line, option, switch
from core.matching.chosen import Wish
from core.matching.models import OfferedModel, UsedModel
from core.matching.params import Method
from core.matching.start import START_DUPLICATES
from core.matching.tables import TableChoice, describe_table
from core.problems import N_
from core.workspace import Workspace

_TOP = 3


def match(
    workspace: Workspace,
    left: TableChoice,
    right: TableChoice,
    *,
    method: Method,
    model: OfferedModel | UsedModel | None,
    same: tuple[str, str] | None,
    wish: Wish | None = None,
    threshold: float | None = None,
    matched_only: bool = False,
) -> list[Line]:
    """A match of two tables.

    Args:
        workspace: where they are.
        left: the table whose rows look for partners.
        right: the table in which they look.
        method: by what.
        model: by which model; None when only words count.
        same: a column of each table that must be equal in a pair.
        wish: how the result is looked at; None while there is none.
        threshold: where the threshold stands at first.
        matched_only: whether the files leave out rows without a match.
    """
    options = [
        *_columns(workspace, left, "left-"),
        *_columns(workspace, right, "right-"),
        *option("by", None if method == "model" else method),
        *_model(model),
    ]
    if same is not None:
        columns = zip((left, right), same, strict=True)
        options += option("same", "=".join(_title(workspace, *one) for one in columns))
    if wish is not None:
        options += option("threshold", None if wish.threshold == threshold else wish.threshold)
        options += option("top", None if wish.top == _TOP or wish.one_to_one else wish.top)
        options += switch("one-to-one", wish.one_to_one)
    named = [_table(workspace, side) for side in (left, right)]
    to_file = [*options, *switch("only-matched", matched_only), "--to", "matches.xlsx"]
    return [
        line(N_("Match these tables"), "match", named, options),
        line(N_("Write the matches as a file"), "match", named, to_file),
    ]


def pairs(result: str) -> list[Line]:
    """The pairs of a match that was made."""
    about = [result]
    return [
        line(N_("List its pairs, doubtful ones first"), "matches", about, ["--order", "doubtful"]),
        line(N_("Make a dataset of the matches"), "matches", about, option("dataset", "matches")),
    ]


def duplicates(
    workspace: Workspace,
    table: TableChoice,
    *,
    model: OfferedModel | UsedModel,
    threshold: float,
) -> list[Line]:
    """What stands twice in a table."""
    options = [
        *_columns(workspace, table, ""),
        *_model(model),
        *option("threshold", None if threshold == START_DUPLICATES else threshold),
    ]
    named = [_table(workspace, table)]
    kept = [*options, "--kept", "kept.xlsx"]
    return [
        line(N_("Find what stands twice"), "duplicates", named, options),
        line(N_("Write the table without what can go"), "duplicates", named, kept),
    ]


def _table(workspace: Workspace, choice: TableChoice) -> str:
    return file_of(workspace, choice.id) if choice.kind == "upload" else choice.id


def _columns(workspace: Workspace, choice: TableChoice, side: str) -> list[str]:
    """The columns of a table; the texts of a corpus need not be named."""
    info = describe_table(workspace, choice.kind, choice.id)
    plain = choice.text == info.columns[0] and (choice.kind == "corpus" or len(info.columns) == 1)
    titles: Mapping[str, str] = info.titles
    return [
        *option(f"{side}text", None if plain else titles.get(choice.text, choice.text)),
        *option(f"{side}id", choice.label and titles.get(choice.label, choice.label)),
        *each(f"{side}show", (titles.get(field, field) for field in choice.fields)),
    ]


def _title(workspace: Workspace, choice: TableChoice, column: str) -> str:
    return describe_table(workspace, choice.kind, choice.id).titles.get(column, column)


def _model(model: OfferedModel | UsedModel | None) -> list[str]:
    """The model as ``--model`` finds it; nothing for the bundled one."""
    if model is None or model.role == "bundled":
        return []
    if model.role == "tuned":
        return option("model", model.folder.parent.name)
    return option("model", model.folder if model.role == "folder" else model.name)
