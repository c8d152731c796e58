"""Training from configuration to report: real models, files, and numbers computed twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.shapes import Shape
from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.context import STOP_FILE
from core.jobs.events import read_events
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig, resolve
from core.models.bundled import BUNDLED_NAME
from core.training import artifacts
from core.training.checkpoints import checkpoint_step, last_whole_checkpoint
from core.training.evaluation import METRIC_NAMES
from core.training.losses.registry import LOSSES
from core.training.opening import DatasetChanged
from core.training.report import Report
from core.training.runs import Curves, load_run
from core.workspace import PROJECT_ROOT, Workspace
from tests.training.conftest import MakeConfig, run_here


def weights(model: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(model / "model.safetensors")


def test_a_static_run_leaves_a_model_a_curve_and_a_report(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    folder = run_here(workspace, make_config(triplets))
    run = load_run(workspace, folder.name)
    assert run.status.state is JobState.SUCCEEDED and run.model is not None
    curves = Curves()
    assert curves.update(folder) and not curves.update(folder)
    assert [curves.train[0]["step"], curves.train[-1]["step"]] == [1, curves.steps]
    assert curves.held_out[0]["step"] == 0 and curves.held_out[-1]["step"] == curves.steps
    assert curves.train[-1]["loss"] < curves.train[0]["loss"]
    assert all(point["rows_per_second"] > 0 for point in curves.train)
    report = Report.load(folder)
    assert report is not None
    assert [model.role for model in report.models] == [
        "base",
        "untrained",
        "tuned",
        "bm25",
        "fused",
    ]
    assert report.scores("base").name == BUNDLED_NAME
    assert all(set(model.metrics) <= set(METRIC_NAMES) for model in report.models)
    assert not (folder / "checkpoints").exists()
    assert len(artifacts.load_examples(folder)) == 5


def test_the_reports_numbers_equal_the_librarys_own_evaluators(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import (
        InformationRetrievalEvaluator,
        TripletEvaluator,
    )

    folder = run_here(workspace, make_config(triplets))
    report = Report.load(folder)
    assert report is not None
    held_out = pd.read_parquet(folder / artifacts.HELD_OUT)
    # Besides the held-out answers, those of the training rows are searched: all fit in.
    frame = load_dataset(workspace, triplets).frame()
    others = frame[~frame["anchor"].isin(held_out["anchor"])]["positive"]
    texts = list(dict.fromkeys([*held_out["positive"], *held_out["negative"], *others]))
    assert (len(texts), report.questions) == (report.passages, len(held_out["anchor"].unique()))
    corpus = {f"d{number}": text for number, text in enumerate(texts)}
    ids = {text: id for id, text in corpus.items()}
    queries = {f"q{i}": anchor for i, anchor in enumerate(held_out["anchor"].unique())}
    relevant = {
        id: {ids[p] for p in held_out.loc[held_out["anchor"] == anchor, "positive"]}
        for id, anchor in queries.items()
    }
    retrieval = InformationRetrievalEvaluator(queries, corpus, relevant, write_csv=False)
    triplet = TripletEvaluator(
        *(held_out[name].tolist() for name in ("anchor", "positive", "negative")), write_csv=False
    )
    reached = []
    for role, path in (
        ("base", bundled_path()),
        ("tuned", folder / artifacts.MODEL),
    ):
        model = SentenceTransformer(str(path), device="cpu")
        found, ours = retrieval(model), report.scores(role).metrics
        for name in ("ndcg@10", "mrr@10", "map@100", "recall@10"):
            assert ours[name] == pytest.approx(found[f"cosine_{name}"], abs=1e-6), (role, name)
        accuracy = triplet(model)["cosine_accuracy"]
        assert ours["triplet_accuracy"] == pytest.approx(accuracy, abs=1e-6)
        reached.append(found["cosine_ndcg@10"])
    assert report.difference["value"] == pytest.approx(reached[1] - reached[0], abs=1e-6)
    sentence = report.opening()[0].text()
    for value in (*reached, report.difference["low"], report.difference["high"]):
        assert f"{round(value, 3)}" in sentence


def test_the_model_is_looked_at_as_often_as_asked_and_scored_on_the_held_out_rows(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets)
    looks = config.evaluation.model_copy(update={"evaluations": 4})
    folder = run_here(workspace, config.model_copy(update={"evaluation": looks}))
    curves, report = Curves(), Report.load(folder)
    curves.update(folder)
    assert [look["step"] for look in curves.held_out_scores] == [0, 4, 8, 12, 16]
    values = [look["value"] for look in curves.held_out_scores]
    assert report is not None
    assert values[0] == pytest.approx(report.scores("untrained").metrics["ndcg@10"])
    # The best of them is kept, and is what the report scores.
    assert report.training["best_value"] == max(values[1:])
    assert report.scores("tuned").metrics["ndcg@10"] == pytest.approx(max(values[1:]))


def test_scored_pairs_and_classes_are_reported_too(
    workspace: Workspace, scored_pairs: str, classes: str, make_config: MakeConfig
) -> None:
    pairs = Report.load(run_here(workspace, make_config(scored_pairs, None, "CoSENTLoss")))
    assert pairs is not None and pairs.primary == "spearman" and pairs.distractors == 0
    for role in ("base", "tuned", "bm25", "fused"):
        assert {"spearman", "pearson", "average_precision", "f1", "accuracy"} <= set(
            pairs.scores(role).metrics
        )
    assert set(pairs.scores("tuned").thresholds) == {"f1", "accuracy"}
    assert pairs.calibration is not None and not pairs.calibration.from_others
    assert pairs.hurting is not None and "score" in pairs.hurting.rows[0].texts
    groups = Report.load(run_here(workspace, make_config(classes, None, "BatchAllTripletLoss")))
    assert groups is not None and groups.primary == "ndcg@10"
    assert groups.no_confusables is not None and groups.hurting is not None


def bundled_path() -> Path:
    """The folder of the base that is compared with when a model is made from nothing."""
    path = resolve(Workspace.open(), artifacts.BUNDLED).path
    assert path is not None
    return path


WHOLE_RUNS = (
    # One of each kind of labels and batches; tests/training/test_losses.py tries every loss.
    "MultipleNegativesRankingLoss",
    pytest.param("CachedGISTEmbedLoss", marks=pytest.mark.slow),  # loads a guide model
    "TripletLoss",
    "CoSENTLoss",
    "ContrastiveLoss",
    "SoftmaxLoss",
    "BatchHardSoftMarginTripletLoss",
)


@pytest.mark.parametrize("loss", WHOLE_RUNS)
def test_whole_runs_with_losses_of_each_kind(
    workspace: Workspace,
    triplets: str,
    scored_pairs: str,
    classes: str,
    make_config: MakeConfig,
    tiny_base: Path,
    loss: str,
) -> None:
    spec = LOSSES[loss]
    dataset = {Shape.SCORED_PAIRS: scored_pairs, Shape.CLASSES: classes}.get(
        spec.shapes[0], triplets
    )
    base = BaseConfig(kind="folder", path=str(tiny_base))
    config = make_config(dataset, base, loss, epochs=1, learning_rate=2e-3)
    config = config.model_copy(
        update={
            "loss": config.loss.model_copy(update={"matryoshka": (16,) if spec.matryoshka else ()}),
            # The best of a few steps may be the first, before which the rate was 0.
            "evaluation": config.evaluation.model_copy(update={"keep_best": False}),
        }
    )
    folder = run_here(workspace, config)
    before, after = weights(tiny_base), weights(folder / "model")
    assert before.keys() == after.keys()
    assert any(not np.array_equal(before[name], after[name]) for name in before)
    report = Report.load(folder)
    assert report is not None
    assert report.primary == ("spearman" if dataset == scored_pairs else "ndcg@10")
    assert report.scores("base").name == "model"
    card = (folder / "model" / "README.md").read_text(encoding="utf-8")
    assert loss in card and ("MatryoshkaLoss" in card) is spec.matryoshka


def test_several_negatives_are_all_learned_from_and_all_scored(
    workspace: Workspace, several_negatives: str, make_config: MakeConfig
) -> None:
    folder = run_here(workspace, make_config(several_negatives, epochs=1))
    held_out = pd.read_parquet(folder / artifacts.HELD_OUT)
    assert {"negative", "negative_2"} <= set(held_out.columns)
    report = Report.load(folder)
    assert report is not None and "triplet_accuracy" in report.scores("tuned").metrics


@pytest.mark.parametrize("loss", ["MultipleNegativesRankingLoss", "SoftmaxLoss"])
def test_a_stopped_run_resumes_from_its_checkpoint_and_ends_as_if_never_stopped(
    workspace: Workspace,
    triplets: str,
    scored_pairs: str,
    make_config: MakeConfig,
    tiny_base: Path,
    loss: str,
) -> None:
    config = make_config(
        scored_pairs if loss == "SoftmaxLoss" else triplets,
        BaseConfig(kind="folder", path=str(tiny_base)),
        loss,
        learning_rate=1e-3,
        epochs=3,
        batch_size=16 if loss == "SoftmaxLoss" else 8,
    )
    whole = run_here(workspace, config)

    id = queue.submit(workspace, "train", config.to_dict(), name="stopped")
    stop_after(workspace.run(id), step=7)
    folder = run_here(workspace, config, id)
    assert JobStatus.load(folder).state is JobState.CANCELLED
    checkpoint = last_whole_checkpoint(folder)
    assert checkpoint is not None and 7 <= checkpoint_step(checkpoint) < 20
    assert not (folder / "model").exists()

    queue.resume(workspace, id)
    folder = run_here(workspace, config, id)
    assert JobStatus.load(folder).state is JobState.SUCCEEDED
    assert JobStatus.load(folder).attempt == 1
    ours, theirs = weights(folder / "model"), weights(whole / "model")
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6, err_msg=name)
    resumed, straight = Curves(), Curves()
    resumed.update(folder)
    straight.update(whole)
    assert [p["step"] for p in resumed.train] == [p["step"] for p in straight.train]
    assert [p["loss"] for p in resumed.train] == pytest.approx(
        [p["loss"] for p in straight.train], abs=1e-5
    )
    assert "resumed" in [event["type"] for event in read_events(folder)[0]]


def stop_after(folder: Path, step: int) -> None:
    """Let a stop request appear while step ``step`` is done, as a click on Stop would."""
    import threading
    import time

    def watch() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            events, _ = read_events(folder)
            done = [event["step"] for event in events if event["type"] == "train"]
            if done and max(done) >= step - 1:
                (folder / STOP_FILE).write_text(json.dumps({"requested": "2026-01-01T00:00:00Z"}))
                return
            time.sleep(0.0005)

    threading.Thread(target=watch, daemon=True).start()


def test_the_model_folder_names_its_base_and_no_path_of_this_machine(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(
        triplets, BaseConfig(kind="bundled"), epochs=0.1, batch_size=8, learning_rate=2e-5
    )
    folder = run_here(workspace, config)
    card = (folder / "model" / "README.md").read_text(encoding="utf-8")
    assert f"base_model: {BUNDLED_NAME}" in card
    assert artifacts.load_examples(folder)[0].source in card
    assert "MultipleNegativesRankingLoss" in card
    for file in (folder / "model").rglob("*"):
        if file.suffix in {".json", ".md", ".txt"}:
            text = file.read_text(encoding="utf-8")
            for path in (str(workspace.root), str(PROJECT_ROOT), "site-packages"):
                assert path not in text, f"{file.name} names {path}"


def test_a_configuration_for_another_table_is_refused(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    config = make_config(triplets)
    other = config.model_copy(
        update={"dataset": config.dataset.model_copy(update={"content_hash": "0" * 64})}
    )
    with pytest.raises(DatasetChanged, match="not the one that this configuration was made for"):
        run_here(workspace, other)
