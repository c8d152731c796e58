"""The map in a real browser: what is selected in one map is marked in the other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.encoder import client
from core.files import write_json
from core.inspection.comparison import load_comparison
from core.models.fingerprint import model_fingerprint
from core.models.static import build_static, train_tokenizer
from core.training import artifacts
from core.training.runs import load_run
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.forms import settle
from tests.browser.waiting import wait_for
from tests.pages.compared import make_compared
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(300)

MAP = ".pairloom-map"
NAME = "阿莫西林"


@pytest.fixture
def run(workspace: Workspace) -> str:
    """A finished run on the drug sample whose two models can be loaded; nothing was trained."""
    id = make_compared(workspace, sample="drugs")
    folder = workspace.run(id)
    texts = artifacts.load_held_out_texts(folder)
    reference = artifacts.load_reference(folder)
    tokenizer = train_tokenizer(texts, 2000, 6)
    for place, seed in ((reference.path, 1), (folder / artifacts.MODEL, 2)):
        shutil.rmtree(place)
        build_static(tokenizer, texts, 64, seed).save_pretrained(str(place))
    fingerprint = model_fingerprint(reference.path)
    words = {"name": reference.name, "path": str(reference.path), "fingerprint": fingerprint}
    write_json(folder / artifacts.REFERENCE, words)
    return id


def maps(page: Page) -> Locator:
    return page.locator(MAP)


def selected(page: Page) -> list[list[int]]:
    """The numbers of the texts that are marked in each of the two maps."""
    return maps(page).evaluate(
        """box => ["x", "x2"].map(axis => box._fullData
            .filter(trace => trace.xaxis === axis && trace.customdata && trace.selectedpoints)
            .flatMap(trace => [...trace.selectedpoints].map(at => trace.customdata[at]))
            .sort((one, other) => one - other))"""
    )


def points(page: Page) -> np.ndarray:
    """Number, x and y of every point of the first map, in pixels of the window."""
    found = maps(page).evaluate(
        """box => {
            const { xaxis, yaxis } = box._fullLayout, edge = box.getBoundingClientRect();
            return box._fullData.filter(trace => trace.xaxis === "x" && trace.customdata)
              .flatMap(trace => [...trace.customdata].map((item, at) => [item,
                edge.left + xaxis._offset + xaxis.d2p(trace.x[at]),
                edge.top + yaxis._offset + yaxis.d2p(trace.y[at])]));
        }"""
    )
    return np.array(found)


def within(placed: np.ndarray, edges: Sequence[float], more: int) -> set[int]:
    """The numbers of the points between ``edges``, each moved outwards by ``more`` pixels."""
    left, top, right, bottom = edges
    inside = (placed[:, 1] > left - more) & (placed[:, 1] < right + more)
    inside &= (placed[:, 2] > top - more) & (placed[:, 2] < bottom + more)
    return set(placed[inside, 0].astype(int).tolist())


def axes(page: Page) -> Any:
    return maps(page).evaluate(
        "box => ['xaxis', 'yaxis', 'xaxis2', 'yaxis2'].map(name => box._fullLayout[name].range)"
    )


def rings(page: Page) -> list[int]:
    """How many texts have a ring around them in each of the two maps."""
    return maps(page).evaluate(
        "box => box._fullData.filter(trace => trace.name === 'found').map(trace => trace.x.length)"
    )


def draw_around(page: Page, left: float, top: float, right: float, bottom: float) -> None:
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 2)):
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def open_map(page: Page, workbench: Workbench, run: str, view: str) -> None:
    page.goto(f"{workbench.url}/inspect?run={run}")
    page.get_by_text(view, exact=True).click()
    expect(maps(page).locator(".main-svg").first).to_be_visible(timeout=120_000)
    page.get_by_text("PCA", exact=True).click()
    expect(maps(page).locator(".gtitle")).to_contain_text("PCA")
    settle(page)


def test_what_is_selected_in_one_map_is_marked_in_the_other(
    workbench: Workbench, workspace: Workspace, run: str, open_page: OpenPage
) -> None:
    page = open_page(locale="en-US", viewport={"width": 1280, "height": 1400})
    open_map(page, workbench, run, "Map")
    comparison = load_comparison(load_run(workspace, run))
    texts = list(dict.fromkeys(comparison.held_out))
    expect(maps(page).locator(".gtitle")).to_contain_text(f"PCA of {len(texts):,} texts")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    settle(page)

    before = axes(page)
    assert before[0] == before[2] and before[1] == before[3]
    placed = points(page)
    x, y = np.median(placed[:, 1]), np.median(placed[:, 2])
    edges = x - 60, y - 60, x + 70, y + 60
    draw_around(page, *edges)
    expect(page.get_by_text(re.compile(r"\d+ texts selected"))).to_be_visible()
    first, second = selected(page)
    assert first == second
    # The line is 2 pixels away from its corner at its end: what is nearer to it is not asked about.
    assert within(placed, edges, -3) <= set(first) <= within(placed, edges, 3)
    count = len(set(first))
    expect(page.get_by_text(f"{count:,} texts selected")).to_be_visible()
    assert axes(page) == before

    page.get_by_text("What moved", exact=True).click()
    metric = page.get_by_test_id("stMetric").filter(has_text="Neighbours kept, on average")
    shown = metric.get_by_test_id("stMetricValue").inner_text()
    assert abs(float(shown.rstrip("%\n ")) - 100 * kept_on_average(workspace, run, texts)) <= 0.6

    box = page.get_by_role("textbox", name="Find texts")
    box.fill(NAME)
    box.press("Enter")
    wanted = sum(NAME in text for text in texts)
    assert wanted > 0
    word = "text" if wanted == 1 else "texts"
    expect(page.get_by_text(f"{wanted} {word} found for “{NAME}”")).to_be_visible()
    wait_for(lambda: rings(page) == [wanted, wanted], 15, "rings around what was found")
    assert selected(page) == [first, first], "looking for texts took the selection away"

    page.get_by_role("button", name="Clear the selection").click()
    wait_for(lambda: selected(page) == [[], []], 15, "clearing the selection in both maps")
    check_box_and_click(page)


def check_box_and_click(page: Page) -> None:
    """A box and a click in one map mark the same texts in the other, too."""
    # First, because it may scroll the page.
    maps(page).locator('[data-title="Box Select"]').click()
    placed = points(page)
    x, y = np.median(placed[:, 1]), np.median(placed[:, 2])
    edges = x - 50, y - 40, x + 40, y + 50
    page.mouse.move(*edges[:2])
    page.mouse.down()
    page.mouse.move(*edges[2:], steps=8)
    page.mouse.up()
    wait_for(lambda: selected(page)[1], 15, "a box that marks texts in the other map")
    first, second = selected(page)
    assert first == second
    assert within(placed, edges, -2) <= set(first) <= within(placed, edges, 2)
    expect(page.get_by_text(f"{len(set(first)):,} texts selected")).to_be_visible()

    # The text that lies farthest from any other is hit by itself.
    apart = np.hypot(*(placed[:, None, 1:] - placed[None, :, 1:]).transpose(2, 0, 1))
    apart[placed[:, None, 0] == placed[None, :, 0]] = np.inf
    lonely = placed[apart.min(axis=1).argmax()]
    page.mouse.move(lonely[1] - 2, lonely[2])
    page.mouse.move(lonely[1], lonely[2])
    page.mouse.click(lonely[1], lonely[2])
    item = int(lonely[0])
    wait_for(lambda: [set(one) for one in selected(page)] == [{item}, {item}], 15, "a click")
    expect(page.get_by_text("1 text selected")).to_be_visible()
    expect(page.get_by_text("nearest texts before training and after it")).to_be_visible()


@pytest.mark.slow
def test_from_before_to_after_in_one_dark_chinese_map(
    workbench: Workbench, run: str, open_page: OpenPage
) -> None:
    page = open_page(locale="zh-CN", color_scheme="dark", viewport={"width": 1600, "height": 1300})
    open_map(page, workbench, run, "分布图")
    page.get_by_text("训练前 → 训练后", exact=True).click()
    slider = page.locator(".pairloom-map-steer input")
    expect(slider).to_be_visible()
    picture = "box => box._fullData.find(trace => trace.customdata)"
    start = maps(page).evaluate(f"box => Array.from(({picture})(box).x)")
    slider.fill("1")
    page.wait_for_function(
        f"start => Array.from(({picture})(document.querySelector('{MAP}')).x)[0] !== start",
        arg=start[0],
    )
    assert maps(page).evaluate("box => box._fullLayout.annotations.length") == 30
    colour = maps(page).evaluate("box => box._fullLayout.font.color")
    assert colour.upper() == "#E4EAEE", "the letters are not those of the dark theme"


def kept_on_average(workspace: Workspace, run: str, texts: list[str]) -> float:
    """Jaccard of the ten nearest before and after, in numpy alone."""
    comparison = load_comparison(load_run(workspace, run))
    near = []
    for model in (comparison.base, comparison.tuned):
        vectors = client.encode(workspace, Path(model.folder), texts)
        cosines = vectors @ vectors.T
        np.fill_diagonal(cosines, -2)
        near.append([set(row[:10].tolist()) for row in np.argsort(-cosines, axis=1)])
    return float(np.mean([len(a & b) / len(a | b) for a, b in zip(*near, strict=True)]))
