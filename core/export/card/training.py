"""The second half of a card: the table, what was found in it, settings, logs, citations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from core.data.findings import Finding, Severity
from core.data.report import LANGUAGES, DataReport
from core.export.card.description import NOT_RECORDED
from core.export.card.facts import PATH_START, CardFacts, last_name, public_config
from core.export.card.form import CardForm
from core.export.card.markdown import blocks, cell, code, folded, heading, items, plain, table
from core.export.card.recorded import MEASURED_ROWS, Column, Recorded
from core.export.card.words import Words
from core.problems import N_, Message, Term
from core.training.evaluation import METRIC_NAMES
from core.training.losses.registry import loss_named
from core.training.tasks import WATCHED_ROWS

_LOSSES = "https://sbert.net/docs/package_reference/sentence_transformer/losses.html#"
_SEVERITIES = {
    Severity.PROBLEM: N_("Problem"),
    Severity.WARNING: N_("Warning"),
    Severity.INFO: N_("Note"),
}
_VERSIONS = {
    "python": "Python",
    "sentence_transformers": "Sentence Transformers",
    "transformers": "Transformers",
    "torch": "PyTorch",
    "accelerate": "Accelerate",
    "datasets": "Datasets",
    "tokenizers": "Tokenizers",
}
_PATH = re.compile(rf"""(?<=['"])(?:{PATH_START})[^'"]*(?=['"])""")
"""A quoted path, also inside what the library prints of a model that a loss asks."""
TABLE_WORDS = N_(
    "The vocabulary was made from the table: words of it, and pieces of words, are in "
    "tokenizer.json, whatever this card leaves out."
)
_OPEN, _UNCLEAR = N_("Click to expand"), N_("not clear")
_WATCHED = N_(
    "The scores of this log were taken while it trained, on at most {rows} held-out rows and among "
    "their own texts only: they can be compared with each other, not with those under Evaluation."
)
_LONG = 100
"""A log of more lines than this is folded, as in the library's cards."""


def training(facts: CardFacts, form: CardForm, words: Words) -> str:
    """Everything about the training."""
    return blocks(
        heading(2, words(N_("Training Details"))),
        _dataset(facts, form, words),
        _data_report(facts, form, words),
        _hyperparameters(facts.recorded, words),
        _configuration(facts, form, words),
        _logs(facts, words),
        _time(facts, words),
        _versions(facts.recorded, words),
        _citations(facts.recorded, words),
    )


def _dataset(facts: CardFacts, form: CardForm, words: Words) -> str:
    config, recorded, report = facts.run.config, facts.recorded, facts.report
    lines = []
    if report is not None:
        lines.append(words(N_("Size: {rows:,} training samples"), rows=report.train_rows))
    if recorded:
        # Not noted by runs of earlier versions.
        rows = report.train_rows if report else MEASURED_ROWS
        measured = recorded.measured or min(MEASURED_ROWS, rows)
        lines += _columns(recorded, measured, words)
        if form.show_texts and recorded.samples:
            lines.append(_samples(recorded, words))
        elif not form.show_texts:
            lines.append(words(N_("Samples: left out, the table is private")))
    if facts.table_words:
        lines.append(words(TABLE_WORDS))
    negatives = config.training.structured_negatives
    if negatives:
        lines.append(
            words(
                N_("Wrong answers added to each row from the structure of the table: {count}"),
                count=negatives,
            )
        )
    lines.append(_loss(facts, words))
    lines.append(words(N_("Content hash: {hash}"), hash=f"`{config.dataset.content_hash}`"))
    return blocks(
        heading(3, words(N_("Training Dataset"))),
        heading(4, plain(config.dataset.name)),
        "\n".join(f"* {line}" for line in lines),
    )


def _columns(recorded: Recorded, measured: int, words: Words) -> Iterable[str]:
    names = words.list(f"<code>{one.name}</code>" for one in recorded.columns)
    yield words(N_("Columns: {columns}"), columns=names)
    header = ["", *(one.name for one in recorded.columns)]
    rows = [
        [words(N_("type")), *(one.type for one in recorded.columns)],
        [words(N_("details")), *(_statistics(one, words) for one in recorded.columns)],
        [words(N_("different values")), *(f"{one.distinct:,}" for one in recorded.columns)],
    ]
    title = words(N_("Approximate statistics based on the first {count} samples:"), count=measured)
    yield f"{title}\n{_indented(table(header, rows))}"


