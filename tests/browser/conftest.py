"""A real browser in front of a real workbench."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.workspace import PROJECT_ROOT
from tools.chromium import ensure_chinese_font, find_or_install_chromium
from tools.workbench import Workbench

RESULTS = PROJECT_ROOT / "test-results"
BROWSER_OPTIONS = [
    "--no-sandbox",  # Chromium's own sandbox does not start for root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 60_000  # two browsers and a training run may share two cores
_FAILED = pytest.StashKey[bool]()

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder ``browser`` and let them go first: they take longest."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember for the fixtures whether the test itself failed."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


# Of this folder only: while it is open, an event loop runs in the thread of the tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium; fails with a sentence when there is none and none can be installed."""
    ensure_chinese_font()
    expect.set_options(timeout=PATIENCE_MS)
    program = find_or_install_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=BROWSER_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def workbench(home: Path) -> Iterator[Workbench]:
    """A started workbench with an empty workspace; ``start`` and ``kill`` its server at will."""
    bench = Workbench(home)
    try:
        bench.start()
        yield bench
    finally:
        bench.close()
        print(bench.log.read_text(encoding="utf-8"))  # pytest shows it where a test failed


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens pages: ``open_page(locale="en-US", color_scheme="dark")``, each in its own session.

    A test that fails leaves a picture of each page in ``test-results/``.  A page that asked any
    other machine for anything fails the test: the workbench works offline.
    """
    pages: list[Page] = []
    strangers: set[str] = set()

    def note_request(url: str) -> None:
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:", url):
            strangers.add(url)

    def open_one(locale: str = "zh-CN", **options: object) -> Page:
        settings = {"viewport": {"width": 1280, "height": 900}, "locale": locale, **options}
        page = browser.new_context(**settings).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda sent: note_request(sent.url))
        pages.append(page)
        return page

    yield open_one
    if request.node.stash.get(_FAILED, False):
        RESULTS.mkdir(exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", request.node.nodeid.rpartition("/")[2])
        for number, page in enumerate(pages, start=1):
            page.screenshot(path=RESULTS / f"{name}-{number}.png", full_page=True)
    for page in pages:
        page.context.close()
    assert not strangers, f"the page asked other machines: {sorted(strangers)}"


@pytest.fixture
def page(open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    """One page; its locale is Chinese, or the one of ``@pytest.mark.parametrize`` (indirect)."""
    return open_page(locale=getattr(request, "param", "zh-CN"))
