"""A click on a cell of the matrices, in light and in dark, against vectors compared by numpy."""

from __future__ import annotations

import html
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sentence_transformers import SentenceTransformer

from core.encoder.client import encode
from core.inspection.comparison import Comparison, load_comparison
from core.inspection.sheet import sheet_of_examples
from core.inspection.widgets import POSITIVE
from core.training.runs import load_run
from core.workspace import Workspace
from tests.browser.compared import make_real_compared
from tests.browser.conftest import OpenPage
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def run(home: Path) -> str:
    """The id of a finished run; there before the workbench starts."""
    return make_real_compared(Workspace.open(home))


def click_cell(page: Page, row: int, column: int, count: int, panel: int = 0) -> None:
    """Click the middle of a cell in one of the three matrices."""
    area = page.locator(".st-key-matrices .nsewdrag").nth(panel)
    area.scroll_into_view_if_needed()
    edge = area.bounding_box()
    assert edge is not None
    x = edge["x"] + edge["width"] * (column + 0.5) / count
    y = edge["y"] + edge["height"] * (row + 0.5) / count
    # Plotly selects what it has seen the mouse rest on.
    page.mouse.move(x - 2, y - 2)
    page.mouse.move(x, y)
    expect(page.locator(".pairloom-cell-hover")).to_be_visible()
    page.mouse.click(x, y)


def check_cell(page: Page, comparison: Comparison, home: Path, cell: tuple[int, int]) -> None:
    """The panel below says of both texts what numpy says."""
    sheet = sheet_of_examples(comparison.examples)
    texts = [sheet.texts[place] for place in cell]
    panel = page.locator(".st-key-cell")
    expect(panel).to_contain_text(f"{sheet.labels[cell[0]]} and {sheet.labels[cell[1]]}")
    for text in texts:
        expect(panel.get_by_text(text, exact=True)).to_have_count(1)
    table = panel.get_by_test_id("stTable")
    for row, model in enumerate((comparison.base, comparison.tuned), start=1):
        vectors = encode(Workspace.open(home), model.folder, sheet.texts).astype(np.float64)
        cosines = vectors @ vectors.T
        cells = table.get_by_role("row").nth(row).get_by_role("cell")
        expect(cells.first).to_have_text(f"{cosines[cell]:.3f}")
        for column, (here, there) in enumerate((cell, cell[::-1]), start=1):
            others = np.delete(cosines[here], here)
            rank = 1 + int((others > cosines[here, there] + 1e-6).sum())
            expect(cells.nth(column)).to_contain_text(re.compile(rf"\b{rank}\b.*\b19\b"))


def pages_when_printed(page: Page, report: str) -> int:
    """How many sheets of paper a page takes."""
    paper = page.context.new_page()
    paper.set_content(report)
    printed = paper.pdf(prefer_css_page_size=True)
    paper.close()
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def first_places(comparison: Comparison) -> list[int]:
    """For how many examples the right answer is first, with the library's own encode and numpy."""
    counts = []
    for model in (comparison.base, comparison.tuned):
        library = SentenceTransformer(str(model.folder), device="cpu")
        first = 0
        for example in comparison.examples:
            vectors = library.encode(list(example.texts)).astype(np.float64)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            cosines = vectors[1:] @ vectors[0]
            right = example.roles.index(POSITIVE)
            first += bool((np.delete(cosines, right) < cosines[right] - 1e-6).all())
        counts.append(first)
    return counts


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_a_click_shows_texts_scores_ranks_and_tokens(
    run: str, workbench: Workbench, open_page: OpenPage, scheme: str
) -> None:
    page = open_page(locale="en-US", color_scheme=scheme)
    page.goto(f"{workbench.url}/inspect?run={run}")
    comparison = load_comparison(load_run(Workspace.open(workbench.home), run))
    expect(page.locator(".st-key-matrices .nsewdrag")).to_have_count(3)
    click_cell(page, 0, 5, 20)
    for text in (comparison.examples[0].source, comparison.examples[1].texts[1]):
        expect(page.locator(".pairloom-cell-hover")).to_contain_text(text)
    check_cell(page, comparison, workbench.home, (0, 5))
    panel = page.locator(".st-key-cell")
    # The base of this test knows no Chinese character but two; the tuned model knows all.
    before, after = (panel.locator(".seen").nth(at) for at in (0, 2))
    expect(before.locator(".unk").first).to_contain_text("[UNK]")
    expect(after.locator("span").first).to_be_visible()
    expect(after.locator(".unk")).to_have_count(0)
    if scheme == "light":
        # Another cell, of another matrix, after the first one was marked.
        click_cell(page, 9, 2, 20, panel=1)
        check_cell(page, comparison, workbench.home, (9, 2))
        with page.expect_download() as saved:
            page.get_by_role("button", name="PNG").click()
        picture = saved.value.path().read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 20_000
        with page.expect_download() as saved:
            page.get_by_role("button", name=re.compile("Report to print")).click()
        report = saved.value.path().read_text(encoding="utf-8")
        assert html.escape(comparison.examples[0].source) in report
        assert pages_when_printed(page, report) == 1
        before, after = first_places(comparison)
        expect(page.get_by_test_id("stAlert").first).to_contain_text(f"in {after} of 5 groups")
        assert f"{after} of 5 groups" in report
        assert before == after or f"before it, in {before}." in report
        page.get_by_role("button", name="Close").click()
        expect(panel).to_have_count(0)
