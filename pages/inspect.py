"""The Inspect screen."""

from ui.pages import heading

heading("inspect")
