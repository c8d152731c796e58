"""Search in a real browser with real models: rank changes, judging, links, light and dark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sentence_transformers import SentenceTransformer
from sklearn.metrics import ndcg_score

from core.data.split import split_rows
from core.data.store import load_dataset
from core.files import write_json
from core.inspection.widgets import choose_examples
from core.models.bundled import BUNDLED_NAME, bundled_path
from core.models.fingerprint import model_fingerprint
from core.models.static import build_static, train_tokenizer
from core.retrieval.corpora import load_corpus
from core.retrieval.sample_corpora import add_sample_corpus
from core.training import artifacts
from core.training.runs import load_run
from core.workspace import Workspace
from tests.browser.conftest import OpenPage
from tests.browser.forms import settle
from tests.pages.made import make_run
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(400)

QUESTION = "下雨天跑步，不想鞋子湿透"
PATIENT_MS = 180_000
"""Right after the start two models have to be loaded and to read the corpus."""


@dataclass
class Made:
    """A run with two real models and a corpus, and what they answer, computed here."""

    run: str
    corpus: str
    ids: list[str]
    names: list[str]
    cosines: dict[str, np.ndarray]

    def order(self, role: str) -> list[int]:
        """All texts, the best first."""
        return np.argsort(-self.cosines[role], kind="stable").tolist()


@pytest.fixture
def made(workspace: Workspace) -> Made:
    """The base is the bundled model; the other one is made from the table's own pieces."""
    run = make_run(workspace, sample="products")
    folder = workspace.run(run)
    dataset = load_dataset(workspace, load_run(workspace, run).config.dataset.id)
    frame, shape = dataset.frame(), dataset.info.shape
    held_out = split_rows(frame, shape, 0.1, 42).held_out
    examples = choose_examples(frame, shape, held_out, 42)
    artifacts.save_rows(folder, frame.iloc[held_out].reset_index(drop=True), examples)
    texts = [*frame["anchor"], *frame["positive"]]
    artifacts.save_model(folder, build_static(train_tokenizer(texts, 1500, 2), texts, 256, 1))
    base = bundled_path()
    write_json(
        folder / artifacts.REFERENCE,
        {"name": BUNDLED_NAME, "path": str(base), "fingerprint": model_fingerprint(base)},
    )
    corpus = load_corpus(workspace, add_sample_corpus(workspace, "products"))
    return Made(
        run,
        corpus.info.id,
        corpus.ids(),
        corpus.frame()["name"].tolist(),
        {
            "base": _cosines(base, corpus.texts()),
            "tuned": _cosines(folder / artifacts.MODEL, corpus.texts()),
        },
    )


def _cosines(folder: Path, texts: list[str]) -> np.ndarray:
    """By sentence-transformers alone, in this process."""
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = model.encode([*texts, QUESTION], normalize_embeddings=True)
    return vectors[:-1] @ vectors[-1]


def hits(page: Page, column: int) -> list[Locator]:
    """The ten cards of a column."""
    cards = page.locator(f'[class*="st-key-hit_{column}_"]')
    expect(cards).to_have_count(10, timeout=PATIENT_MS)
    return [page.locator(f".st-key-hit_{column}_{rank}") for rank in range(1, 11)]


def read(card: Locator) -> tuple[int, float, str, str]:
    """Rank, score, rank change and name of a card."""
    head = card.get_by_test_id("stMarkdown").first.inner_text()
    rank, score, *change = head.split()
    name = card.locator(".hit-title").inner_text()
    return int(rank), float(score), " ".join(change), name


