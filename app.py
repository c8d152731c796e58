"""Entry point: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st

from ui import downloads, live_chart, live_run
from ui.server import lifespan, show_error

app = st.App(
    Path(__file__).parent / "ui" / "main.py",
    routes=[*downloads.ROUTES, *live_chart.ROUTES, *live_run.ROUTES],
    lifespan=lifespan,
    on_script_error=show_error,
)
