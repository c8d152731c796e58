"""Training: the settings at work, the best model kept, memory that runs out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.store import load_dataset
from core.jobs import queue
from core.jobs.context import JobContext
from core.jobs.events import read_events
from core.jobs.status import JobState, JobStatus
from core.models.bases import BaseConfig
from core.training.config import RunConfig
from core.training.fitting import fit
from core.workspace import Workspace
from tests.training.conftest import MakeConfig

Fit = Callable[..., "Fitted"]


class Fitted:
    """A model that was trained, with what ``fit`` said and the events of the run."""

    def __init__(self, folder: Path, model: Any, result: dict[str, Any]) -> None:
        self.folder, self.model, self.result = folder, model, result
        self.events, _ = read_events(folder)

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {name: part.detach().numpy() for name, part in self.model.state_dict().items()}


@pytest.fixture
def fitted(workspace: Workspace, tiny_base: Path) -> Fit:
    """Trains the tiny base on 64 rows and looks at it with a score made up by the test."""

    def run(
        config: RunConfig,
        score: Callable[[Any], float] = lambda _model: 0.5,
        *,
        change: Callable[[Any], None] = lambda _model: None,
        device: str = "cpu",
    ) -> Fitted:
        from sentence_transformers import SentenceTransformer

        frame = load_dataset(workspace, config.dataset.id).frame()
        id = queue.submit(workspace, "train", config.to_dict(), name=config.name)
        folder = workspace.run(id)
        JobStatus.load(folder).moved(JobState.RUNNING).save(folder)
        job = JobContext(workspace, folder, queue.read_spec(folder), device)
        model = SentenceTransformer(str(tiny_base), device="cpu")
        change(model)
        train, held_out = frame[:64], frame[64:].reset_index(drop=True)
        result = fit(job, config, train, held_out, model, None, score)
        job.finish(JobState.SUCCEEDED)
        return Fitted(folder, model, result)

    return run


@pytest.fixture
def config(triplets: str, make_config: MakeConfig, tiny_base: Path) -> Callable[..., RunConfig]:
    """A configuration for the tiny base; ``looks`` are settings of the evaluation."""

    def make(looks: dict[str, Any] | None = None, **settings: Any) -> RunConfig:
        base = BaseConfig(kind="folder", path=str(tiny_base))
        made = make_config(triplets, base, **{"learning_rate": 1e-3, **settings})
        evaluation = made.evaluation.model_copy(update={"evaluations": 4, **(looks or {})})
        return made.model_copy(update={"evaluation": evaluation})

    return make


Make = Callable[..., RunConfig]


def of_steps(values: list[float]) -> tuple[Callable[[Any], float], list[dict[str, np.ndarray]]]:
    """A score that says these values one after another, and the weights that it was asked of."""
    seen: list[dict[str, np.ndarray]] = []

    def score(model: Any) -> float:
        parts = model.state_dict().items()
        seen.append({name: part.detach().numpy().copy() for name, part in parts})
        return values[len(seen) - 1]

    return score, seen


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(value, other[name]) for name, value in one.items())


def test_the_model_is_looked_at_a_fraction_of_the_total_and_ends_as_it_was_best(
    fitted: Fit, config: Make
) -> None:
    score, seen = of_steps([0.1, 0.4, 0.9, 0.7, 0.6])
    run = fitted(config(), score)
    assert [(one["step"], one["value"]) for one in run.of("held_out_score")] == [
        (0, 0.1),
        (4, 0.4),
        (8, 0.9),
        (12, 0.7),
        (16, 0.6),
    ]
    assert {one["metric"] for one in run.of("held_out_score")} == {"ndcg@10"}
    assert [(one["step"], one["value"]) for one in run.of("best")] == [(4, 0.4), (8, 0.9)]
    assert (run.result["best_step"], run.result["best_value"]) == (8, 0.9)
    assert run.result["steps"] == 16 and not run.result["stopped_early"]
    assert equal(run.weights, seen[2]) and not equal(run.weights, seen[4])


def test_without_keeping_the_best_it_ends_as_it_was_last(fitted: Fit, config: Make) -> None:
    score, seen = of_steps([0.1, 0.4, 0.9, 0.7, 0.6])
    run = fitted(config({"keep_best": False}), score)
    assert run.result["best_step"] == 8 and run.of("best") == []
    assert equal(run.weights, seen[4])


def test_patience_ends_it_early_and_no_patience_does_not(fitted: Fit, config: Make) -> None:
    score, seen = of_steps([0.1, 0.9, 0.8, 0.7, 0.6])
    run = fitted(config({"patience": 2}), score)
    assert [one["step"] for one in run.of("early_stop")] == [12]
    assert run.result["stopped_early"] and run.result["steps"] == 12
    assert run.result["planned_steps"] == 16
    assert len(seen) == 4 and equal(run.weights, seen[1])
    again, _ = of_steps([0.1, 0.9, 0.8, 0.9, 0.6])
    # Every second look brings something at least as good.
    assert not fitted(config({"patience": 3}), again).result["stopped_early"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("linear", lambda share: 1 - share),
        ("cosine", lambda share: 0.5 * (1 + np.cos(np.pi * share))),
        ("constant", lambda _share: 1.0),
    ],
)
def test_the_learning_rate_goes_as_the_schedule_says(
    fitted: Fit, config: Make, schedule: str, expected: Callable[[float], float]
) -> None:
    run = fitted(config(schedule=schedule, warmup_share=0.25, learning_rate=1e-3))
    rates = {one["step"]: one["learning_rate"] for one in run.of("train")}
    # The rate of step n is the one that was set after n - 1 steps; 4 of 16 steps warm up.
    for step, rate in rates.items():
        done = step - 1
        share = done / 4 if done < 4 else expected((done - 4) / 12)
        assert rate == pytest.approx(1e-3 * share, abs=1e-9), step
    assert set(rates) == set(range(1, 17))


def test_accumulated_halves_teach_what_whole_batches_teach(fitted: Fit, config: Make) -> None:
    def alike(model: Any) -> None:
        # Chance inside the model would differ between the two.
        for module in model.modules():
            if type(module).__name__ == "Dropout":
                module.p = 0.0

    def trained(**settings: Any) -> Fitted:
        made = config({"keep_best": False}, **settings)
        loss = made.loss.model_copy(
            update={"name": "TripletLoss", "parameters": {"triplet_margin": 1.9}}
        )
        return fitted(made.model_copy(update={"loss": loss}), change=alike)

    whole = trained(batch_size=8)
    halves = trained(batch_size=4, gradient_accumulation=2)
    assert halves.result["steps"] == whole.result["steps"] == 16
    for name, value in whole.weights.items():
        np.testing.assert_allclose(halves.weights[name], value, atol=2e-4, err_msg=name)


def test_gradient_checkpointing_changes_nothing_but_the_memory(fitted: Fit, config: Make) -> None:
    import torch

    counted = {True: 0, False: 0}

    def trained(on: bool) -> Fitted:
        def count(model: Any) -> None:
            layer = model[0].auto_model.encoder.layer[0].attention
            layer.register_forward_hook(
                lambda *_: counted.__setitem__(on, counted[on] + torch.is_grad_enabled())
            )

        return fitted(config(gradient_checkpointing=on), change=count)

    with_it, without = trained(True), trained(False)
    assert [one["loss"] for one in with_it.of("train")] == pytest.approx(
        [one["loss"] for one in without.of("train")], rel=1e-4
    )
    # Each layer is worked through once more on the way back.
    assert counted[True] > counted[False] > 0


def test_prompts_are_put_before_the_texts_and_stored_with_the_model(
    workspace: Workspace, triplets: str, fitted: Fit, config: Make, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    texts: list[str] = []

    def listen(model: Any) -> None:
        preprocess = model.preprocess

        def heard(inputs: list[str], prompt: str | None = None, **rest: Any) -> Any:
            texts.extend(f"{prompt or ''}{text}" for text in inputs)
            return preprocess(inputs, prompt=prompt, **rest)

        model.preprocess = heard

    run = fitted(config(query_prompt="问: ", document_prompt="答: ", epochs=1), change=listen)
    frame = load_dataset(workspace, triplets).frame()
    wanted = {f"问: {text}" for text in frame["anchor"]}
    wanted |= {f"答: {text}" for role in ("positive", "negative") for text in frame[role]}
    assert wanted <= set(texts)
    del run.model.preprocess
    run.model.save_pretrained(str(tmp_path / "model"))
    again = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    assert again.prompts["query"] == "问: " and again.prompts["document"] == "答: "


def test_a_seed_of_the_order_changes_the_order_only(fitted: Fit, config: Make) -> None:
    def first_losses(**seeds: int) -> list[float]:
        return [one["loss"] for one in fitted(config(epochs=1, **seeds)).of("train")]

    usual = first_losses(seed=3)
    assert first_losses(seed=3, data_seed=3) == pytest.approx(usual)
    assert first_losses(seed=3, data_seed=4) != pytest.approx(usual)


def test_what_share_is_filling_is_on_record(
    workspace: Workspace, fitted: Fit, config: Make
) -> None:
    (start,) = fitted(config(epochs=1)).of("start")
    assert start["padding"]["share"] == 0 < start["padding"]["any_order"] < 1
    # A loss that reads texts in parts has them filled up, like lengths together or not.
    made = with_loss(config(epochs=1, group_by_length=False), "CachedMultipleNegativesRankingLoss")
    (start,) = fitted(made).of("start")
    shares = start["padding"]
    assert shares["share"] == pytest.approx(shares["any_order"], abs=0.02) and shares["share"] > 0


class Narrow:
    """Stands for a device that has room for the texts of ``rows``: raises what CUDA raises.

    All three columns go through the model at once, except with losses that work in parts: those
    encode the first column by itself, the other two at once.
    """

    def __init__(self, rows: int, after: int = 0) -> None:
        self.most, self.after, self.calls = rows, after, 0
        self.sizes: list[int] = []

    def __call__(self, model: Any) -> None:
        import torch

        def check(_module: Any, inputs: tuple[Any, ...]) -> None:
            if not torch.is_grad_enabled() or not model.training:
                return
            rows = rows_in(inputs[0])
            self.calls += 1
            if rows > self.most and self.calls > self.after:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            self.sizes.append(rows)

        model[0].register_forward_pre_hook(check)


def rows_in(features: dict[str, Any]) -> int:
    """How many triplets a model is given at once."""
    starts = features.get("cu_seq_lens_q")
    return len(features["input_ids"]) // 2 if starts is None else (len(starts) - 1) // 3


def with_loss(made: RunConfig, name: str) -> RunConfig:
    return made.model_copy(update={"loss": made.loss.model_copy(update={"name": name})})


def test_when_memory_runs_out_the_batch_is_halved_and_the_run_goes_on(
    fitted: Fit, config: Make
) -> None:
    narrow = Narrow(3)
    run = fitted(with_loss(config(), "TripletLoss"), change=narrow)
    said = [(one["from"], one["to"], one["meaning"]) for one in run.of("micro_batch")]
    assert said == [(8, 4, "same"), (4, 2, "same")]
    assert max(narrow.sizes) == 2
    assert run.result["steps"] == 16 and run.result["batch_size"] == 2
    assert run.result["notes"][-1]["params"] == {"before": 4, "after": 2, "times": 4}
    assert sorted({one["step"] for one in run.of("train")}) == list(range(1, 17))


def test_a_ranking_loss_goes_over_to_its_cached_variant(fitted: Fit, config: Make) -> None:
    narrow = Narrow(4)
    run = fitted(config(), change=narrow, device="cuda:0")
    (said,) = run.of("micro_batch")
    assert (said["from"], said["to"], said["meaning"]) == (8, 4, "cached")
    assert max(narrow.sizes) <= 4 and run.result["steps"] == 16
    (note,) = run.result["notes"]
    assert note["params"]["loss"] == "CachedMultipleNegativesRankingLoss"


def test_memory_that_runs_out_later_costs_only_what_followed_the_last_checkpoint(
    fitted: Fit, config: Make
) -> None:
    # In the eleventh step; checkpoints are taken after every eighth.
    narrow = Narrow(4, after=10)
    run = fitted(with_loss(config(), "TripletLoss"), change=narrow)
    assert [one["step"] for one in run.of("resumed")] == [8]
    assert len(run.of("micro_batch")) == 1
    assert run.result["steps"] == 16 and run.of("train")[-1]["step"] == 16
    # Ten steps fitted; then eight of two parts each.
    assert len(narrow.sizes) == 10 + 8 * 2


def test_a_single_row_that_does_not_fit_fails_the_run(fitted: Fit, config: Make) -> None:
    import torch

    with pytest.raises(torch.OutOfMemoryError):
        fitted(with_loss(config(), "TripletLoss"), change=Narrow(0))


def test_with_memory_enough_nothing_is_said(fitted: Fit, config: Make) -> None:
    run = fitted(config(), change=Narrow(8))
    assert run.of("micro_batch") == [] and run.result["notes"] == []
    assert run.result["batch_size"] == 8


@pytest.mark.parametrize("precision", ["auto", "fp32"])
def test_arithmetic_on_the_cpu_is_full(tmp_path: Path, config: Make, precision: str) -> None:
    from core.training.memory import Plan
    from core.training.trainer import make_arguments

    made = config(precision=precision, weight_decay=0.1)
    arguments = make_arguments(tmp_path, "cpu", made.training, Plan.of(made), max_steps=1)
    assert not arguments.bf16 and not arguments.tf32 and arguments.use_cpu
    assert arguments.weight_decay == 0.1


@pytest.mark.parametrize(
    ("capability", "precision", "bf16", "tf32"),
    [
        ((9, 0), "auto", True, True),
        ((8, 0), "auto", True, True),
        ((7, 5), "auto", False, None),
        ((9, 0), "fp32", False, None),
        ((9, 0), "bf16", True, None),
    ],
)
def test_arithmetic_on_a_gpu_is_what_it_does_well(
    tmp_path: Path,
    config: Make,
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    precision: str,
    bf16: bool,
    tf32: bool | None,
) -> None:
    """No GPU is at hand: the capability is made up, and what the library is told is looked at."""
    import torch

    from core.training import trainer
    from core.training.memory import Plan

    told: dict[str, Any] = {}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(
        trainer, "SentenceTransformerTrainingArguments", lambda **given: told.update(given)
    )
    made = config(precision=precision)
    trainer.make_arguments(tmp_path, "cuda:0", made.training, Plan.of(made))
    assert (told["bf16"], told["tf32"], told["use_cpu"]) == (bf16, tf32, False)


def test_the_untrained_model_is_never_the_best(fitted: Fit, config: Make) -> None:
    score, seen = of_steps([0.9, 0.1, 0.2, 0.3, 0.2])
    run = fitted(config(), score)
    assert run.result["best_step"] == 12 and equal(run.weights, seen[3])
