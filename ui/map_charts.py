"""What the maps draw, as the browser's part (``map_component.js``) reads it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inspection.map_points import MapPoints
from core.inspection.projections import Projection
from core.inspection.widgets import POSITIVE, Example
from ui.comparisons import base_title
from ui.examples import text_labels
from ui.language import _
from ui.map_colours import Colours

MAP_HEIGHT = 560
HOVER_CHARACTERS = 60
_SYMBOLS = {True: "circle", False: "x"}
# Letters of one group often lie on one another, so each stands on its own side of its point.
_LABEL_SIDES = ("top center", "middle right", "bottom center", "middle left")


@dataclass(frozen=True)
class Frame:
    """What stands around the points.

    Attributes:
        title: how the map was made.
        base_name: what people call the base.
        zoom: while this stays the same, so does the part of the map that somebody zoomed into.
        morph: one map that goes from before to after, instead of two.
        arrows: the numbers of the texts that get an arrow from before to after.
    """

    title: str
    base_name: str
    zoom: str
    morph: bool = False
    arrows: Sequence[int] = ()


def picture(
    points: MapPoints,
    projection: Projection,
    colours: Colours,
    examples: Sequence[Example],
    frame: Frame,
    *,
    plain: bool,
) -> str:
    """Everything that the browser draws, as JSON.

    Args:
        points: the texts.
        projection: where they lie under each model.
        colours: what they are coloured by.
        examples: groups that are drawn large, each text with its short name.
        frame: what stands around the points.
        plain: whether the colours are free for the examples.
    """
    return json.dumps(
        {
            "hover": [_hover(text) for text in points.texts],
            "places": [
                {"x": _numbers(xy[:, 0]), "y": _numbers(xy[:, 1])}
                for xy in (projection.base_xy, projection.tuned_xy)
            ],
            "range": _range(projection),
            "colour": _colour(colours),
            "plain": plain,
            "examples": _examples(points, examples),
            "headings": [base_title(frame.base_name), _("After training")],
            "title": html.escape(frame.title),
            "height": MAP_HEIGHT,
            "frame": f"{frame.zoom}-{frame.morph}",
            "morph": frame.morph,
            "arrows": [int(item) for item in frame.arrows],
            "words": {
                "before": _("Before training"),
                "after": _("After training"),
                "play": _("Play"),
                "found": _("found"),
            },
        },
        ensure_ascii=False,
    )


def _hover(text: str) -> str:
    line = " ".join(text[: 4 * HOVER_CHARACTERS].split())
    if len(line) > HOVER_CHARACTERS:
        line = line[: HOVER_CHARACTERS - 1] + "…"
    return html.escape(line, quote=False)


def _numbers(values: NDArray[np.float32]) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def _range(projection: Projection) -> list[float]:
    """Left, right, bottom and top of both maps, with room for the labels at the edges."""
    both = np.concatenate([projection.base_xy, projection.tuned_xy])
    low, high = both.min(axis=0), both.max(axis=0)
    room = np.maximum(0.06 * (high - low), 1e-3)
    low, high = low - room, high + room
    return [float(low[0]), float(high[0]), float(low[1]), float(high[1])]


def _colour(colours: Colours) -> dict[str, Any]:
    if colours.values is not None:
        return {
            "kind": "scale",
            "values": _numbers(colours.values),
            "title": html.escape(colours.title),
            "low": colours.low,
            "high": colours.high,
        }
    groups = [
        {"name": html.escape(group.name), "items": group.items.tolist(), "muted": group.muted}
        for group in colours.groups
    ]
    return {"kind": "groups", "groups": groups}


def _examples(points: MapPoints, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """The groups whose texts are all on the map."""
    wanted = {text for example in examples for text in example.texts}
    number = {text: at for at, text in enumerate(points.texts) if text in wanted}
    labels = iter(text_labels(examples))
    groups = []
    for place, example in enumerate(examples, start=1):
        own = [next(labels) for _text in example.texts]
        if not all(text in number for text in example.texts):
            continue
        items = [number[text] for text in example.texts]
        roles = [role == POSITIVE for role in example.roles]
        groups.append(
            {
                "name": _("group {number}").format(number=place),
                "items": items,
                "right": [item for item, right in zip(items[1:], roles, strict=True) if right],
                "labels": own,
                "symbols": ["diamond", *(_SYMBOLS[right] for right in roles)],
                "sides": [_LABEL_SIDES[at % len(_LABEL_SIDES)] for at in range(len(items))],
            }
        )
    return groups
