"""Model cards of a run: English and Chinese, with what a card of the library has and lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core.export.card.description import details, introduction, purposes, usage
from core.export.card.evaluation import evaluation
from core.export.card.exported import Placed, exported
from core.export.card.facts import CardFacts, card_facts
from core.export.card.form import CardForm, CardLanguage
from core.export.card.markdown import blocks
from core.export.card.training import training
from core.export.card.words import Words
from core.files import write_text
from core.training.evaluation import METRIC_NAMES
from core.workspace import Workspace

_TAGS = ("sentence-transformers", "sentence-similarity", "feature-extraction", "dense")
_MOST_WIDGETS = 5
_SEARCH = ("information-retrieval", "Information Retrieval")
_SIMILARITY = ("semantic-similarity", "Semantic Similarity")
_MATCH = ("binary-classification", "Binary Classification")
_RERANKING = ("reranking", "Reranking")
_TASKS = {
    "spearman": _SIMILARITY,
    "pearson": _SIMILARITY,
    "average_precision": _MATCH,
    "f1": _MATCH,
    "accuracy": _MATCH,
    "triplet_accuracy": ("triplet", "Triplet"),
    "rerank_map": _RERANKING,
    "rerank_ndcg@10": _RERANKING,
}
"""What a metric measures, as the library's evaluators call it; the others measure a search."""


def card_form(facts: CardFacts) -> CardForm:
    """What was filled in for the run; before that, what its data say about its languages."""
    saved = CardForm.load(facts.run.folder)
    return saved or CardForm(language=tuple(facts.languages()))


def card_file(form: CardForm, language: CardLanguage) -> str:
    """The name of the card in a language: the first of the form's languages is README.md."""
    return "README.md" if language == form.cards[0] else f"README.{language}.md"


def render_card(
    facts: CardFacts,
    form: CardForm,
    words: Words,
    placed: Placed = Placed(),  # noqa: B008 - frozen
) -> str:
    """The text of a card.

    Args:
        facts: what is known about the run.
        form: what a person added, and whether texts of the table may show.
        words: the language.
        placed: the folder that the card goes into.
    """
    header = yaml.safe_dump(
        _front_matter(facts, form), allow_unicode=True, sort_keys=False, width=1000
    )
    return (
        blocks(
            f"---\n{header}---",
            introduction(facts, words),
            details(facts, form, words),
            purposes(form, words),
            usage(facts, form, words, placed),
            exported(placed, words),
            evaluation(facts, words),
            training(facts, form, words),
        )
        + "\n"
    )


def write_cards(
    workspace: Workspace,
    run_id: str,
    target: Path,
    placed: Placed = Placed(),  # noqa: B008 - frozen
) -> None:
    """Write the run's card into the folder ``target``.

    Into an export goes a file for each language of the form; beside the model of a run that has
    just ended one is enough, because somebody waits for it.

    Raises:
        UnknownItem: there is no such run.
    """
    facts = card_facts(workspace, run_id)
    form = card_form(facts)
    for language in form.cards if placed.checked else form.cards[:1]:
        text = render_card(facts, form, Words(language), placed)
        write_text(target / card_file(form, language), text)


def _front_matter(facts: CardFacts, form: CardForm) -> dict[str, Any]:
    """The part that hubs read."""
    config, report, recorded = facts.run.config, facts.report, facts.recorded
    losses = recorded.loss_classes if recorded and recorded.loss_classes else (config.loss.name,)
    tags = [*_TAGS, "generated_from_trainer"]
    if report is not None:
        tags.append(f"dataset_size:{report.train_rows}")
    header: dict[str, Any] = {
        "language": list(form.language),
        "license": form.license,
        "tags": [*tags, *(f"loss:{name}" for name in losses)],
        "base_model": facts.origin.name if facts.origin.hub else None,
        "widget": _widgets(facts) if form.show_texts else [],
        "pipeline_tag": "sentence-similarity",
        "library_name": "sentence-transformers",
        "model-index": _results(facts),
    }
    return {name: value for name, value in header.items() if value}


def _widgets(facts: CardFacts) -> list[dict[str, Any]]:
    return [
        {"source_sentence": one.source, "sentences": list(one.sentences)}
        for one in facts.examples[:_MOST_WIDGETS]
    ]


def _results(facts: CardFacts) -> list[dict[str, Any]]:
    """The tuned model's scores in the form that hubs draw tables from."""
    tuned = facts.report.scores("tuned") if facts.report else None
    if tuned is None:
        return []
    by_task: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for name, value in tuned.metrics.items():
        metric = {"type": name, "value": round(value, 4), "name": METRIC_NAMES.get(name, name)}
        by_task.setdefault(_TASKS.get(name, _SEARCH), []).append(metric)
    dataset = {"name": f"{facts.run.config.dataset.name} (held-out rows)", "type": "unknown"}
    results = [
        {"task": {"type": type, "name": name}, "dataset": dict(dataset), "metrics": metrics}
        for (type, name), metrics in by_task.items()
    ]
    return [{"name": facts.run.name, "results": results}]
