"""The Export screen."""

from ui.pages import heading

heading("export")
