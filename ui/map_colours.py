"""What the points of a map are coloured by: a field, the groups that were found, the overlap."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.shapes import ANCHOR, HELD_OUT, LABEL, POSITIVE, SCORE, SPLIT, TEXT, TRAIN
from core.inspection.clusters import Clusters
from core.inspection.map_points import COLUMN, EXAMPLE, ROLE, MapPoints
from core.inspection.project_job import SavedMap
from ui import format as fmt
from ui.language import _
from ui.texts import clipped

PLAIN, GROUPS, OVERLAP = ":plain", ":groups", ":overlap"
"""Choices that are no field; no field's name begins with a colon and these words."""
MOST_COLOURS = 15
_NAME_WIDTH = 28
_LABEL_SHARE = 0.5


@dataclass(frozen=True)
class Group:
    """Texts of one colour: what the legend calls them, their numbers; muted ones stay grey."""

    name: str
    items: NDArray[np.int64]
    muted: bool = False


@dataclass(frozen=True)
class Colours:
    """How the points are coloured: by group, or by a number on a scale.

    Attributes:
        groups: every text is in exactly one.
        values: a number for each text, NaN where there is none; then there are no groups.
        title: what the scale shows.
        low, high: where the scale begins and ends.
    """

    groups: tuple[Group, ...] = ()
    values: NDArray[np.float32] | None = None
    title: str = ""
    low: float = 0.0
    high: float = 1.0


def choices(points: MapPoints) -> dict[str, str]:
    """What the points can be coloured by: its key, and what people call it."""
    fields = [str(name) for name in points.fields if _tells_apart(points.fields[name])]
    return {
        PLAIN: _("Nothing"),
        **{name: field_name(name) for name in fields},
        GROUPS: _("Groups found by the computer"),
        OVERLAP: _("Neighbours kept"),
    }


def colours(choice: str, points: MapPoints, saved: SavedMap, plain_name: str) -> Colours | None:
    """The colours of a choice; None while the job has not come to it."""
    count = len(points.texts)
    if choice == OVERLAP:
        kept = saved.overlap()
        return None if kept is None else Colours(values=kept, title=_("Neighbours kept"))
    if choice == GROUPS:
        return None if saved.clusters is None else Colours(_clusters(saved.clusters, points))
    if choice == PLAIN or choice not in points.fields:
        return Colours((Group(plain_name, np.arange(count), muted=True),))
    numbers = _numbers(points.fields[choice])
    if numbers is not None:
        low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
        return Colours(
            values=numbers, title=field_name(choice), low=low, high=max(high, low + 1e-9)
        )
    return Colours(_categories(points.fields[choice], choice))


def field_name(field: str) -> str:
    """What people call a field."""
    names = {
        ROLE: _("Role in the table"),
        COLUMN: _("Column of the table"),
        LABEL: _("Class"),
        SCORE: _("Score in the table"),
        SPLIT: _("Trained on or held out"),
    }
    return names.get(field, field)


def value_name(field: str, value: object) -> str:
    """What people call a value of a field."""
    if value is None or value != value or value == "":
        return _("unknown")
    words = str(value)
    if field == ROLE:
        return _role_names().get(_plain_role(words), words)
    if field == SPLIT:
        return {TRAIN: _("trained on"), HELD_OUT: _("held out")}.get(words, words)
    return words


def group_name(clusters: Clusters, points: MapPoints, group: int) -> str:
    """A found group's name: the analyst's own class of most texts, else its typical words."""
    if group < 0:
        return _("in no group")
    if LABEL in points.fields:
        own = points.fields[LABEL][clusters.labels == group].dropna()
        label, many = (Counter(own).most_common(1) or [("", 0)])[0]
        if many > _LABEL_SHARE * max(1, len(own)):
            share = fmt.percent(many / len(own))
            return _("{label} ({share})").format(
                label=clipped(str(label), _NAME_WIDTH), share=share
            )
    return clipped(clusters.names[group], _NAME_WIDTH + 12)


def _role_names() -> dict[str, str]:
    return {
        ANCHOR: _("source"),
        POSITIVE: _("right answer"),
        "negative": _("wrong answer"),
        TEXT: _("text"),
        EXAMPLE: _("typed into the examples"),
    }


def _plain_role(role: str) -> str:
    """``negative_2`` is a negative."""
    return role.partition("_")[0]


def _tells_apart(values: pd.Series) -> bool:
    """Whether a field has two values at least that more than one text has, or is a number."""
    counts = values.value_counts()
    return len(counts) >= 2 and (int(counts.iloc[0]) > 1 or _numbers(values) is not None)


def _numbers(values: pd.Series) -> NDArray[np.float32] | None:
    """A field as numbers where it holds more different ones than there are colours."""
    numbers = pd.to_numeric(values.replace("", None), errors="coerce")
    known = values.replace("", None).notna()
    if numbers[known].isna().any() or numbers.nunique() <= MOST_COLOURS:
        return None
    return numbers.to_numpy(np.float32)


def _categories(values: pd.Series, field: str) -> tuple[Group, ...]:
    """The commonest values, then all others together, then the texts without one."""
    known = values.replace("", None)
    if field == ROLE:
        # One colour for all wrong answers; the columns tell them apart.
        known = known.map(_plain_role, na_action="ignore")
    common = list(known.value_counts().index[: MOST_COLOURS + 1])
    if len(common) > MOST_COLOURS:
        common = common[:-1]
    groups = [
        Group(
            clipped(value_name(field, value), _NAME_WIDTH),
            np.flatnonzero((known == value).to_numpy()),
        )
        for value in common
    ]
    rest = known.notna() & ~known.isin(common)
    for name, places in ((_("others"), rest), (_("unknown"), known.isna())):
        if places.any():
            groups.append(Group(name, np.flatnonzero(places.to_numpy()), muted=True))
    return tuple(groups)


def _clusters(clusters: Clusters, points: MapPoints) -> tuple[Group, ...]:
    groups = [
        Group(
            f"{group + 1} {group_name(clusters, points, group)}",
            np.flatnonzero(clusters.labels == group),
        )
        for group in range(len(clusters.names))
    ]
    rest = np.flatnonzero(clusters.labels < 0)
    if len(rest):
        groups.append(Group(_("in no group"), rest, muted=True))
    return tuple(groups)