def contrast(place: Locator) -> float:
    """How well an element's text stands out from what is behind it (WCAG 2, 1 to 21)."""
    colours = place.evaluate(
        """element => {
            const layers = [];
            for (let one = element; one; one = one.parentElement) {
                layers.push(getComputedStyle(one).backgroundColor);
            }
            return [getComputedStyle(element).color, layers];
        }"""
    )

    def parts(colour: str) -> tuple[np.ndarray, float]:
        numbers = [float(one) for one in re.findall(r"[\d.]+", colour)]
        return np.array(numbers[:3]), numbers[3] if len(numbers) > 3 else 1.0

    behind = np.array([255.0, 255.0, 255.0])
    for layer in reversed(colours[1]):
        colour, opacity = parts(layer)
        behind = colour * opacity + behind * (1 - opacity)

    def light(colour: np.ndarray) -> float:
        share = colour / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    first, second = sorted((light(parts(colours[0])[0]), light(behind)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def test_a_question_is_answered_judged_and_shared(
    workbench: Workbench, open_page: OpenPage, made: Made
) -> None:
    page = open_page(locale="zh-CN")
    page.goto(f"{workbench.url}/search?run={made.run}&corpus={made.corpus}")
    question = page.get_by_role("searchbox")
    question.fill(QUESTION)
    question.press("Enter")
    ranks_and_changes_are_numpys(page, made)
    assert contrast(page.locator("mark").first) >= 4.5
    three_judgements_make_a_test_set(page, made)
    another = open_page(locale="zh-CN", color_scheme="dark")
    a_link_brings_up_the_same(page, another, made)


def ranks_and_changes_are_numpys(page: Page, made: Made) -> None:
    """Both models' ten cards: names, cosines, and how far each text has moved."""
    base_rank = {place: rank for rank, place in enumerate(made.order("base"), start=1)}
    moved = 0
    for column, role in enumerate(("base", "tuned")):
        order = made.order(role)
        for place, card in zip(order, hits(page, column), strict=False):
            rank, score, change, name = read(card)
            assert (rank, name) == (order.index(place) + 1, made.names[place])
            assert score == pytest.approx(made.cosines[role][place], abs=6e-4)
            if role == "tuned":
                assert change == _words(base_rank[place], rank)
                moved += base_rank[place] != rank
    assert moved
    marked = page.locator(".st-key-hit_1_1 mark").all_inner_texts()
    assert marked and all(set(one) & set(QUESTION) for one in marked)


def _words(before: int, now: int) -> str:
    """What a card says about a text that was at rank ``before`` in the base."""
    if before > 10:
        return f"新，原第 {before} 名"
    if before == now:
        return "="
    return f"▲{before - now}" if before > now else f"▼{now - before}"


def three_judgements_make_a_test_set(page: Page, made: Made) -> None:
    """Two right, one wrong; what came with the sample counts as well."""
    order = made.order("tuned")
    for word, rank in (("right", 2), ("right", 3), ("wrong", 1)):
        page.locator(f".st-key-{word}_1_{rank} button").first.click()
        settle(page)
    known = {"p001", "p007"} | {made.ids[order[1]], made.ids[order[2]]}
    relevant = np.array([id in known - {made.ids[order[0]]} for id in made.ids])
    panel = page.locator(".st-key-test_set")
    expect(panel.get_by_text("已判断 1 个问题。", exact=False)).to_be_visible()
    table = panel.locator('[data-testid="stDataFrame"] table')
    for row, role in ((2, "base"), (3, "tuned")):
        cells = table.locator(f'[role="row"][aria-rowindex="{row}"] [role="gridcell"]')
        expect(cells.nth(3)).to_be_attached()
        texts = cells.all_text_contents()
        ndcg = ndcg_score([relevant.astype(int)], [made.cosines[role]], k=10)
        first = next((n for n, at in enumerate(made.order(role), start=1) if relevant[at]), 99)
        found = relevant[made.order(role)[:10]].sum() / relevant.sum()
        wanted = [ndcg, 1 / first if first <= 10 else 0.0, found]
        assert [float(text) for text in texts[1:]] == pytest.approx(wanted, abs=6e-4)


def a_link_brings_up_the_same(page: Page, another: Page, made: Made) -> None:
    """In a session of its own, in the dark: question, hits and judgements are there."""
    page.get_by_test_id("stPopover").first.get_by_role("button").first.click()
    link = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    assert made.run in link and made.corpus in link
    another.goto(link)
    expect(another.get_by_role("searchbox")).to_have_value(QUESTION)
    for column in (0, 1):
        ours, theirs = hits(page, column), hits(another, column)
        assert [read(card) for card in theirs] == [read(card) for card in ours]
    # What was judged is there too, as a badge.
    judged = page.locator(".st-key-hit_1_1").inner_text()
    assert another.locator(".st-key-hit_1_1").inner_text() == judged
    for place in ("mark", ".st-key-hit_0_1 .hit-title"):
        assert contrast(another.locator(place).first) >= 4.5
    another.goto(link.replace(made.run, "gone-run").replace(made.corpus, "gone-corpus"))
    expect(another.get_by_text("gone-run", exact=False).first).to_be_visible()
    expect(another.get_by_text("gone-corpus", exact=False).first).to_be_visible()
