"""Take pictures of the real workbench: `python -m tools.screenshots [--home PATH] [--all DIR]`.

Without options it starts a workbench on an empty workspace, trains the Chinese drug sample by a
click on Home, and takes the README's four pictures into docs/images/.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.data.samples import SAMPLES
from core.problems import Problem
from core.retrieval.corpora import load_corpus
from core.training.runs import Run, finished_runs, list_runs
from core.workspace import PROJECT_ROOT, Workspace
from tools.chromium import ensure_chinese_font, find_or_install_chromium
from tools.workbench import Workbench
from ui.pages import SCREENS

IMAGES = PROJECT_ROOT / "docs" / "images"
LARGEST_BYTES = 250_000
"""A picture of the README should not weigh more."""

Scheme = Literal["light", "dark"]
Language = Literal["en", "zh"]
LOCALES: dict[Language, str] = {"en": "en-US", "zh": "zh-CN"}

_SAMPLE = "drugs"
_RUN_SECONDS = 600.0
_PATIENCE_MS = 120_000
_TALLEST = 3000
# As the browser tests start it: its own sandbox does not start for root.
_BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]


class RunDidNotSucceed(Problem):
    what = "The run {id} ended as {state}, so there is nothing to take pictures of."
    do = "Look into its log.txt, then run the same command again."


@dataclass(frozen=True)
class Scene:
    """What the pictures are of: a workbench, a finished run, and a question for Search."""

    url: str
    run: str
    dataset: str
    question: str


@dataclass(frozen=True)
class View:
    """A screen in a certain state.

    Attributes:
        name: of the picture's file.
        screen: the screen's address.
        prepare: does what a person would do there before looking.
        height: of the picture in pixels; None for as much as there is.
    """

    name: str
    screen: str
    prepare: Callable[[Page, Scene], None] = lambda page, scene: None
    height: int | None = None


def open_sample(page: Page, scene: Scene) -> None:
    """Data: open the sample table."""
    page.locator(f".st-key-sample_{_SAMPLE} button").first.click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=_PATIENCE_MS)


def wait_for_chart(page: Page, scene: Scene) -> None:
    """Run and Inspect: the charts are there."""
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=_PATIENCE_MS)


def show_map(page: Page, scene: Scene) -> None:
    """Inspect: the map, with UMAP ready."""
    page.locator(".st-key-inspect_view button").nth(1).click()
    title = page.locator(".js-plotly-plot .gtitle")
    expect(title.filter(has_text="UMAP")).to_be_visible(timeout=_PATIENCE_MS)


def ask(page: Page, scene: Scene) -> None:
    """Search: a question with its answers."""
    box = page.locator(".st-key-question input")
    box.fill(scene.question)
    box.press("Enter")
    # The heading of a column; the list of those to ask and the command have the word too.
    heading = page.get_by_text(re.compile(r"^BM25 (keyword search|关键词检索)$")).last
    expect(heading).to_be_visible(timeout=_PATIENCE_MS)


def ask_all(page: Page, scene: Scene) -> None:
    """Search: all example questions scored at once."""
    page.locator(".st-key-search_view button").nth(2).click()
    page.locator(".st-key-ask_all button").click()
    wait_for_chart(page, scene)


VIEWS = (
    View("home", "home"),
    View("data", "data"),
    View("data-open", "data", open_sample),
    View("train", "train"),
    View("run", "run", wait_for_chart),
    View("runs", "runs"),
    View("inspect", "inspect", wait_for_chart),
    View("inspect-map", "inspect", show_map),
    View("search", "search", ask),
    View("search-scores", "search", ask_all),
    View("match", "match"),
    View("export", "export"),
)

README_PICTURES: tuple[tuple[View, Language], ...] = (
    (View("train", "train", height=1300), "en"),
    (View("run", "run", wait_for_chart, height=1350), "zh"),
    (View("inspect", "inspect", show_map), "en"),
    (View("search", "search", ask, height=1000), "zh"),
)


def main() -> int:
    """Take the pictures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument("--home", type=Path, help="an existing workspace, which is left as it is")
    parser.add_argument(
        "--all", type=Path, metavar="DIR", help="every screen, light and dark, both languages"
    )
    options = parser.parse_args()
    # Whoever is told to end still ends what was started for it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        ensure_chinese_font()
        program = find_or_install_chromium()
        with workbench(options.home) as bench, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=_BROWSER_OPTIONS)
            scene = prepare(bench, browser)
            if options.all:
                take_all(browser, scene, options.all)
            else:
                take_readme_pictures(browser, scene)
            browser.close()
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


