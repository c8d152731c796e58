"""The trainer itself: every row once an epoch, a resumed curve, batches made by other processes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.training import trainer as training_module
from core.training.config import LossConfig, TrainingConfig

ROWS = 50
TABLE = pd.DataFrame(
    {
        "anchor": [f"shoe {row} " + "long " * (row % 10) for row in range(ROWS)],
        "positive": [f"answer {row % 40} " + "word " * (row % 7) for row in range(ROWS)],
    }
)
CLASSES = pd.DataFrame(
    {"anchor": TABLE["anchor"], "label": np.random.default_rng(0).integers(0, 4, ROWS)}
)
TABLES = {
    # One pass; filled up; two of each class.
    "MultipleNegativesRankingLoss": TABLE,
    "CachedMultipleNegativesRankingLoss": TABLE,
    "BatchAllTripletLoss": CLASSES,
}


class Run:
    """A training of a few epochs: the rows of each step and the points of the curve."""

    def __init__(
        self, base: Path, folder: Path, loss: str, resume: int = 0, **settings: Any
    ) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers import TrainerCallback

        from core.training.losses.registry import build_loss, loss_named
        from core.training.losses.spec import LossContext
        from core.training.memory import Plan
        from core.training.rows import TrainingRows
        from core.training.trainer import Trainer, make_arguments

        model = SentenceTransformer(str(base), device="cpu", local_files_only=True)
        rows = TrainingRows(model, TABLES[loss], {})
        self.steps: list[list[int]] = []
        seen = self.steps
        number = {
            tuple(ids): row
            for row, ids in enumerate(model.tokenizer(TABLES[loss]["anchor"].tolist())["input_ids"])
        }

        class Watched(Trainer):
            def training_step(self, model: Any, inputs: dict[str, Any], *more: Any) -> Any:
                if "rows" in inputs:
                    seen.append(inputs["rows"].tolist())
                else:
                    ids = inputs["anchor_input_ids"].tolist()
                    masks = inputs["anchor_attention_mask"].tolist()
                    texts = (
                        tuple(one for one, kept in zip(text, mask, strict=True) if kept)
                        for text, mask in zip(ids, masks, strict=True)
                    )
                    seen.append([number[text] for text in texts])
                return super().training_step(model, inputs, *more)

        training = TrainingConfig(batch_size=8, epochs=3, warmup_share=0, **settings)
        plan = Plan(LossConfig(name=loss), 8, training.gradient_accumulation)
        arguments = make_arguments(
            folder, "cpu", training, plan, logging_steps=4, save_strategy="steps", save_steps=6
        )
        spec = loss_named(loss)
        context = LossContext(grades=0, load_model=lambda name: model)
        self.trainer = Watched(
            model=model,
            args=arguments,
            loss=build_loss(spec, model, {}, context),
            callbacks=[TrainerCallback()],
            learned=rows,
            measured=None,
            spec=spec,
            training=training,
        )
        checkpoint = str(folder / f"checkpoint-{resume}") if resume else None
        self.trainer.train(resume_from_checkpoint=checkpoint)
        self.curve = {
            point["step"]: point["loss"]
            for point in self.trainer.state.log_history
            if "loss" in point
        }
        self.weights = {name: part.numpy() for name, part in model.state_dict().items()}


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("loss", list(TABLES))
def test_every_row_is_learned_from_exactly_once_an_epoch(
    tiny_base: Path, tmp_path: Path, loss: str, apart: bool, grouped: bool
) -> None:
    settings = {"separate_duplicates": apart, "group_by_length": grouped}
    run = Run(tiny_base, tmp_path, loss, **settings)
    batches = len(run.steps) // 3
    for epoch in range(3):
        steps = run.steps[epoch * batches : (epoch + 1) * batches]
        assert Counter(row for step in steps for row in step) == Counter(range(ROWS))


@pytest.mark.parametrize("settings", [{}, {"gradient_accumulation": 2}])
@pytest.mark.parametrize("loss", list(TABLES))
def test_a_resumed_run_has_the_rows_the_curve_and_the_weights_of_one_that_never_stopped(
    tiny_base: Path, tmp_path: Path, loss: str, settings: dict[str, Any]
) -> None:
    whole = Run(tiny_base, tmp_path, loss, **settings)
    together = settings.get("gradient_accumulation", 1)
    batches = len(whole.steps) // 3
    steps = -(-batches // together)
    # In the middle of an epoch, and between two points of the curve.
    assert 6 % steps and 6 % 4
    resumed = Run(tiny_base, tmp_path, loss, resume=6, **settings)
    assert resumed.steps == whole.steps[6 // steps * batches + 6 % steps * together :]
    points = [step for step in whole.curve if step > 6]
    assert len(points) > 1 and list(resumed.curve) == [*[s for s in whole.curve if s <= 6], *points]
    for step in points:
        assert resumed.curve[step] == pytest.approx(whole.curve[step], abs=1e-6)
    for name, part in whole.weights.items():
        np.testing.assert_allclose(resumed.weights[name], part, atol=1e-6, err_msg=name)


def test_batches_that_other_processes_make_teach_the_same(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Run(tiny_base, tmp_path / "alone", "CachedMultipleNegativesRankingLoss")
    monkeypatch.setitem(training_module._WORKERS, "cpu", 2)
    helped = Run(tiny_base, tmp_path / "helped", "CachedMultipleNegativesRankingLoss")
    assert helped.trainer.get_train_dataloader().num_workers == 2
    assert helped.steps == alone.steps and helped.curve == alone.curve


def test_the_share_of_filling_is_that_of_the_batches(tiny_base: Path, tmp_path: Path) -> None:
    run = Run(tiny_base, tmp_path, "CachedMultipleNegativesRankingLoss")
    loader = run.trainer.get_train_dataloader()
    masks = [
        batch[f"{column}_attention_mask"].numpy()
        for batch in loader
        for column in ("anchor", "positive")
    ]
    filling = 1 - sum(mask.sum() for mask in masks) / sum(mask.size for mask in masks)
    found = run.trainer.padding()
    assert found is not None and 0 < found.share == pytest.approx(filling)
    assert found.share < found.any_order
