"""How every chart looks."""

from __future__ import annotations

import plotly.graph_objects as go
from streamlit.elements.lib.streamlit_plotly_theme import (
    CATEGORY_0,
    CATEGORY_3,
    DIVERGING_9,
    SEQUENTIAL_0,
    SEQUENTIAL_9,
)
from streamlit.testing.v1 import AppTest

from ui import charts

DRAW = """
import plotly.graph_objects as go
from ui import charts

figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
figure.update_layout(charts.layout("Loss", x="Step", y="Loss"))
charts.show(figure, "loss", alt="Loss over the steps")
"""


def test_every_chart_has_titles_and_no_background_of_its_own() -> None:
    figure = go.Figure(layout=charts.layout("Loss", x="Step", y="Seconds"))
    layout = figure.layout
    assert layout.title.text == "Loss"
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("Step", "Seconds")
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_what_one_chart_needs_wins() -> None:
    layout = charts.layout("Map", height=600, showlegend=False)
    assert (layout["height"], layout["showlegend"]) == (600, False)


def test_the_stand_ins_are_those_that_streamlit_replaces() -> None:
    assert (charts.BASE, charts.FUSION) == (CATEGORY_0, CATEGORY_3)
    assert charts.SEQUENTIAL[0] == [0.0, SEQUENTIAL_0]
    assert charts.SEQUENTIAL[-1] == [1.0, SEQUENTIAL_9]
    assert charts.DIVERGING[-1] == [1.0, DIVERGING_9]


def test_a_chart_keeps_its_zoom_when_it_is_drawn_again() -> None:
    app = AppTest.from_string(DRAW).run()
    assert not app.exception
    (chart,) = app.get("plotly_chart")
    assert '"uirevision":"loss"' in chart.proto.spec
    assert '"displaylogo": false' in chart.proto.config
