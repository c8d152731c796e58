"""Every alarm is provoked by a real run or by real figures, and stays silent beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.shapes import Shape
from core.models.bases import BaseConfig
from core.training.alarms import (
    Alarm,
    Curve,
    curve_alarms,
    ending_notes,
    exam_alarms,
    score_alarms,
)
from core.training.config import RunConfig
from core.training.evaluation import NotNumbers, Scores, make_task, score_lexical, score_model
from core.training.progress import LossNotANumber
from core.training.report import ModelScores, Report, judge
from core.workspace import Workspace
from tests.training.conftest import MakeConfig, run_here, sample_frame
from tests.training.test_evaluation import planted


def alarms_of(workspace: Workspace, config: RunConfig) -> dict[str, Alarm]:
    """Do the run; its alarms by their kind."""
    report = Report.load(run_here(workspace, config))
    assert report is not None
    return {alarm.kind: alarm for alarm in report.alarms}


def looked_at(config: RunConfig, **settings: object) -> RunConfig:
    """The same run with other settings of its evaluation."""
    evaluation = config.evaluation.model_copy(update=settings)
    return config.model_copy(update={"evaluation": evaluation})


def folder_base(path: Path) -> BaseConfig:
    return BaseConfig(kind="folder", path=str(path))


def test_a_run_that_learns_raises_no_alarm_about_its_training(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    config = make_config(triplets, folder_base(tiny_base), learning_rate=1e-3, epochs=3)
    found = alarms_of(workspace, config)
    assert not set(found) & {"nothing_learned", "loss_flat", "loss_floor", "overfitting"}


def test_a_learning_rate_that_is_far_too_low_teaches_nothing(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    config = make_config(triplets, folder_base(tiny_base), learning_rate=1e-7, epochs=4)
    found = alarms_of(workspace, config)
    assert {"nothing_learned", "loss_flat", "collapse"} <= set(found)
    assert "answers as it did before its first step" in found["nothing_learned"].what.text()
    # To random weights, as they are before any training, all texts are alike.
    assert found["collapse"].level == "error"


def test_a_learning_rate_that_is_far_too_high_ruins_a_good_model(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    good = run_here(workspace, make_config(triplets))
    again = make_config(
        triplets, BaseConfig(kind="run", run=good.name), learning_rate=5.0, epochs=1
    )
    ruined = alarms_of(workspace, looked_at(again, keep_best=False))
    assert ruined["worse_than_base"].level == "error"
    assert "worse_than_start" not in ruined and "best_step" not in ruined
    # The same again, stopped early and with the best model kept.
    saved = alarms_of(workspace, looked_at(again, patience=2))
    assert {"early_stop", "best_step"} <= set(saved)


def test_easy_rows_bring_the_loss_to_its_floor(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(
        triplets, None, "TripletLoss", {"triplet_margin": 0.05}, learning_rate=0.05, epochs=6
    )
    found = alarms_of(workspace, config)
    assert "almost 0 since step" in found["loss_floor"].what.text()
    # Few rows, a high rate: the pieces told texts apart better before they were learned.
    assert "worse_than_start" in found


def test_many_rounds_over_few_rows_are_learned_by_heart(
    workspace: Workspace, triplets: str, make_config: MakeConfig, tiny_base: Path
) -> None:
    # Vectors of its own would start where they nearly belong.
    base = BaseConfig(kind="static", vocabulary_size=600, start=str(tiny_base))
    config = make_config(triplets, base=base, learning_rate=0.05, epochs=8)
    found = alarms_of(workspace, config)
    assert "by heart" in found["overfitting"].what.text()
    assert found["overfitting"].what.params["step"] > 0


@pytest.fixture
def broken(workspace: Workspace, scored_pairs: str, make_config: MakeConfig) -> Path:
    """A model whose vectors are not numbers, as one is that came apart while it was trained."""
    from safetensors.torch import load_file, save_file

    model = run_here(workspace, make_config(scored_pairs, None, "CoSENTLoss", epochs=1)) / "model"
    (file,) = model.rglob("*.safetensors")
    weights = load_file(file)
    for weight in weights.values():
        weight[5:] = float("nan")
    save_file(weights, file)
    return model


def test_a_model_that_gives_no_numbers_is_not_scored_but_named(
    workspace: Workspace, scored_pairs: str, make_config: MakeConfig, broken: Path
) -> None:
    config = make_config(scored_pairs, folder_base(broken), "CoSENTLoss", epochs=1)
    with pytest.raises(NotNumbers, match="not numbers"):
        run_here(workspace, config)


def test_vectors_that_are_not_numbers_would_otherwise_be_ranked_first() -> None:
    frame = pd.DataFrame({"anchor": ["a", "b"], "positive": ["x", "y"]})
    task = make_task(frame, Shape.PAIRS)
    with pytest.raises(NotNumbers):
        score_model(task, lambda texts: np.full((len(texts), 4), np.nan, dtype=np.float32))


def test_a_loss_that_is_not_a_number_ends_the_run(
    workspace: Workspace, make_config: MakeConfig, tiny_base: Path
) -> None:
    """The broken word stands in a training row alone: scoring the held-out rows cannot see it."""
    import torch
    from sentence_transformers import SentenceTransformer

    from core.data.shapes import Mapping
    from tests.training.conftest import add_table

    frame = sample_frame(60)
    pairs = pd.DataFrame({"a": frame["anchor"], "b": frame["positive"], "s": "1"})
    pairs.loc[::2, "s"] = "0"
    held_out = ["train"] * 48 + ["test"] * 12
    words = set("".join(pairs["a"][48:]) + "".join(pairs["b"][48:]))
    broken = next(sign for sign in pairs["a"][0] if sign not in words)
    model = SentenceTransformer(str(tiny_base), device="cpu")
    number = model.tokenizer.convert_tokens_to_ids(broken)
    with torch.no_grad():
        model[0].auto_model.embeddings.word_embeddings.weight[number] = float("nan")
    folder = workspace.root / "broken"
    model.save_pretrained(str(folder))
    dataset = add_table(
        workspace, pairs.assign(side=held_out), Mapping("a", "b", score="s", split="side")
    )
    config = make_config(dataset, folder_base(folder), "CoSENTLoss", epochs=1, learning_rate=1e-4)
    with pytest.raises((LossNotANumber, NotNumbers)) as caught:
        run_here(workspace, config)
    assert "learning rate by a factor of ten" in caught.value.advice().text()


def scores_of(frame: pd.DataFrame) -> tuple[Scores, Scores]:
    """What planted vectors and what BM25 reach on these pairs."""
    task = make_task(frame, Shape.PAIRS)
    return score_model(task, planted), score_lexical(task)


def kinds(alarms: list[Alarm]) -> list[str]:
    return [alarm.kind for alarm in alarms]


def test_bm25_is_named_where_it_wins_and_not_where_no_word_is_shared() -> None:
    shared, other = sample_frame(60)[["anchor", "positive"]], sample_frame(60)
    other = pd.DataFrame({"anchor": [f"q{n:b}" for n in range(60)], "positive": other["positive"]})
    other["positive"] = other["positive"].str.replace(r"[a-zA-Z0-9 ]", "", regex=True)
    for frame, expected in ((shared, ["worse_than_bm25"]), (other, [])):
        dense, lexical = scores_of(frame)
        assert lexical.metrics["ndcg@10"] > 0.5 or not expected
        before = Scores({"ndcg@10": 0.0}, np.zeros_like(dense.per_question))
        found = score_alarms("better", "ndcg@10", "nDCG@10", before, dense, lexical)
        assert kinds(found) == expected


def test_a_base_that_answers_everything_has_nothing_left_to_learn() -> None:
    best = Scores({"ndcg@10": 1.0}, np.ones(30))
    nothing = Scores({"ndcg@10": 0.0}, np.zeros(30))
    assert score_alarms("unclear", "ndcg@10", "nDCG@10", best, best, nothing) == []
    half = Scores({"ndcg@10": 0.5}, np.full(30, 0.5))
    found = score_alarms("unclear", "ndcg@10", "nDCG@10", half, half, nothing)
    assert kinds(found) == ["nothing_learned"]
    # The mean is the same, but other questions are answered: something was learned.
    moved = Scores({"ndcg@10": 0.5}, np.array([0.2, 0.8] * 15))
    assert score_alarms("unclear", "ndcg@10", "nDCG@10", half, moved, nothing) == []


def test_the_verdict_worse_comes_with_its_alarm_and_better_without() -> None:
    frame = sample_frame(60)[["anchor", "positive"]]
    task = make_task(frame, Shape.PAIRS)
    good, bad = score_lexical(task), score_model(task, planted)
    for before, after, expected in ((good, bad, True), (bad, good, False)):
        verdict, _, _ = judge(task, before, after, seed=1)
        found = score_alarms(verdict, "ndcg@10", "nDCG@10", before, after, bad)
        assert ("worse_than_base" in kinds(found)) is expected


@pytest.mark.parametrize(
    ("tuned", "expected"),
    [
        (0.1, ["exam_worse_than_base", "exam_worse_than_bm25"]),
        (0.4, ["exam_worse_than_bm25"]),
        (0.7, []),
    ],
)
def test_the_exam_is_compared_with_the_base_and_with_bm25(
    tuned: float, expected: list[str]
) -> None:
    reached = {"base": 0.2, "tuned": tuned, "bm25": 0.6, "fused": 0.9}
    models = [ModelScores(role, role, {"ndcg@10": value}) for role, value in reached.items()]
    assert kinds(exam_alarms(models)) == expected


def points(*values: float) -> list[tuple[int, float]]:
    return [(10 * (place + 1), value) for place, value in enumerate(values)]


FALLING = points(*np.linspace(2, 0.5, 30))


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (Curve(FALLING), []),
        (Curve(points(*[1.5] * 30)), ["loss_flat"]),
        (Curve(points(*[1.5] * 5)), []),
        (Curve(points(*[1.0] * 3, *[1e-5] * 20)), ["loss_floor"]),
        (Curve(points(*[1.0] * 20, *[1e-5] * 5)), []),
        (Curve(FALLING, [(50, 1.0), (150, 0.8), (300, 1.2)]), ["overfitting"]),
        (Curve(FALLING, [(50, 1.2), (150, 1.0), (300, 1.01)]), []),
        # What was best before the first step is no sign of learning by heart.
        (Curve(FALLING, [(0, 0.1), (50, 1.2), (150, 1.0), (300, 0.9)]), []),
        (Curve(FALLING, score=[(50, 0.5), (150, 0.7), (300, 0.6)]), ["overfitting"]),
        (Curve(FALLING, score=[(50, 0.5), (150, 0.6), (300, 0.59)]), []),
        # Both got worse: that is not learning by heart.
        (Curve(FALLING[::-1], score=[(50, 0.5), (150, 0.7), (300, 0.6)]), []),
    ],
)
def test_curves(curve: Curve, expected: list[str]) -> None:
    sorted_curve = Curve(
        [(step, value) for (step, _), (_, value) in zip(FALLING, curve.train, strict=False)],
        curve.held_out,
        curve.score,
    )
    assert kinds(curve_alarms(sorted_curve)) == expected


def test_how_a_run_ended_is_said_as_it_was() -> None:
    training = {"steps": 80, "best_step": 30, "stopped_early": True}
    assert kinds(ending_notes(training, keep_best=True)) == ["early_stop", "best_step"]
    (only,) = ending_notes(training, keep_best=False)
    assert only.kind == "early_stop" and "from the last step" in only.do.text()
    whole = {"steps": 80, "best_step": 80, "stopped_early": False}
    assert ending_notes(whole, keep_best=True) == []
