"""The map of Inspect: PCA, neighbours and UMAP in seconds, and a selection among 50,000 texts.

`python -m benchmarks.map_speed` takes some minutes and writes benchmarks/map_speed.md.  Layouts are
measured each in a fresh process, the selection in a real browser.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pandas as pd
from playwright.sync_api import Page, sync_playwright

from benchmarks.measuring import (
    bullets,
    in_fresh_process,
    load_when_quiet,
    own_workspace,
    parser,
    words_for,
)
from core.data.samples import add_sample
from core.data.store import load_dataset
from core.devices import list_devices
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.problems import Problem
from core.retrieval.corpora import create_corpus
from core.training.defaults import propose
from core.training.start import start_run
from core.workspace import PROJECT_ROOT, Workspace
from tools.chromium import find_or_install_chromium
from tools.workbench import Workbench

PAGE = PROJECT_ROOT / "benchmarks" / "map_speed.md"
TEXTS, MANY, DIMENSION, NARROW, NEIGHBOURS = 5_000, 50_000, 384, 256, 15
REPEATS, LASSOS = 3, 5
GOAL_PCA, GOAL_SELECTION = 1.0, 1.5
PACKAGES = ("numpy", "umap-learn", "pynndescent", "streamlit", "plotly")
_PATIENCE_MS = 600_000
_BROWSER_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_CLUSTERS = 60
_SEED = 0

TEXT = """\
# The map of Inspect

Written by `python -m benchmarks.map_speed` on {date}.

| work | seconds, median of {repeats} | all |
|---|---|---|
{rows}

Goals: PCA of {texts:,} texts in {goal_pca:g} s ({pca_verdict}); a selection among {many:,} answered
in {goal_selection:g} s ({selection_verdict}).

{notes}
"""
NOTES = (
    "Machine: {cpu}, {cores} cores in use, no GPU; {packages}. Load before the first measurement: "
    "{load:.2f} ({quiet}).",
    "Vectors: {dimension} numbers, drawn around {clusters} directions, tuned ones nearer to them "
    "than base ones. A map of n texts has 2n points, one a text and model.",
    "*UMAP* counts from the vectors to the coordinates, both models together, {neighbours} "
    "neighbours, seed 42. *Own neighbours* is what Pairloom does: exact ones, by blocks of "
    "products, handed over as `precomputed_knn`, the PCA as a start, and 200 rounds. *Default* is "
    "`UMAP(n_neighbors={neighbours}, random_state=42)`, which looks for them by itself "
    "(approximately, above 4,096 points), starts from a spectral layout and makes 500 rounds up to "
    "10,000 points. Both after a small fit in the same process; *as a job does it* counts the "
    "import of umap and its compilation in a new process too.",
    "*AlignedUMAP*: models of different width ({dimension} and {narrow} numbers), counted with the "
    "import and its compilation. *Own neighbours* is what Pairloom does: exact ones for each "
    "model, the PCA of both as a start, and the library's layout that holds both together; "
    "*default* is `AlignedUMAP(n_neighbors={neighbours}, random_state=42)`.",
    "What fewer rounds cost, by hand in November 2026 on 2,028 drug passages under MiniLM before "
    "and after training (4,056 points): 57.0% of the 15 neighbours are kept in the plane with 100 "
    "rounds, 58.6% with 200, 59.4% with 300, 59.8% with 500, 59.4% by default; rank correlation of "
    "distances 0.25, 0.23, 0.24, 0.24, and 0.13 by default.",
    "*Selection*: a lasso in one of two maps of {many:,} texts in headless Chromium without a GPU "
    "(WebGL in software), from the release of the mouse: until the same texts are drawn as marked "
    "in both maps, and until the first of them stand in the table below. Texts are those of the "
    "product catalogue with numbers; MiniLM beside a static model.",
)


class SelectionNotAnswered(Problem):
    what = "The map did not answer: {reason}"
    do = "Look into the server's log."


def main() -> int:
    """Measure everything; returns the exit code."""
    options = parser("map_speed", __doc__).parse_args()
    load = load_when_quiet(options.patience)
    times = {
        f"PCA of {TEXTS:,} texts": _repeated(_pca, TEXTS),
        f"PCA of {MANY:,} texts": _repeated(_pca, MANY),
        f"exact neighbours of {TEXTS:,} texts under one model": _repeated(_neighbours, TEXTS),
        f"exact neighbours of {MANY:,} texts under one model": [
            in_fresh_process(_neighbours, MANY)
        ],
        f"UMAP of {TEXTS:,} texts, own neighbours": _repeated(_own_umap, TEXTS),
        f"UMAP of {TEXTS:,} texts, default": _repeated(_default_umap, TEXTS),
        "the same as a job does it, own neighbours": _repeated(_own_umap_at_once, TEXTS),
        "the same as a job does it, default": _repeated(_default_umap_at_once, TEXTS),
        f"UMAP of {MANY:,} texts, own neighbours": [in_fresh_process(_own_umap_at_once, MANY)],
        f"AlignedUMAP of {TEXTS:,} texts as a job does it, own neighbours": _repeated(
            _own_aligned, TEXTS
        ),
        f"AlignedUMAP of {TEXTS:,} texts, default": [in_fresh_process(_default_aligned, TEXTS)],
        f"AlignedUMAP of {MANY:,} texts, own neighbours": [in_fresh_process(_own_aligned, MANY)],
    }
    try:
        marked, listed = _selections()
    except SelectionNotAnswered as problem:
        print(problem, file=sys.stderr)
        return 1
    times[f"selection among {MANY:,} texts: marked in both maps"] = marked
    times[f"selection among {MANY:,} texts: listed below them"] = listed
    text = _page(times, load)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _repeated(work: object, texts: int) -> list[float]:
    seconds = [in_fresh_process(work, texts) for _repeat in range(REPEATS)]  # type: ignore[arg-type]
    print(getattr(work, "__name__", work), texts, seconds, file=sys.stderr, flush=True)
    return seconds


def _vectors(texts: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of as many texts under two models."""
    generator = np.random.default_rng(_SEED)
    centres = generator.standard_normal((_CLUSTERS, DIMENSION), dtype=np.float32)
    labels = generator.integers(0, _CLUSTERS, texts)
    found = []
    for spread in (1.6, 0.9):
        noise = generator.standard_normal((texts, DIMENSION), dtype=np.float32)
        rows = centres[labels] + spread * noise
        found.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return found[0], found[1]


