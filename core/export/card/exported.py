"""What a card says about the files that it lies beside: their form, their check, their speed."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.export.card.markdown import blocks, heading, items
from core.export.card.words import Words
from core.export.checking import Checked
from core.export.formats import FORMATS, Format
from core.export.snippet import Prompts
from core.export.texts import said_of
from core.problems import N_


@dataclass(frozen=True)
class Placed:
    """Where a card lies.

    Attributes:
        folder: the name of the folder.
        format: what the folder holds.
        prompts: the words that the model wants before its texts, for formats without the library.
        checked: what the check of the export found; None beside a model that was not exported.
    """

    folder: str = "model"
    format: Format = Format.FOLDER
    prompts: Prompts = field(default_factory=Prompts)
    checked: Checked | None = None


def exported(placed: Placed, words: Words) -> str:
    """The section about the export; empty beside a model that was not exported."""
    checked = placed.checked
    if checked is None:
        return ""
    facts = FORMATS[placed.format]
    compared = words(
        N_(
            "Loaded by a fresh process and compared with the trained model on {texts} texts: "
            "smallest cosine {cosine:.6f}, largest difference of a number {difference:.1e}."
        ),
        texts=checked.texts,
        cosine=checked.likeness.cosine,
        difference=checked.likeness.difference,
    )
    of_which = words.say(said_of(checked.texts, checked.made))
    lines = [words.sentences(compared, of_which)]
    if checked.kept is not None:
        lines.append(words.say(checked.kept.said()))
    speed = words(
        N_("Speed on the processor of the training computer: {speed:,.0f} texts a second."),
        speed=checked.texts_per_second,
    )
    if checked.before_per_second is not None:
        speed = words(
            N_(
                "Speed on the processor of the training computer: {speed:,.0f} texts a second; "
                "{before:,.0f} with sentence-transformers."
            ),
            speed=checked.texts_per_second,
            before=checked.before_per_second,
        )
    return blocks(
        heading(2, words(N_("This Export"))),
        f"**{words(facts.title)}.** {words(facts.purpose)}",
        items([*lines, speed]),
    )
