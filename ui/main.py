"""What stands around every screen: page list, language choice, and where all of this runs."""

from pathlib import Path

import streamlit as st

from ui.language import choose_language, settle_language
from ui.pages import page_list
from ui.server import set_modules_aside, wake_workers
from ui.sidebar import workspace_lines

IMAGES = Path(__file__).parent / "images"
# On very wide screens lines of text and tables would become too long to follow.
WIDEST = 1400

settle_language()
wake_workers()
# A picture of our own: Streamlit's named icons would be fetched from the internet here.
st.set_page_config(page_title="Pairloom", page_icon=IMAGES / "icon.svg", layout="wide")
st.logo(str(IMAGES / "logo.svg"), size="large")
page = st.navigation(page_list(), expanded=True)
with st.sidebar:
    choose_language()
    workspace_lines()
try:
    with st.container(width=WIDEST):
        page.run()
finally:
    # Also where a page stops early.
    set_modules_aside()
