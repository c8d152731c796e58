"""What can go wrong, as data: a kind, its parameters, and the words for it.

Every refusal a person can meet is a subclass of :class:`Problem`, declared next to the code that
raises it.  The English sentences are gettext message ids: the screens translate them, the command
line prints them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

Translate = Callable[[str], str]


def N_(text: str) -> str:
    """Mark ``text`` for translation and return it unchanged; it is translated where it is shown."""
    return text


def as_is(text: str) -> str:
    """The translation that changes nothing: English."""
    return text


class Term(str):
    """A parameter that is itself words to be translated, such as the name of a state or a shape."""


@dataclass(frozen=True)
class Message:
    """A sentence that a person will read, kept as a template and its parameters.

    ``template`` is an English sentence with ``{name}`` fields; ``params`` fill them.  A parameter
    that is a :class:`Term` is translated too.
    """

    template: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Translate = as_is) -> str:
        """The sentence in the language of ``translate``."""
        params = {
            name: translate(value) if isinstance(value, Term) else value
            for name, value in self.params.items()
        }
        return translate(self.template).format(**params)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form that :meth:`from_json` reads back."""
        params = {
            name: {"term": str(value)} if isinstance(value, Term) else value
            for name, value in self.params.items()
        }
        return {"template": self.template, "params": params}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """Read back what :meth:`to_json` wrote."""
        params = {
            name: Term(value["term"]) if isinstance(value, dict) else value
            for name, value in data.get("params", {}).items()
        }
        return cls(data["template"], params)


class Problem(Exception):
    """Something a person has to know about: what is wrong, where, and what to do.

    Subclasses set ``what`` and ``do`` (English templates marked with :func:`N_`) and are raised
    with the values of the templates' fields as keyword arguments.
    """

    what: ClassVar[str] = N_("Something went wrong that Pairloom has no words for: {detail}")
    do: ClassVar[str] = N_("The log has the details.")

    def __init__(self, **params: Any) -> None:
        super().__init__(type(self).__name__)
        self.params = params

    @property
    def kind(self) -> str:
        """The problem's name, stable across languages."""
        return type(self).__name__

    def message(self) -> Message:
        """What is wrong."""
        return Message(self.what, self.params)

    def advice(self) -> Message:
        """What to do about it."""
        return Message(self.do, self.params)

    def text(self, translate: Translate = as_is) -> str:
        """What is wrong and what to do, in one string."""
        return f"{self.message().text(translate)} {self.advice().text(translate)}"

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready record for ``status.json``."""
        return {
            "kind": self.kind,
            "what": self.message().to_json(),
            "do": self.advice().to_json(),
        }
