"""The message catalogues, and which of them this browser session reads."""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

import streamlit as st
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "zh_CN": "中文"}
DEFAULT_LANGUAGE = "en"
DOMAIN = "pairloom"
LOCALE_FOLDER = Path(__file__).parent / "locale"
STATE_KEY = "language"
_asked_for: ContextVar[str | None] = ContextVar("asked_for", default=None)


def catalogue_path(language: str) -> Path:
    """The editable catalogue of one of :data:`LANGUAGES`."""
    return LOCALE_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def match_language(wish: str | None) -> str | None:
    """Which language we have fits the ``wish`` of a browser or a link, such as ``zh-Hans-CN``."""
    main = (wish or "").replace("-", "_").split("_")[0].lower()
    return next((name for name in LANGUAGES if name.split("_")[0] == main), None)


def current_language() -> str:
    """The language of the browser session that runs this code; English outside of one."""
    language = _asked_for.get() or st.session_state.get(STATE_KEY, DEFAULT_LANGUAGE)
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within this, ``language`` is spoken: for answers that no script of a session gives."""
    before = _asked_for.set(language)
    try:
        yield
    finally:
        _asked_for.reset(before)


def translations(language: str) -> gettext.GNUTranslations:
    """The translations into one of :data:`LANGUAGES`, read again when the catalogue has changed."""
    path = catalogue_path(language)
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, modified_ns: int) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        catalogue = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(text: str) -> str:
    """``text`` in the session's language."""
    return translations(current_language()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """``one`` or ``many`` in the session's language, by ``count``."""
    return translations(current_language()).ngettext(one, many, count)