def _statistics(one: Column, words: Words) -> str:
    unit = {"tokens": N_(" tokens"), "characters": N_(" characters")}.get(one.unit, "")
    unit = words(unit) if unit else ""
    values = (("min", f"{one.least:g}"), ("mean", f"{one.mean:g}"), ("max", f"{one.most:g}"))
    return "<ul>" + "".join(f"<li>{name}: {value}{unit}</li>" for name, value in values) + "</ul>"


def _samples(recorded: Recorded, words: Words) -> str:
    names = list(recorded.samples[0])
    rows = [[cell(sample[name]) for name in names] for sample in recorded.samples]
    title = words(N_("Samples:"))
    return f"{title}\n{_indented(table(names, rows))}"


def _loss(facts: CardFacts, words: Words) -> str:
    config, recorded = facts.run.config.loss, facts.recorded
    name = recorded.loss.rpartition(".")[2] if recorded and recorded.loss else config.name
    linked = f"[<code>{name}</code>]({_LOSSES}{name.lower()})"
    parameters = recorded.loss_parameters if recorded else ""
    if not parameters:
        settings = loss_named(config.name).settings(config.parameters)
        parameters = json.dumps(settings, indent=4)
    title = words(N_("Loss: {loss} with these parameters:"), loss=linked)
    return f"{title}\n{_indented(code(_public(parameters), 'json'))}"


def _public(parameters: str) -> str:
    """Parameters of a loss without the paths of models on this computer."""
    return _PATH.sub(lambda found: last_name(found[0]), parameters)


def _data_report(facts: CardFacts, form: CardForm, words: Words) -> str:
    report = facts.data_report
    title = heading(3, words(N_("Data Report")))
    if report is None:
        return blocks(title, words(N_("There is no data report of this table.")))
    shown = [one for one in report.findings if form.show_texts or not _quotes(one, report)]
    lines = [f"**{words(_SEVERITIES[one.severity])}:** {words.say(one.message)}" for one in shown]
    if len(shown) < len(report.findings):
        left_out = len(report.findings) - len(shown)
        lines.append(words(N_("Findings that quote the table, left out: {count}"), count=left_out))
    found = items(lines) if lines else words(N_("Nothing was found that stands in the way."))
    told = words(
        N_(
            "What was found in the table before training. A model that is named here is the one "
            "that the table was checked for, which need not be this one."
        )
    )
    return blocks(title, told, found, _languages(report, words))


def _quotes(finding: Finding, report: DataReport) -> bool:
    """Whether a finding's sentence says more of the table than the names of its columns."""
    known = {*report.names.values(), *report.names}
    return any(
        isinstance(value, str) and not isinstance(value, Term) and value not in known
        for value in _strings(finding.message)
    )


def _strings(message: Message) -> Iterable[Any]:
    for value in message.params.values():
        yield from value if isinstance(value, list | tuple) else [value]


def _languages(report: DataReport, words: Words) -> str:
    lines = []
    for role, shares in report.languages.items():
        told = words.list(
            f"{words(LANGUAGES.get(code, _UNCLEAR))} {share:.0%}"
            for code, share in sorted(shares.items(), key=lambda item: -item[1])
            if share >= 0.01
        )
        lines.append(f"<code>{role}</code>: {told}")
    return blocks(words(N_("Languages of the texts:")), items(lines)) if lines else ""


def _hyperparameters(recorded: Recorded | None, words: Words) -> str:
    title = heading(3, words(N_("Training Hyperparameters")))
    if recorded is None:
        return blocks(title, words(NOT_RECORDED))
    return blocks(
        title,
        heading(4, words(N_("Non-Default Hyperparameters"))),
        _listed(recorded.changed),
        heading(4, words(N_("All Hyperparameters"))),
        folded(words(_OPEN), _listed(recorded.hyperparameters)),
    )


