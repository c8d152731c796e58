"""Inspect: matrices, map, and every way in which there is nothing to compare."""

from __future__ import annotations

import base64
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from streamlit.testing.v1 import AppTest

from core.inspection.comparison import load_comparison
from core.inspection.widgets import POSITIVE
from core.jobs.status import JobState
from core.training import artifacts
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.compared import delete_model, make_compared, make_model
from tests.pages.made import make_run
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import go_to, open_screen, shown


def figure(app: AppTest) -> dict:
    (chart,) = app.get("plotly_chart")
    return json.loads(chart.proto.spec)


def title(app: AppTest) -> str:
    return figure(app)["layout"]["title"]["text"]


def heatmaps(app: AppTest) -> list[np.ndarray]:
    return [numbers(trace["z"]) for trace in traces(app, "heatmap")]


def traces(app: AppTest, *kinds: str) -> list[dict]:
    return [trace for trace in figure(app)["data"] if trace["type"] in kinds]


def numbers(value: object) -> np.ndarray:
    """Numbers as Plotly writes them: a list, or bytes with their type and shape."""
    if isinstance(value, dict):
        flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        shape = [int(part) for part in str(value.get("shape", len(flat))).split(",")]
        return flat.reshape(shape)
    return np.array(value)


def answers(app: AppTest) -> pd.DataFrame:
    return next(one.value for one in app.dataframe if "Place before" in one.value)


def pick(app: AppTest, key: str, value: object) -> AppTest:
    app.segmented_control(key=key).set_value(value)
    app.run()
    assert not app.exception, app.exception
    return app


def button(app: AppTest, label: str) -> object:
    return next(one for one in app.button if one.label == label)


def test_without_a_model_it_says_where_models_come_from(workspace: Workspace) -> None:
    app = open_screen("inspect")
    assert "There is no trained model yet." in shown(app)
    assert [link.proto.label for link in app.get("page_link")] == ["Go to Train", "Try a sample"]


def test_while_the_first_run_is_at_work_it_leads_there(workspace: Workspace) -> None:
    make_run(workspace, JobState.RUNNING)
    app = open_screen("inspect")
    assert "A run is still at work." in shown(app)
    assert [link.proto.label for link in app.get("page_link")] == ["Watch the run"]


