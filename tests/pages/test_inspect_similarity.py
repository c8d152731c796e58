"""The similarity view: whose texts, which order, what a click shows, what is taken along."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import streamlit as st
from sklearn.metrics import f1_score
from sklearn.metrics.pairwise import cosine_similarity
from streamlit.testing.v1 import AppTest

from core.data.shapes import Shape
from core.encoder import client
from core.encoder.client import EncoderUnavailable
from core.inspection.comparison import load_comparison
from core.inspection.picture import block_edges, block_means
from core.jobs import queue
from core.models.seen import Piece, SeenText
from core.training import artifacts
from core.training.calibration import calibrate
from core.training.report import Report
from core.training.runs import load_run
from core.training.tasks import make_task
from core.workspace import Workspace
from tests.pages.compared import do_jobs, make_compared
from tests.pages.test_inspect import answers, button, heatmaps, numbers, pick, traces
from tests.retrieval.stand_in import CharacterEncoder
from tests.ui.helpers import open_screen, shown

LONG = "阿莫西林胶囊" * 1_700


@pytest.fixture(autouse=True)
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Takes the encoder's place: a piece a character, digits unknown, forty are read."""
    asked: list[Path] = []

    def see(workspace: Workspace, model: Path, texts: list[str]) -> list[SeenText]:
        asked.append(model)
        return [
            SeenText(
                tuple(
                    Piece(sign, "[UNK]" if sign.isdigit() else sign, not sign.isdigit())
                    for sign in text[:40]
                ),
                text[40:],
                len(text),
            )
            for text in texts
        ]

    monkeypatch.setattr(client, "tokens", see)
    return asked


def paste(app: AppTest, text: str) -> AppTest:
    pick(app, "inspect_texts", "own")
    app.text_area(key="inspect_own").set_value(text)
    button(app, "Compare").click().run()
    assert not app.exception, app.exception
    return app


def hover_box(app: AppTest) -> dict[str, Any]:
    """What the box beside the pointer is told."""
    (box,) = [one for one in app.get("bidi_component") if '"texts"' in one.proto.json]
    return json.loads(box.proto.json)


def opened(workspace: Workspace, text: str) -> AppTest:
    return paste(open_screen("inspect", run=make_compared(workspace)), text)


