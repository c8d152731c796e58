"""What Search shows, in its address: question, models, filters, look and view.

Like the run and the corpus (ui/selection.py): the session remembers, the address mirrors it, and a
link, a bookmark or the browser's way back wins over what the session has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import streamlit as st

from core.retrieval.filters import Filter
from ui.language import _

STATE = st.session_state
_LONGEST = 1_500
"""More characters of a question are not put into an address: some browsers cut it off there."""
_PARTS = ("run", "corpus", "view", "models", "q", "filters", "look", "quick")


def linked(name: str) -> str | None:
    """What the address says about ``name``, unless this session wrote it there itself."""
    value = st.query_params.get(name)
    return value if value is not None and value != STATE.get(_mirror_key(name)) else None


def mirror(name: str, value: str | None) -> None:
    """Put what is shown into the address; None or "" takes it out."""
    if value and len(value) <= _LONGEST:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
        value = None
    STATE[_mirror_key(name)] = value


def follow_link(name: str, key: str, allowed: Iterable[str] | None = None) -> None:
    """Let a link set the widget ``key`` before it is drawn, if what it says is ``allowed``."""
    wished = linked(name)
    if wished is not None and (allowed is None or wished in allowed):
        STATE[key] = wished


def write_filters(filters: Sequence[Filter]) -> str:
    """Filters as a short text for an address; "" for none."""
    if not filters:
        return ""
    return json.dumps([one.to_json() for one in filters], ensure_ascii=False, separators=(",", ":"))


def read_filters(text: str) -> list[Filter]:
    """What :func:`write_filters` wrote; nothing when it is anything else."""
    try:
        return [Filter.from_json(one) for one in json.loads(text)]
    except (ValueError, TypeError):
        return []


def offer_link() -> None:
    """The address of what is on the screen, to be copied."""
    with st.popover(_("Link"), icon=":material/link:"):
        st.markdown(
            _(
                "Opened by anybody who can reach this workbench, it shows the same question, "
                "models and filters."
            )
        )
        st.code(_address(), language=None, wrap_lines=True)


def _address() -> str:
    """This page's address with everything that says what is on it."""
    from urllib.parse import urlencode

    parts = {name: st.query_params[name] for name in _PARTS if name in st.query_params}
    base = (st.context.url or "").partition("?")[0]
    return f"{base}?{urlencode(parts)}"


def _mirror_key(name: str) -> str:
    return f"{name}_in_address"
