"""The two languages of a card: the same catalogues that the screens read.

A translation belongs in one place, so these files are read where they lie, in ``ui/locale``;
nothing of the code in ``ui/`` is imported.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from core.problems import N_, Message, Term, Translate, as_is
from core.workspace import PROJECT_ROOT

CARD_LANGUAGES = {"en": "English", "zh": "中文"}
_CATALOGUES = {"zh": PROJECT_ROOT / "ui/locale/zh_CN/LC_MESSAGES/pairloom.po"}


def translator(language: str) -> Translate:
    """What turns message ids into one of :data:`CARD_LANGUAGES`."""
    path = _CATALOGUES.get(language)
    return as_is if path is None else _read(path, path.stat().st_mtime_ns).gettext


@lru_cache(maxsize=4)
def _read(path: Path, modified_ns: int) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


class Words:
    """Says message ids and messages in one language."""

    def __init__(self, language: str, translate: Translate | None = None) -> None:
        self.language = language
        self.translate = translate or translator(language)

    def __call__(self, text: str, **values: Any) -> str:
        """The message id ``text`` with its fields filled."""
        return self.translate(text).format(**values)

    def say(self, message: Message) -> str:
        """A message of the workbench; its numbers are rounded as a reader wants them."""
        words = []
        for literal, name, spec, _ in Formatter().parse(self.translate(message.template)):
            words.append(literal)
            if name is not None:
                words.append(self._value(name, spec or "", message.params[name]))
        return "".join(words)

    def list(self, parts: Iterable[str]) -> str:
        """Parts one after the other with the language's comma."""
        return self.translate(N_(", ")).join(parts)

    def sentences(self, *sentences: str) -> str:
        """Sentences one after the other, with a space between them where the language has one."""
        return ("" if self.language == "zh" else " ").join(sentences)

    def _value(self, name: str, spec: str, value: Any) -> str:
        if spec:
            return format(value, spec)
        if isinstance(value, list | tuple):
            return self.list(self._value(name, "", part) for part in value)
        if isinstance(value, Term):
            return self.translate(value)
        if isinstance(value, float):
            return f"{value:.1%}" if name.endswith("share") else f"{value:.3g}"
        return str(value)