def _pca(texts: int) -> float:
    from core.inspection.projections import joint_pca

    base, tuned = _vectors(texts)
    joint_pca(base[:100], tuned[:100])
    began = time.perf_counter()
    joint_pca(base, tuned)
    return time.perf_counter() - began


def _neighbours(texts: int) -> float:
    from core.inspection.neighbours import exact_neighbours

    base, _tuned = _vectors(texts)
    began = time.perf_counter()
    exact_neighbours(base, NEIGHBOURS)
    return time.perf_counter() - began


def _own_umap(texts: int) -> float:
    return _own_umap_at_once(200) and _own_umap_at_once(texts)


def _own_umap_at_once(texts: int) -> float:
    base, tuned = _vectors(texts)
    began = time.perf_counter()
    from core.inspection.layouts import umap_layout

    umap_layout(base, tuned, NEIGHBOURS)
    return time.perf_counter() - began


def _default_umap(texts: int) -> float:
    # Above 4,096 points it takes another way, which has to be compiled too.
    return _default_umap_at_once(2_500, n_epochs=1) and _default_umap_at_once(texts)


def _default_umap_at_once(texts: int, n_epochs: int | None = None) -> float:
    from core.inspection.projections import align

    points = np.concatenate(align(*_vectors(texts)))
    began = time.perf_counter()
    from umap import UMAP

    UMAP(n_neighbors=NEIGHBOURS, random_state=42, n_epochs=n_epochs).fit_transform(points)
    return time.perf_counter() - began


