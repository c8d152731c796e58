"""The chart of the maps: selecting in one marks the same texts in the other, in the browser.

``st.plotly_chart`` sends the whole figure again for every change, which for 50,000 texts takes
longer than anybody likes to wait after a click.  Here the browser has the points, and only the
numbers of the selected texts travel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ui.live_chart import script

_HTML = """
<div class="pairloom-map"></div>
<div class="pairloom-map-steer" hidden>
  <button type="button"></button>
  <span class="before"></span>
  <input type="range" min="0" max="1" step="0.01" />
  <span class="after"></span>
</div>
"""
_STYLE = """
.pairloom-map-steer { display: flex; gap: 0.75rem; align-items: center; padding: 0.4rem 12px; }
.pairloom-map-steer[hidden] { display: none; }
.pairloom-map-steer input { flex: 1; accent-color: var(--st-primary-color); }
.pairloom-map-steer button {
  font: inherit; cursor: pointer; padding: 0.2rem 0.8rem; white-space: nowrap;
  color: var(--st-text-color); background: var(--st-secondary-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
}
.pairloom-map-steer button:focus-visible { outline: 2px solid var(--st-primary-color); }
"""

_component = st.components.v2.component(
    "pairloom_map",
    html=_HTML,
    css=_STYLE,
    js=script("map_component.js"),
    isolate_styles=False,
)


def show_chart(
    picture: str,
    version: str,
    *,
    key: str,
    alt: str,
    height: int,
    marked: Sequence[int],
    chosen: Sequence[int],
    push: int,
    on_chosen: Callable[[], None],
) -> None:
    """Draw the maps, or hand what changed to the ones that are there.

    Args:
        picture: what is drawn, as :func:`ui.map_charts.picture` makes it.
        version: names ``picture``: with the same one the browser keeps what it has.
        key: where the session state has the selection, as ``["chosen"]``.
        alt: what the maps show, in a sentence.
        height: in pixels.
        marked: the numbers of texts to put a ring around.
        chosen: the numbers of the texts to select when ``push`` is another than before.
        push: raised by one whenever the page, not a person in the map, changes the selection.
        on_chosen: called when somebody selected something in a map.
    """
    data = {
        "picture": picture,
        "version": version,
        "alt": alt,
        "height": height,
        "marked": list(marked),
        "chosen": list(chosen),
        "push": push,
    }
    _component(data=data, key=key, on_chosen_change=on_chosen)
