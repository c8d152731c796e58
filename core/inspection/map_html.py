"""The map of Inspect as a page of its own: it can be zoomed and pointed at, and loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.data.shapes import ANCHOR, POSITIVE, TEXT
from core.inspection.map_points import EXAMPLE, ROLE, MapPoints
from core.inspection.map_words import PCA_TITLE, UMAP_TITLE, how_to_read
from core.inspection.matrix_svg import shortened
from core.inspection.moved import Moved, moved_texts
from core.inspection.project_job import NEIGHBOURS, MapSettings, SavedMap
from core.inspection.projections import Projection
from core.problems import N_, Translate

if TYPE_CHECKING:
    import plotly.graph_objects as go

LISTED = 50
_NAMED = 3
_HOVER_CHARACTERS = 80
_TEXT_CHARACTERS = 70
_HEIGHT = 584
_BUTTONS = ["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]
"""Those of plotly.js that stay on this computer and are of use here."""
_SHARP = 3_000
"""Up to so many texts the points are lines that a printer draws sharply, beyond they are pixels."""
_DIV = "pairloom-map"
_MAP = N_("Map of the texts")
_BASE_MAP, _TUNED_MAP = N_("Base: {model}"), N_("After training")
_MOVED = N_("What moved")
_FIGURES = (
    N_("Neighbours kept, on average"),
    N_("Texts with only new neighbours"),
    N_("Texts that kept them all"),
)
_KEPT = N_(
    "For every text: its {n} nearest texts before and after training. What is in both "
    "lists, divided by what is in either (Jaccard). Measured between the vectors "
    "themselves, not on the map."
)
_SAMPLE = N_("A random sample of {texts} of {total} texts.")
_COLUMNS = (
    N_("Text"),
    N_("Neighbours kept"),
    N_("New neighbours"),
    N_("Gone neighbours"),
)
_ROLES = {
    ANCHOR: N_("source"),
    POSITIVE: N_("right answer"),
    "negative": N_("wrong answer"),
    TEXT: N_("text"),
    EXAMPLE: N_("typed into the examples"),
}
_ALL_TEXTS = N_("text")
# For light pages and paper, as in .streamlit/config.toml.
_COLOURS = ("#64748B", "#0F766E", "#B45309", "#6D4FC4", "#1D63C4", "#BE185D", "#4D7C0F", "#0E7490")
# Whoever points at a text sees where it lies on the other map.
_SCRIPT = """
const map = document.getElementById("{plot_id}");
const rings = map.data.length - 2;
map.on("plotly_hover", (event) => {
  const item = event.points[0].customdata;
  if (item === undefined) return;
  for (let side = 0; side < 2; side += 1) {
    const axis = side ? "x2" : "x";
    for (const trace of map.data) {
      const at = (trace.xaxis || "x") === axis && trace.customdata
        ? trace.customdata.indexOf(item) : -1;
      if (at >= 0) Plotly.restyle(map, {x: [[trace.x[at]]], y: [[trace.y[at]]]}, [rings + side]);
    }
  }
});
map.on("plotly_unhover", () => Plotly.restyle(map, {x: [[]], y: [[]]}, [rings, rings + 1]));
"""


@dataclass(frozen=True)
class DrawnMap:
    """A map of texts under two models.

    Attributes:
        base_name: what people call the base.
        points: the texts.
        projection: where they lie under each model.
        saved: their neighbours.
        settings: how it was made.
        same_width: whether both models' vectors have the same length.
    """

    base_name: str
    points: MapPoints
    projection: Projection
    saved: SavedMap
    settings: MapSettings
    same_width: bool

    def moved(self) -> list[Moved]:
        """The texts whose neighbours changed most."""
        return moved_texts(self.saved, LISTED) or []

    def kept(self) -> NDArray[np.float32]:
        """How many neighbours each text kept, from 0 to 1; empty while that is not known."""
        kept = self.saved.overlap()
        return np.empty(0, dtype=np.float32) if kept is None else kept


def map_sections(drawn: DrawnMap, translate: Translate) -> str:
    """Both maps side by side with how to read them, and what moved, as parts of a page.

    The drawing brings its library along (plotly.js, some 5 MB).
    """
    chart = _figure(drawn, translate).to_html(
        full_html=False,
        include_plotlyjs=True,
        div_id=_DIV,
        post_script=_SCRIPT,
        config={
            "displaylogo": False,
            "modeBarButtons": [_BUTTONS],
            "responsive": True,
            "scrollZoom": True,
        },
    )
    notes = [translate(words) for words in _how_to_read(drawn)]
    if drawn.points.total > len(drawn.points.texts):
        words = translate(_SAMPLE)
        notes.append(words.format(texts=len(drawn.points.texts), total=drawn.points.total))
    return (
        f"<section><h2>{escape(translate(_MAP))}</h2><p>{escape(_title(drawn, translate))}</p>"
        f'{chart}<p class="soft">{escape(" ".join(notes))}</p></section>\n'
        + _moved_table(drawn, translate)
    )


def _how_to_read(drawn: DrawnMap) -> tuple[str, str]:
    return how_to_read(drawn.projection, same_width=drawn.same_width)


def _title(drawn: DrawnMap, translate: Translate) -> str:
    texts, explained = len(drawn.points.texts), drawn.projection.explained
    if explained is not None:
        return translate(PCA_TITLE).format(texts=texts, share=f"{sum(explained):.0%}")
    settings = drawn.settings
    return translate(UMAP_TITLE).format(
        texts=texts, neighbours=settings.neighbours, seed=settings.seed
    )


def _figure(drawn: DrawnMap, translate: Translate) -> go.Figure:
    """Two maps on the same axes, a colour for each role; the last two traces mark a text."""
    # Imported here because the commands that draw nothing need not wait for it.
    from plotly.subplots import make_subplots

    model = escape(shortened(drawn.base_name.rpartition("/")[2], 32))
    titles = (translate(_BASE_MAP).format(model=model), translate(_TUNED_MAP))
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.03)
    hover = [escape(shortened(text, _HOVER_CHARACTERS)) for text in drawn.points.texts]
    places = (drawn.projection.base_xy, drawn.projection.tuned_xy)
    draw = figure.add_scatter if len(hover) <= _SHARP else figure.add_scattergl
    for number, (name, items) in enumerate(_groups(drawn.points, translate)):
        for side, xy in enumerate(places):
            # Lists, because the script reads them; arrays would be packed.
            draw(
                x=np.round(xy[items, 0].astype(float), 5).tolist(),
                y=np.round(xy[items, 1].astype(float), 5).tolist(),
                mode="markers",
                name=escape(name),
                legendgroup=str(number),
                showlegend=not side,
                marker={"size": 6, "opacity": 0.75, "color": _COLOURS[number % len(_COLOURS)]},
                customdata=items.tolist(),
                text=[hover[item] for item in items],
                hovertemplate="%{text}<extra></extra>",
                row=1,
                col=side + 1,
            )
    for side in (1, 2):
        figure.add_scatter(
            x=[],
            y=[],
            mode="markers",
            showlegend=False,
            hoverinfo="skip",
            marker={"size": 16, "symbol": "circle-open", "color": "#1A2530", "line": {"width": 2}},
            row=1,
            col=side,
        )
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 10, "r": 10, "t": 64, "b": 10},
        plot_bgcolor="#F3F6F7",
        paper_bgcolor="#FFFFFF",
        legend={"orientation": "h", "y": -0.02},
        hoverlabel={"align": "left"},
        dragmode="pan",
    )
    low, high = _range(places)
    figure.update_xaxes(range=[low[0], high[0]], showticklabels=False, zeroline=False, matches="x")
    figure.update_yaxes(range=[low[1], high[1]], showticklabels=False, zeroline=False, matches="y")
    return figure


def _range(places: Sequence[NDArray[np.float32]]) -> tuple[list[float], list[float]]:
    """The ends of both axes, the same for both maps."""
    both = np.concatenate(places)
    low, high = both.min(axis=0), both.max(axis=0)
    room = np.maximum(0.05 * (high - low), 1e-3)
    return (low - room).tolist(), (high + room).tolist()


def _groups(points: MapPoints, translate: Translate) -> list[tuple[str, NDArray[np.int64]]]:
    """The texts by their role in the table; all in one where they have none."""
    if ROLE not in points.fields:
        return [(translate(_ALL_TEXTS), np.arange(len(points.texts)))]
    roles = points.fields[ROLE].map(_plain)
    return [
        (translate(words), np.flatnonzero((roles == role).to_numpy()))
        for role, words in _ROLES.items()
        if (roles == role).any()
    ]


def _plain(role: object) -> str:
    """``negative_2`` is a negative."""
    name = str(role).partition("_")[0]
    return name if name in _ROLES else TEXT


def _moved_table(drawn: DrawnMap, translate: Translate) -> str:
    """How much of its neighbourhood a text kept, and the texts that kept least."""
    kept = drawn.kept()
    if not len(kept):
        return ""
    words = translate(_KEPT).format(n=min(NEIGHBOURS, len(kept) - 1))
    values = (f"{float(kept.mean()):.0%}", (kept == 0).sum(), (kept == 1).sum())
    figures = "".join(
        f"<div><dt>{escape(translate(name))}:</dt><dd>{value}</dd></div>"
        for name, value in zip(_FIGURES, values, strict=True)
    )
    head = "".join(
        f"<th{' class=n' if at == 1 else ''}>{escape(translate(name))}</th>"
        for at, name in enumerate(_COLUMNS)
    )
    body = "".join(
        f"<tr><td>{escape(_short(drawn, one.item))}</td><td class=n>{one.kept:.0%}</td>"
        f"<td>{escape(_named(drawn, one.gained))}</td>"
        f"<td>{escape(_named(drawn, one.lost))}</td></tr>"
        for one in drawn.moved()
    )
    return (
        f"<section><h2>{escape(translate(_MOVED))}</h2><dl>{figures}</dl>"
        f'<p class="soft">{escape(words)}</p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>"
    )


def _short(drawn: DrawnMap, item: int) -> str:
    return shortened(drawn.points.texts[item], _TEXT_CHARACTERS)


def _named(drawn: DrawnMap, items: Sequence[int]) -> str:
    """Neighbours: how many, and the nearest few."""
    if not items:
        return "–"
    names = " · ".join(shortened(drawn.points.texts[item], 30) for item in items[:_NAMED])
    return f"{len(items)}: {names}" + (" …" if len(items) > _NAMED else "")
