"""Entry point: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui.downloads import ROUTES
from ui.server import lifespan, show_error

app = st.App(
    Path(__file__).parent / "ui" / "main.py",
    routes=ROUTES,
    lifespan=lifespan,
    on_script_error=show_error,
)
