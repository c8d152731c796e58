"""The report of a run on the screen, with everything that it can hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.shapes import Shape
from core.jobs.events import EventWriter
from core.jobs.status import JobState
from core.problems import Message
from core.training.alarms import Curve, curve_alarms
from core.training.calibration import calibrate
from core.training.confusables import SWITCHED_OFF, Confusables, Mistake, Outcome
from core.training.evaluation import make_task
from core.training.fusion import FUSED
from core.training.hurting import Hurting, HurtingRow
from core.training.questions import Answers, Asked, OwnQuestions
from core.training.report import Exam, ModelScores, Report
from core.training.runs import Curves, load_run
from core.workspace import Workspace
from tests.pages.made import make_run
from tests.ui.helpers import MAIN, open_screen, shown
from ui.loss_chart import loss_chart
from ui.run_charts import score_chart


@pytest.fixture
def run_id(workspace: Workspace) -> str:
    """A finished run whose report has every part."""
    id = make_run(workspace, scores=(0.2, 0.8))
    folder = workspace.run(id)
    plain = Report.load(folder)
    assert plain is not None
    frame = pd.DataFrame(
        {"anchor": [f"q{n}" for n in range(40)], "positive": [f"p{n}" for n in range(40)]}
    )
    task = make_task(frame, Shape.PAIRS)
    random = np.random.default_rng(1)
    table = random.uniform(0, 0.4, (40, 40))
    better = table + 0.5 * np.eye(40)
    replace(
        plain,
        dataset=load_run(workspace, id).config.dataset.id,
        passages=350,
        distractors=300,
        models=[*plain.models, ModelScores("fused", FUSED, {"ndcg@10": 0.9})],
        alarms=tuple(curve_alarms(Curve([(step, 1.5) for step in range(1, 20)]))),
        exam=Exam("c", "Shelf", 12, [ModelScores("tuned", "Shoes", {"ndcg@10": 0.7})]),
        calibration=calibrate(task, table, better, seed=1),
        confusables=Confusables(
            (Outcome("", 12, 0.5, 0.75, 0.25), Outcome("number", 12, 0.5, 0.75, 0.25)),
            (Mistake("阿莫西林大规格", "0.5g*24粒", "0.25g*24粒"),),
        ),
        own_questions=OwnQuestions(
            None,
            350,
            (
                Asked(
                    "夜里照明",
                    "夜灯",
                    Answers(("台灯",), (0.4,), 7),
                    Answers(("小夜灯 *N1*",), (0.9,), 1),
                ),
                Asked("别的", "没有", Answers((), (), None), Answers((), (), None)),
            ),
        ),
        hurting=Hurting(
            270, 3, (HurtingRow(5, 1.2, {"anchor": "键盘", "positive": "耳机"}, "静音键盘"),)
        ),
    ).save(folder)
    return id


def test_everything_in_a_report_is_shown_in_the_order_of_a_decision(
    workspace: Workspace, run_id: str
) -> None:
    app = open_screen("run")
    assert not app.exception
    words = shown(app)
    assert "Better than before: nDCG@10 rose from 0.2 to 0.8 on 50 held-out questions" in words
    order = [
        "Is it better?",
        "The exam: questions outside the training table",
        "From which similarity on is it a match?",
        "Can it tell similar things apart?",
        "Your own questions",
        "Rows that hurt",
    ]
    titles = [title.value for title in app.subheader]
    assert [title for title in titles if title in order] == order
    assert any("The loss hardly moved" in warning.value for warning in app.warning)
    assert "Every question was searched in 350 texts. 300 of them" in words
    assert "ahead 50% of the time before training and **75%** after" in words
    assert "expected text at rank 1" in words and "expected text at rank 7" in words
    assert "expected text is not among those searched" in words
    # What people wrote is shown letter by letter.
    assert r"\*N1\*" in words
    assert "3 of the 270 rows looked at are wrong" in words
    assert "Model and BM25 together" in str(app.table[0].value)


def test_the_report_can_be_read_in_chinese(workspace: Workspace, run_id: str) -> None:
    app = open_screen("run", locale="zh-CN")
    assert not app.exception and "夜里照明" in shown(app)


def test_a_row_that_hurts_links_to_its_place_in_the_table(
    workspace: Workspace, run_id: str
) -> None:
    app = open_screen("run")
    dataset = load_run(workspace, run_id).config.dataset.id
    (link,) = (one.proto for one in app.get("page_link") if one.proto.label == "Row 5")
    assert f"dataset={dataset}" in str(link) and "row=5" in str(link)
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.query_params["dataset"] = dataset
    app.query_params["row"] = "5"
    app.run()
    app.switch_page("../pages/data.py").run()
    words = shown(app)
    assert "**Row 5**" in words
    app.button(key="close_row").click().run()
    assert "**Row 5**" not in shown(app)


def test_a_test_that_was_left_out_says_why(workspace: Workspace, run_id: str) -> None:
    folder = workspace.run(run_id)
    report = Report.load(folder)
    assert report is not None
    replace(report, confusables=None, no_confusables=Message(SWITCHED_OFF)).save(folder)
    assert "was switched off for this run" in shown(open_screen("run"))


def test_held_out_scores_have_their_own_curve_and_a_star_where_they_were_best(
    workspace: Workspace,
) -> None:
    id = make_run(workspace, JobState.RUNNING)
    writer = EventWriter(workspace.run(id))
    writer.write({"type": "start", "step": 0, "steps": 20})
    plain = Curves()
    plain.update(workspace.run(id))
    assert "nDCG@10 on held-out rows" not in [one["name"] for one in loss_chart(plain, id)["data"]]
    for step, value in ((0, 0.2), (10, 0.6), (20, 0.5)):
        look = {"step": step, "epoch": step / 20, "metric": "ndcg@10", "value": value}
        writer.write({"type": "held_out_score", **look})
    writer.write({"type": "best", "step": 10, "value": 0.6})
    curves = Curves()
    curves.update(workspace.run(id))
    drawn = {one["name"]: one for one in loss_chart(curves, id)["data"]}
    assert drawn["nDCG@10 on held-out rows"]["y"] == [0.2, 0.6, 0.5]
    assert (drawn["Best so far"]["x"], drawn["Best so far"]["y"]) == ([10], [0.6])


def test_a_negative_correlation_is_inside_the_chart() -> None:
    models = [ModelScores("tuned", "Shoes", {"spearman": -0.4})]
    low, high = score_chart(models, "spearman", "title").layout.xaxis.range
    assert low < -0.4 and high > 1
