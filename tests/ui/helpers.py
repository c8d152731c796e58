"""What the tests of the screens share: the whole app, run by Streamlit's AppTest."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from core.workspace import PROJECT_ROOT

MAIN = PROJECT_ROOT / "ui" / "main.py"


def open_screen(name: str = "home", *, locale: str = "en-US", **state: Any) -> AppTest:
    """The app as a new browser session sees it on screen ``name``."""
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.context = {"locale": locale, "timezone": "Asia/Shanghai"}
    for key, value in state.items():
        app.session_state[key] = value
    if name != "home":
        app.switch_page(f"../pages/{name}.py")
    return app.run()


def go_to(app: AppTest, name: str) -> None:
    """Click screen ``name`` in the page list; like a browser, that empties the address."""
    app.query_params.clear()
    app.switch_page(f"../pages/{name}.py").run()


def shown(app: AppTest) -> str:
    """Everything that the screen says, for a look whether some words are there."""
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "text",
        "error",
        "warning",
        "info",
        "success",
    )
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def base_box(app: AppTest) -> Selectbox:
    """Train's list of base models."""
    (found,) = [box for box in app.selectbox if box.label == "Base model"]
    return found