def test_all_examples_as_three_matrices_on_a_shared_scale(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    app = open_screen("inspect", run=id)
    assert not app.exception
    base, tuned, change = heatmaps(app)
    comparison = load_comparison(load_run(workspace, id))
    texts = [text for example in comparison.examples for text in example.texts]
    for model, found in ((comparison.base, base), (comparison.tuned, tuned)):
        wanted = cosine_similarity(encoder.encode(workspace, model.folder, texts))
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(change, tuned - base, atol=1e-3)
    axes = [trace["coloraxis"] for trace in traces(app, "heatmap")]
    assert axes == ["coloraxis", "coloraxis", "coloraxis2"]
    layout = figure(app)["layout"]
    assert layout["coloraxis2"]["cmin"] == -layout["coloraxis2"]["cmax"]
    names = [note["text"] for note in layout["annotations"]]
    assert names == ["Base: base-of-characters", "After training", "Change"]


def test_the_verdict_and_the_table_agree_with_the_vectors(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    app = open_screen("inspect", run=id)
    comparison = load_comparison(load_run(workspace, id))
    table = answers(app)
    first = {}
    for model, when in ((comparison.base, "before"), (comparison.tuned, "after")):
        places = []
        for number, example in enumerate(comparison.examples):
            vectors = encoder.encode(workspace, model.folder, list(example.texts))
            scores = cosine_similarity(vectors[:1], vectors[1:])[0]
            right = example.roles.index(POSITIVE)
            places.append(1 + int((np.delete(scores, right) >= scores[right] - 1e-6).sum()))
            assert table[f"Cosine {when}"][number] == pytest.approx(scores[right], abs=1e-5)
        assert table[f"Place {when}"].tolist() == places
        first[when] = places.count(1)
    words = shown(app)
    assert f"in {first['after']} of 5 groups" in words
    assert first["after"] == first["before"] or f"before it, in {first['before']}." in words


def test_a_group_shows_its_texts_and_its_numbers(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    app = pick(open_screen("inspect", run=id), "inspect_group", 2)
    (base, *_rest) = heatmaps(app)
    assert base.shape == (4, 4)
    assert traces(app, "heatmap")[0]["texttemplate"] == "%{z:.2f}"
    example = load_comparison(load_run(workspace, id)).examples[1]
    listed = [one.value for one in app.markdown if one.value.startswith("**")]
    assert len(listed) == 4
    for place, (line, text) in enumerate(zip(listed, example.texts, strict=True)):
        assert line.startswith(f"**{'ABCD'[place]}**")
        assert text[:10] in line
        assert ("right answer" in line) == (place > 0 and example.roles[place - 1] == POSITIVE)


def test_changed_texts_are_compared_and_can_be_reset(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    app = pick(open_screen("inspect", run=id), "inspect_group", 1)
    before = heatmaps(app)[0]
    source = next(area for area in app.text_area if area.label == "A: source")
    last = next(area for area in app.text_area if area.label == "D: text")
    last.set_value(source.value)
    button(app, "Compare").click().run()
    assert not app.exception
    assert heatmaps(app)[0][0, 3] == pytest.approx(1.0, abs=1e-5)
    assert heatmaps(app)[0][0, 1] == pytest.approx(before[0, 1], abs=1e-5)
    go_to(app, "home")
    go_to(app, "inspect")
    assert heatmaps(app)[0][0, 3] == pytest.approx(1.0, abs=1e-5)
    button(app, "Reset to the held-out examples").click().run()
    np.testing.assert_allclose(heatmaps(app)[0], before)


def test_another_right_answer_changes_the_place(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    app = pick(open_screen("inspect", run=id), "inspect_group", 1)
    scores = heatmaps(app)[0][0, 1:]
    worst = int(scores.argmin())
    control = next(one for one in app.segmented_control if one.label == "Right answer")
    control.set_value("BCD"[worst])
    button(app, "Compare").click().run()
    assert answers(app)["Place before"][0] == 3
    assert "right answer" in next(
        one.value for one in app.markdown if f"**{'BCD'[worst]}**" in one.value
    )


def test_an_empty_text_is_a_sentence(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = pick(open_screen("inspect", run=make_compared(workspace)), "inspect_group", 1)
    before = heatmaps(app)[0]
    next(area for area in app.text_area if area.label == "C: text").set_value("  ")
    button(app, "Compare").click().run()
    assert "Text C is empty." in shown(app)
    np.testing.assert_allclose(heatmaps(app)[0], before)


def test_a_base_that_is_gone_or_changed_is_a_sentence(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    base = load_comparison(load_run(workspace, id)).base.folder
    (base / "model.safetensors").write_bytes(b"another model")
    assert "is not the one that" in shown(open_screen("inspect", run=id))
    shutil.rmtree(base)
    words = shown(open_screen("inspect", run=id))
    assert "is no longer in" in words
    assert str(base) in words
    make_model(base)
    assert not open_screen("inspect", run=id).error


@pytest.mark.parametrize(
    "file", [artifacts.EXAMPLES, artifacts.REFERENCE, artifacts.HELD_OUT_TEXTS]
)
def test_a_damaged_file_is_named(
    workspace: Workspace, encoder: CharacterEncoder, file: str
) -> None:
    id = make_compared(workspace)
    (workspace.run(id) / file).write_text("[{", encoding="utf-8")
    app = open_screen("inspect", run=id)
    assert not app.exception
    assert f"The file {file} of “Chinese products” is missing or damaged." in shown(app)


def test_a_deleted_model_is_said_and_another_run_shown(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    gone, there = make_compared(workspace, name="Gone"), make_compared(workspace, name="There")
    delete_model(workspace, gone)
    app = open_screen("inspect", run=gone)
    assert "“Gone” has no model, or its folder was deleted." in shown(app)
    assert app.session_state["run"] == there
    assert heatmaps(app)


def test_too_few_held_out_rows_for_examples_is_a_sentence(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    (workspace.run(id) / artifacts.EXAMPLES).write_text("[]", encoding="utf-8")
    app = open_screen("inspect", run=id)
    assert "too few for examples" in shown(app)
    assert not app.get("plotly_chart")


def test_inspect_in_chinese(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = open_screen("inspect", locale="zh-CN", run=make_compared(workspace))
    words = shown(app) + title(app)
    for english in ("similar", "answer", "group", "training", "text"):
        assert english not in words
    assert "余弦" in json.dumps(figure(app), ensure_ascii=False)