@contextmanager
def workbench(home: Path | None) -> Iterator[Workbench]:
    """A started workbench: on ``home``, or on a workspace that exists for this once."""
    if home is not None:
        bench = Workbench(home.expanduser().resolve())
        try:
            bench.start()
            yield bench
        finally:
            # Somebody's runs may be at work there: only the server was ours.
            bench.kill()
            bench.log.unlink(missing_ok=True)
        return
    with tempfile.TemporaryDirectory(prefix="pairloom-") as folder:
        bench = Workbench(Path(folder).resolve() / "workspace")
        try:
            bench.start()
            yield bench
        finally:
            bench.close()


def prepare(bench: Workbench, browser: Browser) -> Scene:
    """The scene: a finished run of the sample, trained by a click on Home if there is none.

    Raises:
        RunDidNotSucceed: the run ended in another way.
    """
    workspace = Workspace.open(bench.home)
    run = _finished(workspace)
    if run is None:
        _train(workspace, bench.url, browser)
        run = _finished(workspace)
        assert run is not None
    corpus = load_corpus(workspace, run.config.evaluation.exam or "")
    return Scene(bench.url, run.id, run.config.dataset.id, corpus.info.judged[1].question)


def take_readme_pictures(browser: Browser, scene: Scene) -> None:
    """The README's four, and a word about any that is too heavy."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for view, language in README_PICTURES:
        file = IMAGES / f"{view.name}.png"
        take(browser, scene, view, file, language=language)
        size = file.stat().st_size
        if size > LARGEST_BYTES:
            print(f"{file.name} has {size / 1e3:.0f} kB: make its view less high.", file=sys.stderr)


def take_all(browser: Browser, scene: Scene, folder: Path) -> None:
    """Every view in both languages, in light and dark, 1280 and 1600 pixels wide."""
    assert {view.screen for view in VIEWS} == {screen.name for screen in SCREENS}
    folder.mkdir(parents=True, exist_ok=True)
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for view, language, scheme, width in product(VIEWS, LOCALES, schemes, (1280, 1600)):
        file = folder / f"{view.name}-{language}-{scheme}-{width}.png"
        take(browser, scene, view, file, language=language, scheme=scheme, width=width)


def take(
    browser: Browser,
    scene: Scene,
    view: View,
    file: Path,
    *,
    language: Language,
    scheme: Scheme = "light",
    width: int = 1280,
) -> None:
    """One picture, in a session of its own, as high as the view says."""
    context = browser.new_context(
        viewport={"width": width, "height": view.height or 900},
        locale=LOCALES[language],
        color_scheme=scheme,
    )
    page = context.new_page()
    chosen = {"lang": language, "run": scene.run, "dataset": scene.dataset}
    # The first screen has the bare address.
    address = "" if view.screen == SCREENS[0].name else view.screen
    page.goto(f"{scene.url}/{address}?{urlencode(chosen)}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=_PATIENCE_MS)
    settle(page)
    view.prepare(page, scene)
    page.mouse.move(0, 0)  # a tooltip belongs to whoever points, not into the picture
    settle(page)
    if view.height is None:
        content = page.get_by_test_id("stMainBlockContainer")
        height = content.evaluate("element => Math.ceil(element.getBoundingClientRect().height)")
        page.set_viewport_size({"width": width, "height": max(720, min(height, _TALLEST))})
        settle(page)
    page.screenshot(path=file)
    context.close()
    print(f"{file.name}  {file.stat().st_size / 1e3:.0f} kB", flush=True)


def settle(page: Page) -> None:
    """Wait until the script has run, nothing is being computed, and what moved has come to rest."""
    page.wait_for_timeout(300)
    finished = page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
    expect(finished).to_be_visible(timeout=_PATIENCE_MS)
    for busy in ("stSpinner", "stSkeleton", "stProgress"):
        expect(page.get_by_test_id(busy)).to_have_count(0, timeout=_PATIENCE_MS)
    page.wait_for_timeout(1200)


def _train(workspace: Workspace, url: str, browser: Browser) -> None:
    """Click the sample on Home and wait for the end of its run."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US").new_page()
    page.goto(url)
    page.locator(f".st-key-try_{_SAMPLE} button").click(timeout=_PATIENCE_MS)
    run_heading = page.get_by_role("heading", name="Run", level=1, exact=True)
    expect(run_heading).to_be_visible(timeout=_PATIENCE_MS)
    page.context.close()
    print("Training the sample …", flush=True)
    deadline = time.monotonic() + _RUN_SECONDS
    while any(run.status.state.active for run in list_runs(workspace)):
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    run = list_runs(workspace)[0]
    if _finished(workspace) is None:
        raise RunDidNotSucceed(id=run.id, state=run.status.state.value)


def _finished(workspace: Workspace) -> Run | None:
    """The newest finished run of the sample that was examined on the sample's corpus."""
    title = SAMPLES[_SAMPLE].title
    return next(
        (
            run
            for run in finished_runs(workspace)
            if run.config.name == title and run.config.evaluation.exam is not None
        ),
        None,
    )


if __name__ == "__main__":
    sys.exit(main())
