"""Filters as the command line writes them: ``brand=Nike``, ``price=100..500``, ``note~part``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.problems import N_, Problem
from core.retrieval.corpora import Corpus
from core.retrieval.filters import Field, FieldKind, Filter, fields_of
from core.retrieval.numbers import number_in

_WRITTEN = re.compile(r"(?P<field>[^=~]+)(?P<sign>[=~])(?P<value>.*)", re.DOTALL)
_ENDS = ".."


class FilterUnclear(Problem):
    what = N_("“{text}” does not say what is asked of which field.")
    do = N_("Write it as brand=Nike, as price=100..500, or as note~part of the text.")


class FieldUnknown(Problem):
    what = N_("{name} has no field {field}.")
    do = N_("Its fields are: {fields}.")


def parse_filters(corpus: Corpus, texts: Sequence[str]) -> list[Filter]:
    """The filters that the texts of several ``--where`` say.

    Values of the same field are taken together: either will do.  A field of numbers takes a number
    or a range, whose ends may be left out; ``~`` looks for a part of any field.

    Raises:
        FilterUnclear: a text is no filter.
        FieldUnknown: the corpus has no such field.
        CorpusDamaged: its table cannot be read.
    """
    fields = {field.name: field for field in fields_of(corpus)}
    found: dict[str, Filter] = {}
    for text in texts:
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise FilterUnclear(text=text)
        name = written["field"].strip()
        if name not in fields:
            raise FieldUnknown(name=corpus.info.name, field=name, fields=", ".join(fields) or "–")
        one = _filter(fields[name], written["sign"], written["value"].strip(), text)
        known = found.get(name)
        if known is not None and known.values and one.values:
            one = replace(one, values=(*known.values, *one.values))
        found[name] = one
    return list(found.values())


def _filter(field: Field, sign: str, value: str, text: str) -> Filter:
    if sign == "~":
        return Filter(field.name, contains=value)
    if field.kind is not FieldKind.RANGE:
        # A field of many different entries has no list of values, and equals as well.
        return Filter(field.name, values=(value,))
    low, ends, high = value.partition(_ENDS)
    numbers = [number_in(end) for end in ((low, high) if ends else (low, low))]
    if any(number is None for end, number in zip((low, high), numbers, strict=True) if end):
        raise FilterUnclear(text=text)
    return Filter(field.name, low=numbers[0], high=numbers[1])
