"""Steps on the form of Train that several stories have in common."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

MINILM = "all-MiniLM-L6-v2"


def take_minilm(page: Page) -> None:
    """Choose the bundled base in the table of bases, where another one is recommended."""
    rows = page.locator(".st-key-base_table").get_by_test_id("stHorizontalBlock")
    # Its name, then its first figure: not the row with an added vocabulary.
    rows.filter(has_text=re.compile(rf"^{MINILM}\s*\d")).get_by_role("button").click()
    boxes = page.get_by_test_id("stSelectbox").filter(has_text=re.compile("Base model|基座模型"))
    chosen = boxes.get_by_role("combobox")
    expect(chosen).to_have_value(f"sentence-transformers/{MINILM}")
    # What stands below belongs to the other base until then.
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script has run to its end: a click before that may be lost."""
    state = expect(page.get_by_test_id("stApp"))
    state.to_have_attribute("data-test-script-state", "notRunning")