def test_pasted_texts_are_compared_among_themselves(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = opened(workspace, "红色跑鞋\n蓝色跑鞋\n台灯\n红色跑鞋\n")
    base, tuned, _change = heatmaps(app)
    comparison = load_comparison(load_run(workspace, app.session_state["run"]))
    texts = ["红色跑鞋", "蓝色跑鞋", "台灯"]
    for model, found in ((comparison.base, base), (comparison.tuned, tuned)):
        wanted = cosine_similarity(encoder.encode(workspace, model.folder, texts))
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert "so there is no verdict" in shown(app)


def test_two_columns_get_a_verdict(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = opened(workspace, "红鞋\t红色的鞋\n蓝鞋\t蓝色的鞋\n灯\t台灯\n")
    table = answers(app)
    assert table["Source"].tolist() == ["红鞋", "蓝鞋", "灯"]
    comparison = load_comparison(load_run(workspace, app.session_state["run"]))
    questions, rights = ["红鞋", "蓝鞋", "灯"], ["红色的鞋", "蓝色的鞋", "台灯"]
    vectors = [
        encoder.encode(workspace, comparison.tuned.folder, one) for one in (questions, rights)
    ]
    cosines = cosine_similarity(*vectors)
    own = np.diag(cosines)[:, None]
    first = int(((cosines >= own - 1e-6).sum(axis=1) == 1).sum())
    assert f"for {first} of 3 texts" in shown(app)
    assert table["Cosine after"].tolist() == pytest.approx(np.diag(cosines).tolist(), abs=1e-5)


def test_nothing_to_compare_is_a_sentence(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = open_screen("inspect", run=make_compared(workspace))
    for text, sentence in (
        ("", "Paste at least two texts"),
        (" \n\t\n", "Paste at least two texts"),
        ("one and the same\none and the same", "One text alone has nothing to be compared with."),
        ("\n".join(f"text {at}" for at in range(5_001)), "5,001 texts are too many"),
    ):
        paste(app, text)
        assert sentence in shown(app)
        assert not app.get("plotly_chart")


def test_a_very_long_text_is_drawn_and_shown(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = opened(workspace, f"{LONG}\n短文\n")
    assert len(heatmaps(app)[0]) == 2
    told = hover_box(app)
    assert told["labels"] == ["1", "2"]
    assert told["texts"] == [LONG[:600] + " … (click to read all of it)", "短文"]


def test_pointing_at_a_cell_shows_both_texts_whole_and_the_figure_stays_small(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    texts = [f"{at}号" + "红色透气跑鞋"[at % 3 :] * 60 for at in range(100)]
    app = opened(workspace, "\n".join(texts))
    told = hover_box(app)
    assert told["chart"] == "matrices"
    assert told["texts"] == texts
    hover = traces(app, "scattergl")[0]["hovertext"]
    base, tuned, _change = heatmaps(app)
    was, now = base[3, 41], tuned[3, 41]
    assert hover[341].startswith(f"before {was:.3f}, after {now:.3f}, change ")
    (chart,) = app.get("plotly_chart")
    assert len(chart.proto.spec) < 3_000_000


def test_a_cell_shows_texts_scores_ranks_and_tokens(
    workspace: Workspace, encoder: CharacterEncoder, tokens: list[Path]
) -> None:
    app = opened(workspace, "红色跑鞋 8\n蓝色跑鞋\n台灯\n红鞋\n")
    base, tuned, _change = heatmaps(app)
    sheet_texts = ("红色跑鞋 8", "蓝色跑鞋", "台灯", "红鞋")
    app.session_state["inspect_cell"] = (sheet_texts, 0, 2)
    app.run()
    table = app.table[0].value
    assert table["Cosine"].tolist() == [f"{base[0, 2]:.3f}", f"{tuned[0, 2]:.3f}"]
    for column, (here, there) in ((1, (0, 2)), (2, (2, 0))):
        for row, matrix in enumerate((base, tuned)):
            rank = 1 + sum(
                matrix[here, at] > matrix[here, there] + 1e-6 for at in range(4) if at != here
            )
            assert table.iloc[row, column] == f"number {rank} of 3"
    chips = "".join(one.proto.body for one in app.get("html"))
    assert chips.count('<span class="unk">8<sub>[UNK]</sub></span>') == 2
    assert "1 of them is unknown" in shown(app)
    comparison = load_comparison(load_run(workspace, app.session_state["run"]))
    assert tokens == [comparison.base.folder, comparison.tuned.folder]
    app.run()
    assert len(tokens) == 2
    button(app, "Close").click().run()
    assert not app.table


def test_a_text_with_itself_and_what_was_cut_off(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = opened(workspace, f"{LONG}\n短文\n")
    app.session_state["inspect_cell"] = ((LONG, "短文"), 0, 0)
    app.run()
    words = shown(app)
    assert "one and the same text" in words
    assert f"The last {len(LONG) - 40:,} characters were cut off." in words
    assert app.table[0].value["Cosine"].tolist() == ["1.000", "1.000"]


def test_without_an_encoder_the_rest_of_the_cell_is_there(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise EncoderUnavailable

    monkeypatch.setattr(client, "tokens", refuse)
    app = opened(workspace, "甲\n乙\n")
    app.session_state["inspect_cell"] = (("甲", "乙"), 0, 1)
    app.run()
    assert not app.exception
    assert len(app.table) == 1
    assert "does not start" in shown(app)


def test_what_got_worse_is_named_and_leads_to_its_cell(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = open_screen("inspect", run=make_compared(workspace))
    table = answers(app)
    worse = table[table["Place after"] > table["Place before"]]
    named = [one for one in app.button if one.key and one.key.startswith("worse_")]
    assert len(named) == len(worse) > 0
    named[0].click().run()
    assert not app.exception
    fall = (table["Place after"] - table["Place before"]).max()
    label = named[0].label.split()[0]
    row = table[table["Text"] == label].iloc[0]
    assert row["Place after"] - row["Place before"] == fall
    assert app.table[0].value["Cosine"].tolist() == [
        f"{row['Cosine before']:.3f}",
        f"{row['Cosine after']:.3f}",
    ]


def test_orders_move_rows_and_columns_of_all_matrices(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = opened(workspace, "红鞋\n台灯\n红色跑鞋\n蓝色台灯\n")
    given = heatmaps(app)
    pick(app, "inspect_order_few_2", "cluster")
    turned = heatmaps(app)
    marks = numbers(traces(app, "scatter")[0]["customdata"])
    order = (marks.reshape(4, 4)[:, 0] // 4).tolist()
    assert sorted(order) == [0, 1, 2, 3] != order
    for before, after in zip(given, turned, strict=True):
        np.testing.assert_allclose(after, before[np.ix_(order, order)], atol=1e-6)


def test_one_matrix_alone_is_larger(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = open_screen("inspect", run=make_compared(workspace))
    assert traces(app, "heatmap")[0]["texttemplate"] == ""
    three = heatmaps(app)
    pick(app, "inspect_which", "change")
    (change,) = heatmaps(app)
    np.testing.assert_allclose(change, three[2])
    assert traces(app, "heatmap")[0]["texttemplate"] == "%{z:+.2f}"


def test_held_out_rows_are_found_and_picked(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = pick(open_screen("inspect", run=make_compared(workspace)), "inspect_texts", "held_out")
    rows = app.multiselect[0]
    assert len(rows.value) == 6
    words = rows.options[3].split(" → ")[0][:6]
    app.text_input(key="inspect_find_held_out").set_value(words).run()
    assert not app.exception
    # What was picked stays, also when it does not hold the words.
    assert app.multiselect[0].value == rows.value
    app.multiselect[0].set_value(rows.value[3:4]).run()
    assert len(heatmaps(app)[0]) == 3
    assert any(words in text for text in app.dataframe[0].value.iloc[:, 1])
    app.text_input(key="inspect_find_held_out").set_value("没有这样的商品").run()
    assert "No row contains these words." in shown(app)


def test_the_rows_of_a_dataset_as_a_picture_after_a_job(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    app = pick(open_screen("inspect", run=make_compared(workspace)), "inspect_texts", "dataset")
    app.toggle(key="inspect_all_dataset").set_value(True).run()
    (job,) = queue.waiting_jobs(workspace)
    assert job.kind == "read_texts"
    assert not app.get("plotly_chart")
    texts = queue.read_spec(job.folder).params["texts"]
    assert len(texts) > 300
    do_jobs(workspace)
    app.run()
    assert not app.exception
    base, _tuned, _change = heatmaps(app)
    pick(app, "inspect_order_many_2", "given")
    base, _tuned, _change = heatmaps(app)
    comparison = load_comparison(load_run(workspace, app.session_state["run"]))
    vectors = encoder.encode(workspace, comparison.base.folder, texts)
    np.testing.assert_allclose(base, block_means(vectors, block_edges(len(texts))), atol=1e-5)
    assert f"{len(texts):,} texts: a pixel is the mean cosine" in shown(app)
    assert not [one for one in app.get("download_button") if one.proto.label == "CSV"]


def test_more_texts_than_cells_are_saved_as_numbers_all_the_same(
    workspace: Workspace, encoder: CharacterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    offer = st.download_button

    def remember(label: str, data: Any, *rest: Any, **more: Any) -> bool:
        made[label] = data
        return offer(label, data, *rest, **more)

    monkeypatch.setattr(st, "download_button", remember)
    texts = [f"商品 {at}" for at in range(110)]
    app = opened(workspace, "\n".join(texts))
    pick(app, "inspect_order_many_2", "given")
    archive = zipfile.ZipFile(io.BytesIO(made["CSV"]()))
    table = pd.read_csv(archive.open("tuned.csv"), index_col=0)
    assert table.index.tolist() == texts
    tuned = load_comparison(load_run(workspace, app.session_state["run"])).tuned
    wanted = cosine_similarity(encoder.encode(workspace, tuned.folder, texts))
    np.testing.assert_allclose(table.to_numpy(), wanted, atol=1e-5)


def test_a_pixel_opens_its_texts(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = opened(workspace, "\n".join(f"商品 {at}" for at in range(160)))
    pick(app, "inspect_order_many_2", "given")
    texts = tuple(f"商品 {at}" for at in range(160))
    app.session_state["inspect_block"] = (texts, 0, 149)
    app.run()
    assert not app.exception
    charts = app.get("plotly_chart")
    assert len(charts) == 2
    assert "商品 159" in charts[1].proto.spec.encode().decode("unicode_escape", "ignore") or (
        "商品 159" in charts[1].proto.spec
    )


def test_the_spread_of_right_and_wrong_pairs_is_that_of_their_cosines(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    app = open_screen("inspect", run=id)
    assert "no threshold can be shown here" in shown(app)
    rows = pq.read_table(workspace.run(id) / artifacts.HELD_OUT).to_pandas()
    comparison = load_comparison(load_run(workspace, id))
    task = make_task(rows, Shape.TRIPLETS)
    tables, right, wrong = [], [], []
    for model in (comparison.base, comparison.tuned):
        vectors = {
            role: encoder.encode(workspace, model.folder, rows[role].tolist())
            for role in ("anchor", "positive", "negative")
        }
        right.append(np.diag(cosine_similarity(vectors["anchor"], vectors["positive"])))
        wrong.append(np.diag(cosine_similarity(vectors["anchor"], vectors["negative"])))
        texts = (
            encoder.encode(workspace, model.folder, one) for one in (task.questions, task.passages)
        )
        tables.append(cosine_similarity(*texts))
    calibration = calibrate(task, *tables, seed=1)
    assert calibration is not None
    report = Report(
        shape="triplets",
        primary="ndcg@10",
        questions=9,
        held_out_rows=9,
        train_rows=9,
        split={},
        models=[],
        verdict="better",
        difference={},
        messages=[],
        training={},
        calibration=calibration,
    )
    report.save(workspace.run(id))
    app = open_screen("inspect", run=id)
    spread = json.loads(app.get("plotly_chart")[1].proto.spec)
    bars = [numbers(one["y"]) for one in spread["data"]]
    pairs = [rows["anchor"] + "|" + rows[role] for role in ("positive", "negative")]
    for at, cosines in enumerate((right[0], wrong[0], right[1], wrong[1])):
        # Every pair once, and no wrong one that is right in another row.
        once = ~pairs[at % 2].duplicated().to_numpy()
        once &= ~pairs[1].isin(set(pairs[0])).to_numpy() if at % 2 else True
        counts, _edges = np.histogram(cosines[once], bins=40, range=(-1, 1))
        np.testing.assert_allclose(bars[at], counts / counts.sum(), atol=0.02)
    lines = [one["x0"] for one in spread["layout"]["shapes"]]
    for at, line in enumerate(lines):
        scores = np.concatenate([right[at], wrong[at]])
        is_right = np.arange(len(scores)) < len(rows)
        best = max(f1_score(is_right, scores >= cut) for cut in scores)
        assert f1_score(is_right, scores >= line - 1e-9) >= best - 0.02
    assert len(lines) == 2
    assert lines == [calibration.before.cut.threshold, calibration.after.cut.threshold]
    assert f"Suggested threshold: **{lines[1]:.3f}**" in shown(app)
    assert "all held-out rows" in shown(app)


def test_everything_can_be_saved(workspace: Workspace, encoder: CharacterEncoder) -> None:
    app = open_screen("inspect", run=make_compared(workspace))
    labels = [one.proto.label for one in app.get("download_button")]
    assert labels == ["SVG", "CSV", "Report to print"]


def test_without_examples_other_texts_can_be_compared(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    (workspace.run(id) / artifacts.EXAMPLES).write_text("[]", encoding="utf-8")
    app = paste(open_screen("inspect", run=id), "甲\n乙\n")
    assert len(heatmaps(app)[0]) == 2


def test_a_dataset_that_was_deleted_and_rows_that_are_gone_are_sentences(
    workspace: Workspace, encoder: CharacterEncoder
) -> None:
    id = make_compared(workspace)
    (workspace.run(id) / artifacts.HELD_OUT).unlink()
    shutil.rmtree(workspace.datasets)
    workspace.datasets.mkdir()
    app = pick(open_screen("inspect", run=id), "inspect_texts", "held_out")
    assert "is no longer there" in shown(app)
    pick(app, "inspect_texts", "dataset")
    assert "There is no dataset in this workspace." in shown(app)
