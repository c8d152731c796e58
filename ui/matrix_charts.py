"""The similarity matrices of Inspect: base, tuned model and the change, whose cells can be clicked.

A click on a heatmap reaches the page empty, so invisible markers lie on the cells.  What a marker
carries is ``row · n + column``, where both are places in the sheet of n texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from core.inspection.picture import limits
from core.inspection.sheet import Sheet
from core.problems import N_
from ui import charts
from ui import format as fmt
from ui.comparisons import base_title
from ui.language import _
from ui.texts import clipped, wrapped

ALL = "all"
PANELS = {ALL: N_("All three"), "base": N_("Before"), "tuned": N_("After"), "change": N_("Change")}
WRAPPED = 12
"""Up to so many texts stand themselves beside the matrix, broken into lines, if they are short."""
SVG_MARKERS = 2_500
_LINE = "rgba(128,128,128,0.55)"
_FRAME = "#000006"
_CHOSEN = "#000005"
_HEIGHT, _LARGE = 440, 720
_NUMBERS = {ALL: 10, "one": 22}
"""Up to so many texts the numbers fit into the cells."""
_ONE_WIDTH, _THIRD_WIDTH, _NARROW_WIDTH = 780, 250, 195
"""How wide a matrix is, roughly: alone, beside two others, and when texts stand beside them."""
_SMALLEST = 9
_SIGNS_WIDTH = 2.6
"""How much wider than its letters' size a number such as -0.77 is."""
_LABELLED = 40
_MOST_FRAMES = 240
_LINES, _LINE_WIDTH, _WIDE_LINE = 3, 24, 38


@dataclass(frozen=True)
class Shown:
    """What is drawn.

    Attributes:
        sheet: the texts, in the order of the drawing.
        places: where each of them stands in the sheet that a click refers to.
        of: how many texts that sheet has.
        base: the base's cosines, [n, n].
        tuned: the tuned model's.
        base_name: what people call the base.
        named: the texts themselves stand beside the matrix, not only their labels.
        narrow: the texts take room from the matrices, there or in a list.
        chosen: the places (in this drawing) of the two texts that are looked at.
    """

    sheet: Sheet
    places: NDArray[np.int64]
    of: int
    base: NDArray[np.float32]
    tuned: NDArray[np.float32]
    base_name: str
    named: bool = False
    narrow: bool = False
    chosen: tuple[int, int] | None = None


def matrices(shown: Shown, which: str = ALL) -> go.Figure:
    """Three matrices, the first two on one scale, or one of them alone and larger."""
    names, values = _panels(shown, which)
    figure = make_subplots(
        rows=1, cols=len(names), shared_yaxes=True, subplot_titles=names, horizontal_spacing=0.03
    )
    count = len(shown.sheet)
    hover = [words for row in _scores(shown.base, shown.tuned) for words in row]
    identities = (shown.places[:, None] * shown.of + shown.places[None, :]).ravel()
    most = _NUMBERS.get(which, _NUMBERS["one"])
    room = _ONE_WIDTH if which != ALL else _NARROW_WIDTH if shown.narrow else _THIRD_WIDTH
    size = min(14, round(room / count / _SIGNS_WIDTH))
    for column, (matrix, signed) in enumerate(values, start=1):
        _add_matrix(
            figure, column, matrix, signed, size if count <= most and size >= _SMALLEST else 0
        )
        # What is said of a cell is drawn by ui/matrix_hover.py, which has its texts.
        _add_markers(figure, column, count, identities, hover, {"hoverinfo": "none"})
    _frame(figure, shown)
    gutter = _label(figure, shown, which)
    figure.update_layout(_layout(shown.base, shown.tuned, which, gutter))
    figure.update_annotations(font_size=14, yshift=6)
    return figure


