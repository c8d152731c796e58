"""The first half of a card: what the model is, what it is for, how it is used."""

from __future__ import annotations

from core.export.card.exported import Placed
from core.export.card.facts import CardFacts, Origin
from core.export.card.form import CardForm
from core.export.card.markdown import blocks, code, heading, items, plain
from core.export.card.words import Words
from core.export.formats import FORMATS, Format
from core.export.snippet import snippet
from core.problems import N_

_GENERIC = (N_("a question"), N_("a text that answers it"), N_("another text"))
NOT_RECORDED = N_("Not recorded: the run was made with an earlier version.")
_EXAMPLE_CHARACTERS = 60
_SOURCES = (
    (N_("Documentation"), "Sentence Transformers Documentation", "https://sbert.net"),
    (
        N_("Repository"),
        "Sentence Transformers on GitHub",
        "https://github.com/huggingface/sentence-transformers",
    ),
    (
        "Hugging Face",
        "Sentence Transformers on Hugging Face",
        "https://huggingface.co/models?library=sentence-transformers",
    ),
)


def introduction(facts: CardFacts, words: Words) -> str:
    """The title and what the model does, in two sentences."""
    library = "[sentence-transformers](https://www.SBERT.net)"
    origin = facts.origin
    if origin.name:
        first = words(
            N_("This is a {library} model finetuned from {base}."),
            library=library,
            base=_linked(origin),
        )
    else:
        first = words(
            N_(
                "This is a {library} model made from nothing but the texts of its own training "
                "table: a vector for each piece of a word."
            ),
            library=library,
        )
    dimension = facts.recorded.dimension if facts.recorded else None
    second = words(
        N_(
            "It maps texts to vectors in which texts that belong together are close, for semantic "
            "search, matching and clustering."
        )
    )
    if dimension is not None:
        second = words(
            N_(
                "It maps texts to a {dimension}-dimensional dense vector space in which texts that "
                "belong together are close, for semantic search, matching and clustering."
            ),
            dimension=dimension,
        )
    return blocks(heading(1, plain(facts.run.name)), words.sentences(first, second))


def details(facts: CardFacts, form: CardForm, words: Words) -> str:
    """What kind of model it is, in a list, and its modules."""
    unknown = words(N_("not given yet"))
    recorded = facts.recorded
    lines = [(N_("Model Type"), "Sentence Transformer")]
    origin = facts.origin
    if origin.name:
        lines.append((N_("Base model"), _linked(origin)))
        if origin.revision:
            lines.append((N_("Base revision"), f"`{origin.revision}`"))
    else:
        lines.append((N_("Base model"), words(N_("none, made from the training table"))))
    if origin.runs:
        names = words.list(plain(name) for name in origin.runs)
        lines.append((N_("Trained further from the runs"), names))
    if recorded:
        limit = words(N_("no limit"))
        if recorded.max_length is not None:
            limit = words(N_("{count} tokens"), count=recorded.max_length)
        lines += [
            (N_("Maximum Sequence Length"), limit),
            (N_("Output Dimensionality"), words(N_("{n} dimensions"), n=recorded.dimension)),
            (N_("Similarity Function"), recorded.similarity),
        ]
    lines += [
        (N_("Training Dataset"), plain(facts.run.config.dataset.name)),
        (N_("Language"), words.list(form.language) or unknown),
        (N_("License"), form.license or unknown),
    ]
    if form.authors:
        lines.append((N_("Model Card Authors"), plain(form.authors)))
    return blocks(
        heading(2, words(N_("Model Details"))),
        heading(3, words(N_("Model Description"))),
        items(f"**{words(name)}:** {value}" for name, value in lines),
        heading(3, words(N_("Model Sources"))),
        items(f"**{words(name)}:** [{page}]({address})" for name, page, address in _SOURCES),
        heading(3, words(N_("Full Model Architecture"))),
        code(recorded.architecture) if recorded else words(NOT_RECORDED),
    )


def purposes(form: CardForm, words: Words) -> str:
    """What a person says about its use; what is missing is to be filled in."""
    parts = (
        (N_("Intended Use"), form.intended, N_("To be filled in: who uses this model, for what.")),
        (
            N_("Out-of-Scope Use"),
            form.out_of_scope,
            N_("To be filled in: what this model must not be used for."),
        ),
        (
            N_("Bias, Risks and Limitations"),
            form.limitations,
            N_("To be filled in: where this model is known to be wrong."),
        ),
    )
    return blocks(
        *(
            part
            for title, text, missing in parts
            for part in (heading(2, words(title)), text.strip() or f"*{words(missing)}*")
        )
    )


def usage(facts: CardFacts, form: CardForm, words: Words, placed: Placed) -> str:
    """The lines that load what lies beside the card."""
    texts = example_texts(facts, form, words)
    install = code(f"pip install -U {FORMATS[placed.format].install}", "bash")
    program = code(snippet(placed.folder, texts, placed.format, placed.prompts), "python")
    title = heading(2, words(N_("Usage")))
    if placed.format not in (Format.FOLDER, Format.HALF):
        first = words(N_("Install what it needs, and run this beside the folder:"))
        return blocks(title, first, install, program)
    return blocks(
        title,
        heading(3, words(N_("Direct Usage (Sentence Transformers)"))),
        words(N_("First install the Sentence Transformers library:")),
        install,
        words(N_("Then you can load this model and run inference.")),
        program,
    )


def example_texts(facts: CardFacts, form: CardForm, words: Words) -> list[str]:
    """A question and other texts: of the table, or neutral ones where its texts are not shown."""
    if form.show_texts and facts.examples:
        example = facts.examples[0]
        return [text[:_EXAMPLE_CHARACTERS] for text in (example.source, *example.sentences)]
    return [words(text) for text in _GENERIC]


def _linked(origin: Origin) -> str:
    return f"[{origin.name}]({origin.address})" if origin.address else plain(origin.name)
