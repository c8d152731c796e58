"""How columns and steps are written on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from core.data.findings import Finding
from core.data.prepare import STEPS
from core.data.shapes import (
    ANCHOR,
    LABEL,
    NEGATIVE,
    POSITIVE,
    SCORE,
    SPLIT,
    TEXT,
    Mapping,
    is_negative,
)
from core.data.steps import Step
from core.problems import N_, Problem

_ROLES = (ANCHOR, POSITIVE, NEGATIVE, SCORE, TEXT, LABEL, SPLIT)
# A column's name may hold a comma; what follows one is the next role only when it says so.
_NEXT_ROLE = re.compile(rf",(?=\s*(?:{'|'.join(_ROLES)})\s*=)")


class MapUnclear(Problem):
    what = N_("“{part}” does not say which column is what.")
    do = N_("Write role=column, for example anchor=问题,positive=答案. The roles are: {roles}.")


class RoleTwice(Problem):
    what = N_("Two columns are given as {role}: “{first}” and “{second}”.")
    do = N_("Give one; only negatives may be several.")


class StepUnknown(Problem):
    what = N_("There is no step named {kind}.")
    do = N_("The steps are: {kinds}.")


def parse_mapping(texts: Iterable[str]) -> Mapping:
    """The mapping that ``anchor=问题,positive=答案`` and the like say, in one text or in several.

    Raises:
        MapUnclear: a part is not a role, an equals sign and a column.
        RoleTwice: a role other than negative is given to two columns.
    """
    roles: dict[str, str] = {}
    negatives: list[str] = []
    for part in (part for text in texts for part in _NEXT_ROLE.split(text)):
        role, equals, column = (piece.strip() for piece in part.partition("="))
        if role not in _ROLES or not equals or not column:
            raise MapUnclear(part=part, roles=", ".join(_ROLES))
        if role == NEGATIVE:
            negatives.append(column)
        elif role in roles:
            raise RoleTwice(role=role, first=roles[role], second=column)
        else:
            roles[role] = column
    return Mapping(negatives=tuple(negatives), **roles)


def write_mapping(mapping: Mapping) -> str:
    """A mapping as :func:`parse_mapping` reads it; "" for one without columns."""
    columns = (
        (NEGATIVE if is_negative(role) else role, column) for role, column in mapping.columns
    )
    return ",".join(f"{role}={column}" for role, column in columns)


def parse_steps(texts: Sequence[str], findings: Iterable[Finding]) -> tuple[Step, ...]:
    """The steps that ``KIND``, ``KIND:name=value,…`` or ``KIND:{…}`` with JSON say, in their order.

    A kind without values that a finding proposes as its fix is done as the finding proposes it.

    Raises:
        StepUnknown: there is no such kind.
    """
    proposed = [finding.fix.step for finding in findings if finding.fix]
    steps: list[Step] = []
    for text in texts:
        kind, has_values, values = text.partition(":")
        if kind not in STEPS:
            raise StepUnknown(kind=kind, kinds=", ".join(STEPS))
        meant = [step for step in proposed if step.kind == kind and not has_values]
        for step in meant or [Step(kind, _values(values))]:
            if step not in steps:
                steps.append(step)
    return tuple(steps)


def write_step(step: Step) -> str:
    """A step as :func:`parse_steps` reads it: simple values by their names, others as JSON."""
    if not step.params:
        return step.kind
    if all(isinstance(value, bool | int | float) for value in step.params.values()):
        values = ",".join(f"{name}={json.dumps(value)}" for name, value in step.params.items())
    else:
        values = json.dumps(dict(step.params), ensure_ascii=False)
    return f"{step.kind}:{values}"


def _values(text: str) -> dict[str, Any]:
    """A step's parameters from ``name=value,…`` or from a JSON object."""
    if text.startswith("{"):
        try:
            read = json.loads(text)
        except ValueError:
            read = None
        if isinstance(read, dict):
            return read
    return dict(map(_value, filter(None, text.split(","))))


def _value(text: str) -> tuple[str, Any]:
    """A step's parameter from ``name=value``; what is not JSON is a text."""
    name, _, value = text.partition("=")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value