def picture(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    edges: NDArray[np.int64],
    base_name: str,
    which: str = ALL,
) -> go.Figure:
    """Matrices of more texts than there is room for: every pixel is the mean of a block of texts.

    A marker carries ``row · n + column`` of n blocks.

    Args:
        base: the means of the base's cosines, [blocks, blocks].
        tuned: the tuned model's.
        edges: where the blocks begin, and the last one ends.
        base_name: what people call the base.
        which: one of :data:`PANELS`.
    """
    shown = Shown(Sheet((), (), ()), np.arange(len(base)), len(base), base, tuned, base_name)
    names, values = _panels(shown, which)
    figure = make_subplots(
        rows=1, cols=len(names), shared_yaxes=True, subplot_titles=names, horizontal_spacing=0.03
    )
    spans = [
        f"{first + 1}–{last}" if last > first + 1 else str(last) for first, last in pairwise(edges)
    ]
    scores = _scores(base, tuned)
    hover = [
        _("Text {rows} with text {columns}").format(rows=above, columns=across)
        + f"<br>{scores[row][column]}"
        for row, above in enumerate(spans)
        for column, across in enumerate(spans)
    ]
    for column, (matrix, signed) in enumerate(values, start=1):
        _add_matrix(figure, column, matrix, signed, numbers=0)
        said = {"hovertemplate": "%{hovertext}<extra></extra>"}
        _add_markers(figure, column, len(base), np.arange(base.size), hover, said)
    ticks = np.linspace(0, len(base) - 1, 5).round().astype(int).tolist()
    words = [fmt.number(int(edges[at]) + 1) for at in ticks]
    quiet = {"ticks": "", "showgrid": False, "zeroline": False, "tickvals": ticks}
    figure.update_xaxes(ticktext=words, range=[-0.5, len(base) - 0.5], **quiet)
    figure.update_yaxes(ticktext=words, range=[len(base) - 0.5, -0.5], **quiet)
    figure.update_layout(_layout(base, tuned, which, 44))
    figure.update_annotations(font_size=14, yshift=6)
    return figure


def fits_beside(texts: Sequence[str], which: str) -> bool:
    """Whether there is room for these texts themselves beside their matrices.

    Beside three matrices there is where all of them are few and short; beside a large one the
    beginning of each is enough to know it by.
    """
    if which != ALL:
        return len(texts) <= _LABELLED
    return len(texts) <= WRAPPED and all(
        len(wrapped(text, _LINE_WIDTH)) <= _LINES for text in texts
    )


def _panels(shown: Shown, which: str) -> tuple[list[str], list[tuple[NDArray[np.float32], bool]]]:
    """The titles and the values of what is drawn, and whether the values are changes."""
    # Rounded, or the last digit of a float would show as -0.00 where nothing has changed.
    change = np.round(shown.tuned - shown.base, 4) + 0.0
    every = {
        "base": (base_title(shown.base_name), (shown.base, False)),
        "tuned": (_("After training"), (shown.tuned, False)),
        "change": (_("Change"), (change, True)),
    }
    chosen = list(every.values()) if which == ALL else [every[which]]
    return [title for title, _values in chosen], [values for _title, values in chosen]


def _add_matrix(
    figure: go.Figure, column: int, values: NDArray[np.float32], signed: bool, numbers: int
) -> None:
    """One matrix, with its numbers in letters of the size ``numbers``, or without them for 0."""
    gap = 2 if numbers else 0
    axis = "coloraxis2" if signed else "coloraxis"
    figure.add_heatmap(
        z=values,
        coloraxis=axis,
        texttemplate=("%{z:+.2f}" if signed else "%{z:.2f}") if numbers else "",
        textfont={"size": numbers or None},
        xgap=gap,
        ygap=gap,
        hoverinfo="skip",
        row=1,
        col=column,
    )


def _add_markers(
    figure: go.Figure,
    column: int,
    count: int,
    identities: NDArray[np.int64],
    hover: Sequence[str],
    said: dict[str, str],
) -> None:
    rows, columns = np.divmod(np.arange(count * count), max(count, 1))
    kind = go.Scatter if count * count <= SVG_MARKERS else go.Scattergl
    unseen = {"marker": {"opacity": 0}}
    figure.add_trace(
        kind(
            x=columns,
            y=rows,
            mode="markers",
            marker={"opacity": 0, "size": 12, "color": _LINE},
            selected=unseen,
            unselected=unseen,
            customdata=identities,
            hovertext=hover,
            showlegend=False,
            **said,
        ),
        row=1,
        col=column,
    )


def _scores(base: NDArray[np.float32], tuned: NDArray[np.float32]) -> list[list[str]]:
    words = _("before {before}, after {after}, change {change}")
    change = np.round(tuned - base, 4) + 0.0
    return [
        [
            words.format(before=f"{was:.3f}", after=f"{now:.3f}", change=f"{by:+.3f}")
            for was, now, by in zip(*rows, strict=True)
        ]
        for rows in zip(base.tolist(), tuned.tolist(), change.tolist(), strict=True)
    ]


