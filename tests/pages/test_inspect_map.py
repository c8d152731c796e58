"""The map of Inspect: what is drawn, coloured, found and listed; what becomes of a selection."""

from __future__ import annotations

import base64
import json
import shutil
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.mining.review import list_reviews
from core.data.store import list_datasets, load_dataset
from core.inspection.comparison import load_comparison
from core.jobs import queue
from core.jobs.reasons import ProcessVanished
from core.retrieval.corpora import create_corpus
from core.retrieval.sample_corpora import add_sample_corpus
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.compared import do_jobs, fail_jobs, make_compared
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import go_to, open_screen, shown
from ui import inspect_map
from ui.map_state import Selection


def chart(app: AppTest) -> dict[str, Any]:
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


def picture(app: AppTest) -> dict[str, Any]:
    return json.loads(chart(app)["picture"])


def title(app: AppTest) -> str:
    return picture(app)["title"]


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f4")


def open_map(run: str, locale: str = "en-US", **state: Any) -> AppTest:
    app = open_screen("inspect", locale=locale, run=run, inspect_view="map", **state)
    assert not app.exception, app.exception
    return app


def again(app: AppTest, **state: Any) -> AppTest:
    """Draw the screen again with these values in the session's state."""
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def select(app: AppTest, *texts: str) -> AppTest:
    """What the chart does when somebody selects texts in it."""
    known: Selection = app.session_state["map_selection"]
    items = tuple(sorted(numbers(app)[text] for text in texts))
    return again(app, map_selection=Selection(known.key, items, known.given, known.push))


def numbers(app: AppTest) -> dict[str, int]:
    """The number of every text, by what the chart shows when one points at it."""
    return {text: at for at, text in enumerate(picture(app)["hover"])}


def button(app: AppTest, label: str) -> Any:
    return next(one for one in app.button if one.label == label)


def table(app: AppTest, column: str) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if column in one.value)


@pytest.fixture
def run(workspace: Workspace) -> str:
    return make_compared(workspace)


@pytest.fixture
def analysed(workspace: Workspace, encoder: CharacterEncoder, run: str) -> AppTest:
    """The map as PCA with everything that the job finds; UMAP has a test of its own."""
    app = open_map(run, inspect_method="pca")
    do_jobs(workspace)
    return again(app)


def test_pca_at_once_then_all_texts_then_umap(
    workspace: Workspace, encoder: CharacterEncoder, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_map, "WAITED_FOR", 45)
    app = open_map(run)
    assert title(app).startswith("PCA of 45 texts")
    assert "UMAP: waiting to start" in str(app.get("progress")[0].proto)
    assert "takes about" not in shown(app)
    monkeypatch.setattr(inspect_map, "_LONG_SECONDS", 5.0)
    app.run()
    assert "UMAP of 100 texts takes about 10 s once they are encoded." in shown(app)
    (job,) = queue.waiting_jobs(workspace)
    assert job.kind == "project"
    do_jobs(workspace)
    app.run()
    held_out = len(set(load_comparison(load_run(workspace, run)).held_out))
    assert title(app) == f"UMAP of {held_out} texts: 15 neighbours, seed 42"
    assert not app.get("progress")
    asked = len(encoder.texts)
    again(app, inspect_method="pca")
    assert title(app).startswith(f"PCA of {held_out} texts")
    assert not queue.waiting_jobs(workspace)
    assert len(encoder.texts) == asked


