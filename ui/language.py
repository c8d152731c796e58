"""The words of this browser session: which language, `_("…")`, and core's messages spoken aloud."""

from __future__ import annotations

from collections.abc import Iterable
from string import Formatter
from typing import Any

import streamlit as st

from core.problems import Message, Problem, Term
from ui import format as fmt
from ui.catalogues import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    STATE_KEY,
    _,
    current_language,
    match_language,
    ngettext,
)

__all__ = [
    "_",
    "choose_language",
    "current_language",
    "ngettext",
    "paragraph",
    "plain",
    "say",
    "settle_language",
]

_CHOSEN_KEY = "language_chosen"
_PARAMETER = "lang"

# How a number in a core message is worded, by the last part of its name; others are plain numbers.
_WORDED = {
    "seconds": fmt.duration,
    "bytes": fmt.size,
    "share": fmt.percent,
}
# Numbers that name something: no thousands separators.
_NAMES = {"code", "id", "pid", "port", "seed", "version", "year"}


def settle_language() -> None:
    """Find out the session's language; the first thing that every run of the script does.

    A link's ``?lang=`` comes before the browser's own language.  Once somebody has chosen, the
    choice is put back into the address on every run: a click in the page list empties it, and a
    reload, which starts a new session, finds it there.
    """
    state = st.session_state
    if STATE_KEY not in state:
        linked = match_language(st.query_params.get(_PARAMETER))
        state[STATE_KEY] = linked or match_language(st.context.locale) or DEFAULT_LANGUAGE
        state[_CHOSEN_KEY] = linked is not None
    if state[_CHOSEN_KEY]:
        st.query_params[_PARAMETER] = state[STATE_KEY]


def choose_language() -> None:
    """The control that changes the language."""
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=STATE_KEY,
        required=True,
        on_change=_remember_choice,
        persist_state="session",
    )


def _remember_choice() -> None:
    st.session_state[_CHOSEN_KEY] = True


def say(*messages: Message | Problem | None) -> str:
    """What core has to say, in the session's language, for places that understand Markdown.

    A problem is said with its advice; several messages become one paragraph.  What people wrote
    themselves (file names, column names, texts) is shown letter by letter.
    """
    return _spoken(messages, markdown=True)


def plain(*messages: Message | Problem | None) -> str:
    """Like :func:`say`, for tables, charts and options, which show Markdown signs as they are."""
    return _spoken(messages, markdown=False)


def paragraph(*sentences: str) -> str:
    """Sentences one after another, with a space between them where the language has one."""
    return ("" if current_language().startswith("zh") else " ").join(sentences)


def _spoken(messages: Iterable[Message | Problem | None], markdown: bool) -> str:
    parts: list[Message] = []
    for message in messages:
        if isinstance(message, Problem):
            parts += [message.message(), message.advice()]
        elif message is not None:
            parts.append(message)
    return paragraph(*(_sentence(part, markdown) for part in parts))


def _sentence(message: Message, markdown: bool) -> str:
    words = []
    for literal, name, spec, _conversion in Formatter().parse(_(message.template)):
        words.append(literal)
        if name is not None:
            words.append(_value(name, spec or "", message.params[name], markdown))
    return "".join(words)


def _value(name: str, spec: str, value: Any, markdown: bool) -> str:
    if spec:
        return format(value, spec)
    kind = name.rsplit("_", 1)[-1]
    if isinstance(value, list | tuple):
        comma = _(", ")
        return comma.join(_value(name, spec, part, markdown) for part in value)
    if isinstance(value, str):
        if kind == "time":
            return fmt.moment(value)
        value = _(value) if isinstance(value, Term) else value
        return fmt.verbatim(value) if markdown else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return _WORDED.get(kind, str if kind in _NAMES else fmt.number)(value)
