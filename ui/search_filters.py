"""Filters on a corpus's further fields, as they are set on Search and named in its address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.retrieval.corpora import Corpus
from core.retrieval.filters import Field, FieldKind, Filter, fields_of
from ui import format as fmt
from ui.language import _
from ui.search_address import linked, mirror, read_filters, write_filters

STATE = st.session_state
_MOST_FIELDS = 12


def choose_filters(corpus: Corpus) -> list[Filter]:
    """A control for each field of the corpus, folded away; what is set of them."""
    fields = fields_of(corpus)[:_MOST_FIELDS]
    if not fields:
        mirror("filters", None)
        return []
    wished = linked("filters")
    if wished is not None:
        _take(corpus, fields, read_filters(wished))
    count = sum(_read(corpus, field) is not None for field in fields)
    label = _("Filters ({n})").format(n=fmt.number(count)) if count else _("Filters")
    with st.popover(label, icon=":material/filter_alt:"):
        for field in fields:
            _control(corpus, field)
        st.button(
            _("Take all filters away"),
            icon=":material/filter_alt_off:",
            key="filters_off",
            disabled=not count,
            on_click=_take,
            args=(corpus, fields, []),
        )
    chosen = chosen_filters(corpus)
    mirror("filters", write_filters(chosen))
    return chosen


def chosen_filters(corpus: Corpus) -> list[Filter]:
    """What is set of the controls."""
    fields = fields_of(corpus)[:_MOST_FIELDS]
    return [one for field in fields if (one := _read(corpus, field)) is not None]


def _control(corpus: Corpus, field: Field) -> None:
    key = _key(corpus, field)
    match field.kind:
        case FieldKind.VALUES:
            st.multiselect(
                field.name,
                list(field.values),
                key=key,
                placeholder=_("any"),
                persist_state="session",
            )
        case FieldKind.TEXT:
            st.text_input(field.name, key=key, placeholder=_("contains …"), persist_state="session")
        case FieldKind.RANGE:
            places = st.columns(2)
            for place, end, words, limit in (
                (places[0], "low", _("{field}: from"), field.low),
                (places[1], "high", _("{field}: to"), field.high),
            ):
                place.number_input(
                    words.format(field=field.name),
                    value=None,
                    placeholder=fmt.number(limit),
                    key=f"{key}_{end}",
                    persist_state="session",
                )


def _read(corpus: Corpus, field: Field) -> Filter | None:
    """What is asked of a field; None for nothing."""
    key = _key(corpus, field)
    if field.kind is FieldKind.RANGE:
        low, high = STATE.get(f"{key}_low"), STATE.get(f"{key}_high")
        return None if low is None and high is None else Filter(field.name, low=low, high=high)
    value = STATE.get(key)
    if not value or (isinstance(value, str) and not value.strip()):
        return None
    if field.kind is FieldKind.TEXT:
        return Filter(field.name, contains=value.strip())
    return Filter(field.name, values=tuple(value))


def _take(corpus: Corpus, fields: Sequence[Field], filters: Sequence[Filter]) -> None:
    """Set the controls to these filters; those of other fields are emptied."""
    wanted = {one.field: one for one in filters}
    for field in fields:
        key, one = _key(corpus, field), wanted.get(field.name, Filter(field.name))
        match field.kind:
            case FieldKind.VALUES:
                STATE[key] = [value for value in one.values if value in field.values]
            case FieldKind.TEXT:
                STATE[key] = one.contains
            case FieldKind.RANGE:
                STATE[f"{key}_low"], STATE[f"{key}_high"] = one.low, one.high


def _key(corpus: Corpus, field: Field) -> str:
    return f"filter_{corpus.info.id}_{field.name}"
