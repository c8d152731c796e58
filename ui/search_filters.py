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
"""With more fields, those to filter by are chosen: reading all of them would take long."""
_LEFT_OUT = "filters_left_out"


def choose_filters(corpus: Corpus) -> list[Filter]:
    """A control for each field of the corpus, folded away; what is set of them."""
    wished = linked("filters")
    if wished is not None:
        _take_link(corpus, wished)
    if not corpus.info.fields:
        mirror("filters", None)
        return []
    count = len(chosen_filters(corpus))
    label = _("Filters ({n})").format(n=fmt.number(count)) if count else _("Filters")
    with st.popover(label, icon=":material/filter_alt:"):
        _choose_fields(corpus)
        fields = _fields(corpus)
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
    return [one for field in _fields(corpus) if (one := _read(corpus, field)) is not None]


def say_left_out(corpus: Corpus, chosen: Sequence[Filter]) -> None:
    """Which filters of the link do not hold here, until others are set."""
    id, text, left_out = STATE.get(_LEFT_OUT, (None, "", []))
    if (id, text) != (corpus.info.id, write_filters(chosen)) or left_out == []:
        STATE.pop(_LEFT_OUT, None)
        return
    if left_out is None:
        words = _("The filters in the link cannot be read: nothing is filtered.")
    else:
        words = _(
            "These texts cannot be filtered by all that the link says. Not, or not wholly, in "
            "force: {filters}."
        ).format(filters=fmt.verbatim("; ".join(map(_in_words, left_out))))
    st.warning(words, icon=":material/filter_alt_off:")


def _choose_fields(corpus: Corpus) -> None:
    """Which fields to filter by, where there are too many for all to be shown."""
    if len(corpus.info.fields) > _MOST_FIELDS:
        st.multiselect(
            _("Fields to filter by"),
            list(corpus.info.fields),
            key=_fields_key(corpus),
            persist_state="session",
            placeholder=_("Choose fields"),
            help=_(
                "These texts have {n} fields. A filter on a field that is not here is off."
            ).format(n=fmt.number(len(corpus.info.fields))),
        )


def _fields(corpus: Corpus) -> tuple[Field, ...]:
    """The fields that have a control."""
    names = corpus.info.fields
    if len(names) > _MOST_FIELDS:
        names = STATE.setdefault(_fields_key(corpus), list(names[:_MOST_FIELDS]))
    return fields_of(corpus, names)


def _take_link(corpus: Corpus, wished: str) -> None:
    """Set the controls to a link's filters, and keep in mind which of them cannot be set."""
    filters = read_filters(wished)
    names = [one.field for one in filters or () if one.field in corpus.info.fields]
    if len(corpus.info.fields) > _MOST_FIELDS:
        _fields(corpus)
        STATE[_fields_key(corpus)] = list(dict.fromkeys([*STATE[_fields_key(corpus)], *names]))
    _take(corpus, _fields(corpus), filters or ())
    chosen = chosen_filters(corpus)
    left_out = None if filters is None else [one for one in filters if one not in chosen]
    STATE[_LEFT_OUT] = (corpus.info.id, write_filters(chosen), left_out)


def _in_words(one: Filter) -> str:
    if one.values:
        return f"{one.field}: {', '.join(one.values)}"
    if one.contains:
        return f"{one.field}: …{one.contains}…"
    low, high = ("" if end is None else fmt.number(end) for end in (one.low, one.high))
    return f"{one.field}: {low} – {high}"


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


def _fields_key(corpus: Corpus) -> str:
    return f"filter_fields_{corpus.info.id}"


def _key(corpus: Corpus, field: Field) -> str:
    return f"filter_{corpus.info.id}_{field.name}"
