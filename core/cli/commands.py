"""The command lines that do what the screens do; ``ui/command_line.py`` shows them.

One function a screen, each from what the screen shows to lines for bash.  A test parses every one
of them with the parser that runs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.cli.lines import Line, each, line, option, switch
from core.cli.mapping import write_mapping, write_step
from core.data.draft import Draft
from core.data.prepare import STEPS
from core.data.reading.rows import ReadOptions
from core.data.staging import staged_file
from core.export.formats import Format
from core.inspection.project_job import MapSettings
from core.jobs.status import ALLOWED, JobState
from core.matching.chosen import Wish
from core.matching.models import OfferedModel, UsedModel
from core.matching.params import Method
from core.matching.start import START_DUPLICATES
from core.matching.tables import TableChoice, describe_table
from core.problems import N_
from core.retrieval.filters import Filter as FieldFilter
from core.training.run_table import Filter
from core.training.runs import Run
from core.workspace import Workspace

CONFIG_FILE = "config.yaml"
"""What a configuration is called in the lines, and when it is downloaded."""

_BUNDLED = "minilm"
_TOP = 3
_SEPARATORS = {"\t": "tab", "": "none"}


# Home and Data -----------------------------------------------------------------------------------


def home(samples: Iterable[str], *, active: bool) -> list[Line]:
    """The samples that are offered, and the lists; ``active``: a run is at work or waits."""
    lines = [line(N_("Train a first model on a sample"), "sample", [id]) for id in samples]
    if active:
        lines.append(line(N_("List what trains and what waits"), "queue"))
    lines.append(line(N_("List the runs"), "runs"))
    lines.append(line(N_("List the datasets"), "datasets"))
    return lines


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
    file = sample or _file(workspace, draft.staged)
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
    held_out = option("held-out", _file(workspace, second.staged) if second else None)
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


def _file(workspace: Workspace, staged: str) -> str:
    """Where a staged file lies; of one that was uploaded only its name is known."""
    file = staged_file(workspace, staged)
    return file.path or file.name


def dataset(id: str) -> list[Line]:
    """A stored dataset."""
    about = option("dataset", id)
    return [
        line(N_("Compare the base models on it"), "bases", (), about),
        line(N_("Write the configuration that is proposed"), "config", (), about, CONFIG_FILE),
        line(N_("List the datasets with all that is known"), "datasets", (), ["--json"]),
    ]


# Train and runs ----------------------------------------------------------------------------------


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
        line(N_("Find the best of each dataset"), "runs", (), [*options, "--best"]),
    ]
    if len(ticked) > 1:
        lines.insert(0, line(N_("Compare the ticked runs"), "compare", ticked))
    if ticked:
        lines.append(line(N_("Put a star on the ticked runs"), "runs", ticked, ["--favourite"]))
    return lines


# Looking at models -------------------------------------------------------------------------------


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


def search(
    question: str,
    corpus: str,
    asked: Iterable[str],
    *,
    filters: Iterable[FieldFilter],
    top: int,
    quick: bool,
) -> list[Line]:
    """Search: one question to everybody who is asked.

    Args:
        question: what was typed; "" for nothing yet.
        corpus: the id of the texts.
        asked: the keys of :mod:`core.retrieval.candidates`, in their order.
        filters: which of the texts count.
        top: how many hits of each are shown.
        quick: whether the quick index is looked through.
    """
    options = [
        *option("in", corpus),
        *each("by", map(_who, asked)),
        *option("top", top),
        *each("where", (condition for one in filters for condition in _conditions(one))),
        *switch("quick", quick),
    ]
    return [line(N_("Ask the same question"), "search", [question.strip() or "…"], options)]


def _who(key: str) -> str:
    """A candidate as ``--by`` knows it: the model of a run by the run's id alone."""
    return key.removeprefix("tuned:")


def _conditions(wanted: FieldFilter) -> list[str]:
    if wanted.values:
        return [f"{wanted.field}={value}" for value in wanted.values]
    if wanted.contains:
        return [f"{wanted.field}~{wanted.contains}"]
    low, high = ("" if end is None else f"{end:.15g}" for end in (wanted.low, wanted.high))
    return [f"{wanted.field}={low}..{high}"]


def questions(corpus: str, asked: Sequence[str], *, judged: bool) -> list[Line]:
    """Search: many questions at once, to everybody who is asked.

    Args:
        corpus: the id of the texts.
        asked: as for :func:`search`.
        judged: the questions whose answers were judged, not those that come with the texts.
    """
    first, *others = map(_who, asked) if asked else [_BUNDLED]
    named, options = [first], [*option("in", corpus), *each("by", others)]
    if judged:
        score = N_("Score the answers to the questions that were judged")
        return [line(score, "evaluate", named, [*options, "--judged"])]
    own = [*options, "--questions", "questions.csv"]
    return [
        line(N_("Ask the questions that come with these texts"), "evaluate", named, options),
        line(N_("Ask the questions of a file"), "evaluate", named, own),
    ]


def texts() -> list[Line]:
    """Search: the texts that can be searched."""
    return [
        line(N_("Add a file of texts"), "corpus", ["texts.csv"]),
        line(N_("List the texts that can be searched"), "corpus", ["list"]),
    ]


# Match -------------------------------------------------------------------------------------------


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
    return _file(workspace, choice.id) if choice.kind == "upload" else choice.id


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


# Export ------------------------------------------------------------------------------------------


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
