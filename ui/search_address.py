"""What Search shows, in its address: question, models, filters, look and view.

Like the run and the corpus (ui/selection.py): the session remembers, the address mirrors it, and a
link, a bookmark or the browser's way back wins over what the session has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import streamlit as st

from core.problems import N_
from core.retrieval.filters import Filter
from ui import format as fmt
from ui.language import _

STATE = st.session_state
_LONGEST = 1_500
"""More characters of a question are not put into an address: some browsers cut it off there."""
_LEFT_OUT = "left_out_of_address"
_PARTS = ("run", "corpus", "view", "models", "q", "filters", "look", "quick")


_TOO_LONG = {
    "q": N_(
        "The question is not in the link: it has more than {n} characters. Send it along with the "
        "link."
    ),
    "filters": N_(
        "The filters are not in the link: together they have more than {n} characters. Say them "
        "along with the link."
    ),
}
_PART_TOO_LONG = N_("The choice of models is not in the link: it has more than {n} characters.")


def linked(name: str) -> str | None:
    """What the address says about ``name``, unless this session wrote it there itself."""
    value = st.query_params.get(name)
    return value if value is not None and value != STATE.get(_mirror_key(name)) else None


def mirror(name: str, value: str | None) -> None:
    """Put what is shown into the address; None or "" takes it out.

    What is too long for an address is not put there, which :func:`offer_link` then says.
    """
    left_out: set[str] = STATE.setdefault(_LEFT_OUT, set())
    left_out.discard(name)
    if value and len(value) > _LONGEST:
        left_out.add(name)
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


def read_filters(text: str) -> list[Filter] | None:
    """What :func:`write_filters` wrote; None when it is anything else."""
    try:
        return [Filter.from_json(one) for one in json.loads(text)]
    except (ValueError, TypeError):
        return None


def offer_link() -> None:
    """The address of what is on the screen, to be copied."""
    with st.popover(_("Link"), icon=":material/link:"):
        st.markdown(
            _(
                "Opened by anybody who can reach this workbench, it shows the same question, "
                "models and filters."
            )
        )
        for name in sorted(STATE.get(_LEFT_OUT, ())):
            words = _(_TOO_LONG.get(name, _PART_TOO_LONG))
            st.warning(words.format(n=fmt.number(_LONGEST)), icon=":material/content_cut:")
        st.code(_address(), language=None, wrap_lines=True)


def _address() -> str:
    """This page's address with everything that says what is on it."""
    from urllib.parse import urlencode

    parts = {name: st.query_params[name] for name in _PARTS if name in st.query_params}
    base = (st.context.url or "").partition("?")[0]
    return f"{base}?{urlencode(parts)}"


def _mirror_key(name: str) -> str:
    return f"{name}_in_address"
