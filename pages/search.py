"""The Search screen."""

from ui.pages import heading

heading("search")
