"""Selected texts become dataset versions that can be undone, and candidates for the review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.data.mining.review import load_review
from core.data.mining.texts import plain
from core.data.prepare import TooFewRowsLeft
from core.data.shapes import Mapping
from core.data.store import derive_dataset, load_dataset
from core.inspection.map_selection import (
    NoRowSelected,
    NothingToReview,
    review_of,
    rows_with,
    version_of,
)
from core.models.roles import Role
from core.training.runs import Run, load_run
from core.workspace import Workspace
from tests.data.frames import frame
from tests.pages.compared import make_compared
from tests.retrieval.stand_in import CharacterEncoder
from tests.training.conftest import add_table


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return load_run(workspace, make_compared(workspace))


def encode(texts: Sequence[str], role: Role) -> np.ndarray:
    asked = [f"问{text}" for text in texts] if role == "query" else texts
    return CharacterEncoder().encode(Workspace(Path()), Path("tuned"), asked)


def cells(workspace: Workspace, id: str) -> list[list[object]]:
    return load_dataset(workspace, id).frame().to_numpy(object).tolist()


def test_only_the_selected_rows_or_all_but_them(workspace: Workspace, run: Run) -> None:
    id = run.config.dataset.id
    rows = load_dataset(workspace, id).frame()
    texts = [*rows["anchor"][:30], rows["positive"][100], "no text of it"]
    selected = rows_with(rows, texts)
    assert selected[:30].all() and selected[100]
    kept = version_of(workspace, id, texts, keep=True)
    assert cells(workspace, kept) == rows[selected].to_numpy(object).tolist()
    without = version_of(workspace, id, texts, keep=False)
    assert cells(workspace, without) == rows[~selected].to_numpy(object).tolist()
    for version in (kept, without):
        info = load_dataset(workspace, version).info
        assert info.parent == id
        assert [one.step.kind for one in info.steps] == ["drop_rows"]
        assert derive_dataset(workspace, version, ()) == id


def test_versions_that_cannot_be_are_refused(workspace: Workspace, run: Run) -> None:
    id = run.config.dataset.id
    rows = load_dataset(workspace, id).frame()
    with pytest.raises(NoRowSelected, match="No row of the dataset"):
        version_of(workspace, id, ["no text of it"], keep=True)
    with pytest.raises(TooFewRowsLeft):
        version_of(workspace, id, [rows["anchor"][0]], keep=True)
    everything = [*rows["anchor"], *rows["positive"], *rows["negative"]]
    assert version_of(workspace, id, everything, keep=True) == id


def test_the_nearest_selected_texts_are_proposed_to_every_selected_anchor(
    workspace: Workspace, run: Run
) -> None:
    id = run.config.dataset.id
    rows = load_dataset(workspace, id).frame()
    chosen = rows.iloc[:12]
    texts = [*chosen["anchor"], *chosen["positive"]]
    review = load_review(workspace, review_of(workspace, run, id, texts, encode))
    found = review.page(0, 1000)
    assert set(found["anchor"]) <= set(texts) and set(found["candidate"]) <= set(texts)
    assert review.info.model == run.name
    assert review.info.dataset == id
    answers = rows.groupby("anchor")["positive"].agg(set).to_dict()
    refused = rows.groupby("anchor")["negative"].agg(set).to_dict()
    for anchor, proposals in found.groupby("anchor"):
        # What the table knows as an answer, or as a wrong one already, is proposed to nobody.
        assert not set(proposals["candidate"]) & (answers[anchor] | refused[anchor])
        own = encode([str(anchor)], "query")[0]
        scores = {text: float(encode([text], "document")[0] @ own) for text in texts}
        for row in proposals.itertuples():
            assert row.score_candidate == pytest.approx(scores[row.candidate], abs=1e-5)
        lowest = proposals["score_candidate"].min()
        nearer = {
            plain(text)
            for text in chosen["positive"]
            if scores[text] > lowest + 1e-5 and text not in answers[anchor] | refused[anchor]
        }
        assert nearer <= {plain(text) for text in proposals["candidate"]}
        assert sorted(proposals["rank"]) == list(range(1, len(proposals) + 1))
    review.decide(0, "accept")
    assert review.counts().accepted == 1


def test_texts_that_cannot_be_negatives_are_refused(workspace: Workspace, run: Run) -> None:
    id = run.config.dataset.id
    rows = load_dataset(workspace, id).frame()
    for texts in (["no text of it"], [rows["anchor"][0]], [*rows.loc[0, ["anchor", "positive"]]]):
        with pytest.raises(NothingToReview):
            review_of(workspace, run, id, texts, encode)
    single = frame(text=[f"text {n}" for n in range(12)])
    with pytest.raises(NothingToReview):
        review_of(
            workspace, run, add_table(workspace, single, Mapping(text="text")), ["text 1"], encode
        )
    assert not list(workspace.reviews.iterdir())
