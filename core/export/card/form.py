"""What a person adds to a card: languages, licence, what the model is for, whether texts show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.files import read_json, write_json

FORM_FILE = "card_form.json"
CardLanguage = Literal["en", "zh"]
LICENCES = (
    "apache-2.0",
    "mit",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "openrail",
    "other",
)
"""The licences that the form offers, by the names that hubs know."""

_Text = Annotated[str, Field(max_length=4_000)]


class CardForm(BaseModel):
    """What ``card_form.json`` of a run holds.

    Attributes:
        cards: the languages to write the card in; the first one is README.md.
        language: of the texts that the model reads, ISO 639-1 codes.
        license: the model's licence by the hubs' name; "" when it has none yet.
        intended: what the model is for.
        out_of_scope: what it is not for.
        limitations: what is known to go wrong.
        authors: who answers for it.
        show_texts: whether texts of the table may be in the card: samples, widget texts, examples,
            one's own questions.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cards: tuple[CardLanguage, ...] = Field(default=("en", "zh"), min_length=1)
    language: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = ()
    license: Annotated[str, Field(pattern=r"^[a-z0-9.-]*$", max_length=60)] = ""
    intended: _Text = ""
    out_of_scope: _Text = ""
    limitations: _Text = ""
    authors: Annotated[str, Field(max_length=200)] = ""
    show_texts: bool = True

    @classmethod
    def load(cls, run: Path) -> CardForm | None:
        """What was filled in for the run in ``run``; None when nothing was."""
        try:
            return cls.model_validate(read_json(run / FORM_FILE))
        except (OSError, ValueError, ValidationError):
            return None

    def save(self, run: Path) -> None:
        """Keep it with the run."""
        write_json(run / FORM_FILE, self.model_dump(mode="json"))