def test_the_points_are_the_vectors_on_their_main_axes(
    workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    app = open_map(run, inspect_method="pca")
    drawn = picture(app)
    comparison = load_comparison(load_run(workspace, run))
    own = {text[:59]: text for text in comparison.held_out}
    texts = [own.get(text.rstrip("…")[:59], text) for text in drawn["hover"]]
    base, tuned = (
        encoder.encode(workspace, model.folder, texts)
        for model in (comparison.base, comparison.tuned)
    )
    base, tuned = base - base.mean(axis=0), tuned - tuned.mean(axis=0)
    left, _, right = np.linalg.svd(base.T.astype(np.float64) @ tuned)
    both = np.concatenate([base @ (left @ right), tuned])
    _, _, axes = np.linalg.svd(both, full_matrices=False)
    expected = np.abs(both @ axes[:2].T)
    found = np.concatenate(
        [np.stack([floats(place["x"]), floats(place["y"])], axis=1) for place in drawn["places"]]
    )
    np.testing.assert_allclose(np.abs(found), expected, atol=2e-3)


def test_examples_stand_out_with_their_letters(
    workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    drawn = picture(open_map(run))
    examples = load_comparison(load_run(workspace, run)).examples
    assert drawn["examples"][0]["labels"] == ["A1", "B1", "C1", "D1"]
    for group, example in zip(drawn["examples"], examples, strict=True):
        for item, text in zip(group["items"], example.texts, strict=True):
            assert drawn["hover"][item].rstrip("…")[:50] == text[:50]
    assert max(len(text) for text in drawn["hover"]) <= 60


def test_other_neighbours_replace_the_map_that_is_being_drawn(
    workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    app = open_map(run)
    (first,) = queue.waiting_jobs(workspace)
    app.number_input(key="inspect_neighbours").set_value(30).run()
    (second,) = queue.waiting_jobs(workspace)
    assert queue.read_spec(second.folder).params["settings"]["neighbours"] == 30
    assert second.id != first.id


def test_a_failed_map_says_why_and_is_tried_again_only_when_asked(
    workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    app = open_map(run)
    fail_jobs(workspace, ProcessVanished())
    app.run()
    app.run()
    assert "ended without a word" in shown(app)
    assert not queue.waiting_jobs(workspace)
    button(app, "Try again").click().run()
    assert len(queue.waiting_jobs(workspace)) == 1
    assert "ended without a word" not in shown(app)


def test_the_view_outlasts_other_screens(encoder: CharacterEncoder, run: str) -> None:
    app = open_map(run)
    go_to(app, "home")
    go_to(app, "inspect")
    assert title(app).startswith("PCA")


def test_colours_of_roles_groups_and_kept_neighbours(analysed: AppTest) -> None:
    again(analysed, map_colour="role")
    groups = picture(analysed)["colour"]["groups"]
    assert {group["name"] for group in groups} == {"source", "right answer", "wrong answer"}
    assert sorted(item for group in groups for item in group["items"]) == list(range(100))
    again(analysed, map_colour=":groups")
    groups = picture(analysed)["colour"]["groups"]
    assert len(groups) == 7
    assert sorted(item for group in groups for item in group["items"]) == list(range(100))
    assert all(len(group["name"]) > 3 for group in groups)
    again(analysed, map_colour=":overlap")
    colour = picture(analysed)["colour"]
    kept = floats(colour["values"])
    assert kept.shape == (100,) and kept.min() >= 0 and kept.max() <= 1


def test_what_moved_equals_counting_by_hand(
    analysed: AppTest, workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    again(analysed, map_below="moved")
    listed = table(analysed, "Gone neighbours")
    comparison = load_comparison(load_run(workspace, run))
    texts = list(dict.fromkeys(comparison.held_out))
    near = []
    for model in (comparison.base, comparison.tuned):
        vectors = encoder.encode(workspace, model.folder, texts)
        cosines = vectors @ vectors.T
        np.fill_diagonal(cosines, -2)
        near.append([set(row[:10]) for row in np.argsort(-cosines, axis=1)])
    kept = [len(one & other) / len(one | other) for one, other in zip(*near, strict=True)]
    share = next(one for one in analysed.metric if one.label == "Neighbours kept, on average")
    assert float(share.value.rstrip("%")) == pytest.approx(100 * np.mean(kept), abs=1.5)
    assert listed["Neighbours kept"].is_monotonic_increasing
    wanted = dict(zip(texts, kept, strict=True))
    # Texts with the same characters are equally near, and either may be the tenth.
    far = [abs(wanted[row.Text] - row[2]) > 0.15 for row in listed.itertuples()]
    assert np.mean(far) < 0.05


def test_texts_are_found_by_letters_whatever_their_width_and_case(analysed: AppTest) -> None:
    again(analysed, map_find="ｒｇｂ9")
    hover = picture(analysed)["hover"]
    wanted = [at for at, text in enumerate(hover) if "rgb9" in text.casefold()]
    assert wanted and chart(analysed)["marked"] == wanted
    assert f"{len(wanted)} text" in shown(analysed)
    again(analysed, map_find="没有人写过这个")
    assert chart(analysed)["marked"] == []
    assert "0 texts found" in shown(analysed)
    again(analysed, map_find="   ")
    assert "found for" not in shown(analysed)


def test_texts_are_found_by_meaning_with_both_models(
    analysed: AppTest, workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    query = "适合跑步的轻便鞋"
    again(analysed, map_find=query, map_find_how="meaning")
    found = table(analysed, "Place after")
    comparison = load_comparison(load_run(workspace, run))
    texts = list(dict.fromkeys(comparison.held_out))
    for model, column in ((comparison.base, "Place before"), (comparison.tuned, "Place after")):
        scores = (
            encoder.encode(workspace, model.folder, texts)
            @ (encoder.encode(workspace, model.folder, [query])[0])
        )
        by_text = dict(zip(texts, scores.tolist(), strict=True))
        ranked = found.dropna(subset=[column]).sort_values(column)
        assert len(ranked) == 20
        got = [by_text[text] for text in ranked["Text"]]
        np.testing.assert_allclose(got, sorted(scores, reverse=True)[:20], atol=1e-5)
    button(analysed, "Select them").click().run()
    assert len(chart(analysed)["chosen"]) == len(found)
    assert f"{len(found)} texts selected" in shown(analysed)


def test_one_selected_text_has_its_neighbours_before_and_after(
    analysed: AppTest, workspace: Workspace, encoder: CharacterEncoder, run: str
) -> None:
    comparison = load_comparison(load_run(workspace, run))
    texts = list(dict.fromkeys(comparison.held_out))
    text = next(text for text in texts if len(text) <= 60)
    select(analysed, text)
    assert "1 text selected" in shown(analysed)
    found = table(analysed, "Neighbour")
    for model, place, cosine in (
        (comparison.base, "Place before", "Cosine before"),
        (comparison.tuned, "Place after", "Cosine after"),
    ):
        vectors = encoder.encode(workspace, model.folder, texts)
        scores = vectors @ vectors[texts.index(text)]
        for row in found.to_dict("records"):
            own = scores[texts.index(row["Neighbour"])]
            assert row[cosine] == pytest.approx(own, abs=1e-5)
            nearer = int((scores > own + 1e-6).sum()) - 1
            level = int((np.abs(scores - own) <= 1e-6).sum())
            assert nearer < row[place] <= nearer + level
    button(analysed, "Clear the selection").click().run()
    assert "Nothing is selected" in shown(analysed)
    assert chart(analysed)["chosen"] == [] and chart(analysed)["push"] > 0


def some_texts(app: AppTest, many: int) -> list[str]:
    return [text for text in picture(app)["hover"] if not text.endswith("…")][:many]


def test_selected_texts_as_csv(analysed: AppTest, workspace: Workspace) -> None:
    texts = some_texts(analysed, 5)
    select(analysed, *texts)
    (link,) = [one for one in analysed.get("link_button") if "CSV" in one.proto.label]
    path = workspace.root / unquote(urlsplit(link.proto.url).path).removeprefix("/download/")
    written = pd.read_csv(path)
    assert sorted(written["Text"]) == sorted(texts)
    assert set(written["Role in the table"]) <= {"source", "right answer", "wrong answer"}
    assert written["Neighbours kept"].between(0, 1).all()


def test_selected_texts_become_a_version_of_the_dataset(
    analysed: AppTest, workspace: Workspace
) -> None:
    texts = some_texts(analysed, 20)
    select(analysed, *texts)
    button(analysed, "New version without these").click().run()
    assert not analysed.exception
    version = list_datasets(workspace)[0]
    rows = load_dataset(workspace, version.id).frame()
    assert len(list_datasets(workspace)) == 2
    assert not set(rows[["anchor", "positive", "negative"]].to_numpy().ravel()) & set(texts)
    assert analysed.title[0].value == "Chinese products"


def test_selected_texts_go_to_the_review_of_hard_negatives(
    analysed: AppTest, workspace: Workspace
) -> None:
    select(analysed, *picture(analysed)["hover"])
    button(analysed, "Review as hard negatives").click().run()
    assert not analysed.exception
    (review,) = list_reviews(workspace)
    assert review.info.candidates > 5
    assert "All reviews" in [one.label for one in analysed.button]


def test_a_deleted_dataset_offers_no_versions(analysed: AppTest, workspace: Workspace) -> None:
    (dataset,) = list_datasets(workspace)
    shutil.rmtree(workspace.datasets / dataset.id)
    select(analysed, *some_texts(analysed, 3))
    labels = [one.label for one in analysed.button]
    assert "New version without these" not in labels and "Clear the selection" in labels


def test_a_dataset_and_a_corpus_on_the_map(
    analysed: AppTest, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_map, "WAITED_FOR", 50)
    (dataset,) = list_datasets(workspace)
    again(analysed, map_texts=f"dataset:{dataset.id}")
    assert title(analysed).startswith("PCA of 50 texts")
    again(analysed, map_colour="split")
    groups = {group["name"] for group in picture(analysed)["colour"]["groups"]}
    assert groups == {"trained on", "held out"}
    corpus = add_sample_corpus(workspace, "products")
    again(analysed)
    again(analysed, map_texts=f"corpus:{corpus}")
    assert title(analysed).startswith("PCA of 50 texts")
    assert not picture(analysed)["examples"]


@pytest.mark.parametrize(
    "texts", [["只有一条"], ["一", "二"], ["同", "同", "同"], list("甲乙丙丁戊")]
)
def test_a_handful_of_texts_is_a_map_too(
    workspace: Workspace, encoder: CharacterEncoder, run: str, texts: list[str]
) -> None:
    table = pd.DataFrame({"text": texts})
    corpus = create_corpus(workspace, "few", table, text_column="text")
    app = open_map(run, map_texts=f"corpus:{corpus}")
    do_jobs(workspace)
    for colour in (":groups", ":overlap"):
        again(app, map_colour=colour, map_below="moved")
        assert title(app).startswith(f"UMAP of {len(set(texts))} text")
    select(app, texts[0])
    assert "1 text selected" in shown(app)
    again(app, map_view="morph", map_find=texts[0], map_find_how="meaning")
    assert len(chart(app)["marked"]) == len(set(texts))


def test_before_to_after_in_one_map_with_arrows(analysed: AppTest) -> None:
    again(analysed, map_view="morph")
    drawn = picture(analysed)
    assert drawn["morph"] and len(drawn["arrows"]) == 30
    again(analysed, map_arrows=False)
    assert picture(analysed)["arrows"] == []


def test_the_map_in_chinese(workspace: Workspace, encoder: CharacterEncoder, run: str) -> None:
    app = open_map(run, locale="zh-CN")
    do_jobs(workspace)
    again(app, map_below="moved", map_find="跑")
    words = shown(app) + title(app)
    for english in ("similar", "neighbour", "training", "text", "found"):
        assert english not in words