def _narrower(texts: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of two models of different width, as a model made from nothing and its base have."""
    base, tuned = _vectors(texts)
    turn = np.random.default_rng(_SEED).standard_normal((DIMENSION, NARROW), dtype=np.float32)
    rows = tuned @ turn
    return base, rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _own_aligned(texts: int) -> float:
    base, tuned = _narrower(texts)
    began = time.perf_counter()
    from core.inspection.layouts import umap_layout

    umap_layout(base, tuned, NEIGHBOURS)
    return time.perf_counter() - began


def _default_aligned(texts: int) -> float:
    models = list(_narrower(texts))
    began = time.perf_counter()
    from umap import AlignedUMAP

    same = {at: at for at in range(texts)}
    model = AlignedUMAP(n_neighbors=NEIGHBOURS, random_state=42)
    model.fit_transform(models, relations=[same])
    return time.perf_counter() - began


def _selections() -> tuple[list[float], list[float]]:
    """Seconds until a selection is marked in both maps, and until it is listed."""
    with own_workspace() as workspace:
        workbench = Workbench(workspace.root)
        workbench.start()
        try:
            run = _run_of_quick_models(workspace)
            corpus = _corpus(workspace)
            with sync_playwright() as playwright:
                program = find_or_install_chromium()
                browser = playwright.chromium.launch(executable_path=program, args=_BROWSER_OPTIONS)
                page = browser.new_page(locale="en-US", viewport={"width": 1280, "height": 1400})
                page.set_default_timeout(_PATIENCE_MS)
                try:
                    _open(page, workbench, run, corpus)
                    found = [_lasso(page, number) for number in range(LASSOS)]
                finally:
                    browser.close()
        finally:
            workbench.close()
    print("selections", found, file=sys.stderr, flush=True)
    return [one for one, _ in found], [other for _, other in found]


def _run_of_quick_models(workspace: Workspace) -> str:
    """A static model of the product sample, trained once more, beside MiniLM."""
    dataset = load_dataset(workspace, add_sample(workspace, "products")).info
    first = _trained(workspace, propose(workspace, dataset, BaseConfig(kind="static")))
    return _trained(workspace, propose(workspace, dataset, BaseConfig(kind="run", run=first)))


def _trained(workspace: Workspace, config: object) -> str:
    id = start_run(workspace, config)  # type: ignore[arg-type]
    while JobStatus.load(workspace.run(id)).state.active:
        time.sleep(1)
    if JobStatus.load(workspace.run(id)).state is not JobState.SUCCEEDED:
        raise SelectionNotAnswered(reason="the training of its models failed")
    return id


def _corpus(workspace: Workspace) -> str:
    catalogue = pd.read_csv(PROJECT_ROOT / "sample_data" / "product_catalogue.csv", dtype=str)
    names = catalogue.iloc[:, 1].tolist()
    texts = [f"{names[n % len(names)]} 第{n}款" for n in range(MANY)]
    return create_corpus(workspace, "many", pd.DataFrame({"text": texts}), text_column="text")


def _open(page: Page, workbench: Workbench, run: str, corpus: str) -> None:
    """Both maps of the corpus as PCA, with everything that the job finds."""
    page.goto(f"{workbench.url}/inspect?run={run}")
    page.get_by_text("Map", exact=True).click()
    page.locator(".pairloom-map .main-svg").first.wait_for()
    page.get_by_text("PCA", exact=True).click()
    page.get_by_role("combobox", name="Texts on the map").click()
    page.get_by_role("option", name="Corpus: many").click()
    page.wait_for_function(
        f"document.querySelector('.gtitle')?.textContent.includes('PCA of {MANY:,} texts')"
    )
    page.wait_for_function("!document.querySelector('[data-testid=stProgress]')")
    page.wait_for_timeout(3_000)


def _lasso(page: Page, number: int) -> tuple[float, float]:
    box = page.locator(".pairloom-map").bounding_box()
    if box is None:
        raise SelectionNotAnswered(reason="the map is gone")
    left, top = box["x"] + 140 + 10 * number, box["y"] + 180
    right, bottom = left + 160, top + 160
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=5)
    page.evaluate(
        """() => {
            const box = document.querySelector('.pairloom-map'), before = box.dataset.chosen;
            // The cells that the table draws, as it tells them to screen readers.
            const words = () => [...document.querySelectorAll('canvas [role=gridcell]')]
                .map(one => one.textContent).join('|');
            const listed = words();
            window.answered = {};
            addEventListener('mouseup', () => {
                const began = performance.now();
                const look = () => {
                    const now = (performance.now() - began) / 1000;
                    if (box.dataset.chosen !== before) window.answered.marked ??= now;
                    if (words() && words() !== listed) window.answered.listed ??= now;
                    const { listed: seen, marked } = window.answered;
                    if (!(seen && marked)) requestAnimationFrame(look);
                };
                look();
            }, { capture: true, once: true });
        }"""
    )
    page.mouse.up()
    page.wait_for_function("window.answered.listed && window.answered.marked")
    answered = page.evaluate("window.answered")
    page.wait_for_timeout(1_500)
    return answered["marked"], answered["listed"]


def _page(times: dict[str, list[float]], load: float) -> str:
    cpu = list_devices()[0]
    medians = {work: statistics.median(seconds) for work, seconds in times.items()}
    rows = [
        f"| {work} | {medians[work]:.2f} | {', '.join(f'{one:.2f}' for one in sorted(seconds))} |"
        for work, seconds in times.items()
    ]
    pca = medians[f"PCA of {TEXTS:,} texts"]
    selection = medians[f"selection among {MANY:,} texts: listed below them"]
    facts = {
        "cpu": cpu.name,
        "cores": cpu.cores,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "dimension": DIMENSION,
        "narrow": NARROW,
        "clusters": _CLUSTERS,
        "neighbours": NEIGHBOURS,
        "many": MANY,
    }
    notes = bullets(NOTES, facts)
    return TEXT.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        repeats=REPEATS,
        rows="\n".join(rows),
        texts=TEXTS,
        many=MANY,
        goal_pca=GOAL_PCA,
        goal_selection=GOAL_SELECTION,
        pca_verdict="reached" if pca <= GOAL_PCA else "missed",
        selection_verdict="reached" if selection <= GOAL_SELECTION else "missed",
        notes="\n".join(notes),
    )


if __name__ == "__main__":
    sys.exit(main())