def _listed(values: dict[str, Any]) -> str:
    return items(f"`{name}`: {value}" for name, value in values.items())


def _configuration(facts: CardFacts, form: CardForm, words: Words) -> str:
    shown = public_config(facts.run.config, facts.origin, show_texts=form.show_texts)
    sentences = [
        words(
            N_(
                "With this file, Pairloom trains the same again (`python -m core train`), in the "
                "workspace where the run was made."
            )
        ),
        words(
            N_(
                "In another workspace, put its own ids in the place of {keys}; the table there "
                "must have the content hash above."
            ),
            keys=words.list(f"`{key}`" for key in shown.ids),
        ),
    ]
    if shown.paths:
        places = (f"`{key}` ({plain(name)})" for key, name in shown.paths.items())
        said = N_("Paths are left out: put those of your computer in the place of {names}.")
        sentences.append(words(said, names=words.list(places)))
    if shown.questions_left_out:
        said = N_("Questions of one's own are left out; no training depends on them.")
        sentences.append(words(said))
    return blocks(
        heading(3, words(N_("Exact Configuration"))),
        words.sentences(*sentences),
        folded(words(_OPEN), code(shown.text, "yaml")),
    )


def _logs(facts: CardFacts, words: Words) -> str:
    """A line for every step at which something was logged or measured."""
    steps: dict[int, dict[str, Any]] = {}
    curves = facts.curves
    for points, key, value in (
        (curves.train, "train", "loss"),
        (curves.held_out, "held_out", "loss"),
        (curves.held_out_scores, "score", "value"),
    ):
        for point in points:
            line = steps.setdefault(point["step"], {"epoch": point.get("epoch")})
            line[key] = point[value]
    if not steps:
        return ""
    metric = curves.held_out_scores[0]["metric"] if curves.held_out_scores else None
    header = [
        words(N_("Epoch")),
        words(N_("Step")),
        words(N_("Training Loss")),
        words(N_("Validation Loss")),
        *([words(METRIC_NAMES.get(metric, metric))] if metric else []),
    ]
    keys = ("train", "held_out", *(["score"] if metric else []))
    rows = [
        [_number(line["epoch"]), str(step), *(_number(line.get(key)) for key in keys)]
        for step, line in sorted(steps.items())
    ]
    log = table(header, rows, numbers=len(header))
    if len(rows) > _LONG:
        log = folded(words(_OPEN), log)
    # Static models are scored on the whole examination again and again (core.training.worker).
    note = words(_WATCHED, rows=WATCHED_ROWS) if metric and not facts.static else ""
    return blocks(heading(3, words(N_("Training Logs"))), note, log)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _time(facts: CardFacts, words: Words) -> str:
    known = facts.report.training if facts.report else {}
    if not known.get("seconds"):
        return ""
    lines = [
        words(N_("Training: {seconds:,.0f} seconds"), seconds=known["seconds"]),
        words(N_("Steps: {steps:,}"), steps=known.get("steps", 0)),
    ]
    if known.get("rows_per_second"):
        lines.append(words(N_("Rows a second: {rows:,.0f}"), rows=known["rows_per_second"]))
    if known.get("device"):
        lines.append(words(N_("Device: {device}"), device=known["device"]))
    lines.append(words(N_("Seed: {seed}"), seed=facts.run.config.training.seed))
    return blocks(heading(3, words(N_("Training Time"))), items(lines))


def _versions(recorded: Recorded | None, words: Words) -> str:
    title = heading(3, words(N_("Framework Versions")))
    if recorded is None:
        return blocks(title, words(NOT_RECORDED))
    lines = (f"{_VERSIONS.get(name, name)}: {value}" for name, value in recorded.versions.items())
    return blocks(title, items(lines))


def _citations(recorded: Recorded | None, words: Words) -> str:
    if recorded is None or not recorded.citations:
        return ""
    parts = [
        part
        for name, text in recorded.citations.items()
        for part in (heading(4, name), code(text, "bibtex"))
    ]
    return blocks(heading(2, words(N_("Citation"))), heading(3, "BibTeX"), *parts)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