def _frame(figure: go.Figure, shown: Shown) -> None:
    """Lines between groups that lie together, sources with their answers, and what was clicked."""
    groups = shown.sheet.groups
    starts = [at for at in range(1, len(groups)) if groups[at] != groups[at - 1]]
    if len(set(groups)) == len(starts) + 1 < len(groups):
        for at in starts:
            for line in (figure.add_vline, figure.add_hline):
                line(at - 0.5, line_width=1, line_color=_LINE)
    cells = [
        (cell, _FRAME, 2) for one, two in shown.sheet.pairs() for cell in ((one, two), (two, one))
    ]
    cells = cells if len(cells) <= _MOST_FRAMES else []
    if shown.chosen is not None:
        cells += [(shown.chosen, _CHOSEN, 3), (shown.chosen[::-1], _CHOSEN, 1)]
    for (row, column), colour, width in cells:
        figure.add_shape(
            type="rect",
            x0=column - 0.5,
            x1=column + 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": colour, "width": width},
            row=1,
            col="all",
        )


def _label(figure: go.Figure, shown: Shown, which: str) -> int:
    """Short names, or the texts themselves where there is room; how many pixels they take."""
    count = len(shown.sheet)
    labels = list(shown.sheet.labels)
    beside = labels
    gutter = 44
    if shown.named:
        gutter = 200 if which == ALL else 290
        beside = [
            f"{'<br>'.join(_beside(text, count, which))}  <b>{label}</b>"
            for label, text in zip(labels, shown.sheet.texts, strict=True)
        ]
    step = max(1, -(-count // (_LABELLED if which != ALL else _LABELLED // 2)))
    across = max(1, -(-count // (_LABELLED if which != ALL else WRAPPED)))
    quiet = {"ticks": "", "showgrid": False, "zeroline": False, "tickangle": 0}
    size = 12 if count <= WRAPPED else 10
    figure.update_xaxes(
        tickvals=list(range(0, count, across)),
        ticktext=labels[::across],
        tickfont={"size": size},
        range=[-0.5, count - 0.5],
        **quiet,
    )
    figure.update_yaxes(
        tickvals=list(range(0, count, step)),
        ticktext=beside[::step],
        tickfont={"size": size},
        range=[count - 0.5, -0.5],
        **quiet,
    )
    return gutter


def _beside(text: str, count: int, which: str) -> list[str]:
    """A text's lines on the axis: one where many stand below one another."""
    width = _LINE_WIDTH if which == ALL else _WIDE_LINE
    if count > WRAPPED:
        return wrapped(clipped(text, width), 2 * width)
    lines = wrapped(text, width)
    return lines if len(lines) <= _LINES else [*lines[: _LINES - 1], lines[_LINES - 1] + "…"]


def _layout(
    base: NDArray[np.float32], tuned: NDArray[np.float32], which: str, gutter: int
) -> dict[str, object]:
    lowest, largest = limits(base, tuned)

    def bar(title: str, x: float, length: float) -> dict[str, object]:
        return {
            "title": {"text": title, "side": "bottom"},
            "orientation": "h",
            "x": x,
            "len": length,
            "y": -0.17 if which == ALL else -0.08,
            "yanchor": "top",
            "thickness": 10,
        }

    both = which == ALL
    return charts.layout(
        _("How alike the texts are to each model"),
        height=_HEIGHT if both else _LARGE,
        margin={"l": gutter, "r": 12, "t": 84, "b": 92},
        hovermode="closest",
        hoverdistance=-1,
        dragmode="zoom",
        coloraxis={
            "colorscale": charts.SEQUENTIAL,
            "cmin": lowest,
            "cmax": 1.0,
            "showscale": which != "change",
            "colorbar": bar(_("Cosine (1: the same direction)"), 0.323 if both else 0.5, 0.6),
        },
        coloraxis2={
            "colorscale": charts.DIVERGING,
            "cmin": -largest,
            "cmax": largest,
            "showscale": which in (ALL, "change"),
            "colorbar": bar(
                _("Change of the cosine"), 0.853 if both else 0.5, 0.28 if both else 0.6
            ),
        },
    )
