"""What a run does when memory is short: the next smaller plan, what it means, and that it lasts."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.training.checkpoints import CHECKPOINTS
from core.training.config import LossConfig
from core.training.memory import Plan, load_plan, save_plan, smaller


def plan(loss: str, batch_size: int, accumulation: int = 1, **parameters: int) -> Plan:
    return Plan(LossConfig(name=loss, parameters=dict(parameters)), batch_size, accumulation)


@pytest.mark.parametrize(
    ("loss", "static", "name", "batch", "times", "meaning"),
    [
        # Looks at one row at a time: adding up halves is the same.
        ("TripletLoss", False, "TripletLoss", 16, 2, "same"),
        ("CosineSimilarityLoss", False, "CosineSimilarityLoss", 16, 2, "same"),
        # Has a variant that sees the whole batch in parts.
        (
            "MultipleNegativesRankingLoss",
            False,
            "CachedMultipleNegativesRankingLoss",
            32,
            1,
            "cached",
        ),
        ("GISTEmbedLoss", False, "CachedGISTEmbedLoss", 32, 1, "cached"),
        # A static model cannot be cut into parts, and some losses have no such variant.
        ("MultipleNegativesRankingLoss", True, "MultipleNegativesRankingLoss", 16, 2, "fewer"),
        ("CoSENTLoss", False, "CoSENTLoss", 16, 2, "fewer"),
        ("BatchAllTripletLoss", False, "BatchAllTripletLoss", 16, 2, "fewer"),
    ],
)
def test_half_the_rows_at_a_time(
    loss: str, static: bool, name: str, batch: int, times: int, meaning: str
) -> None:
    less = smaller(plan(loss, 32), static=static)
    assert less is not None and less.meaning == meaning
    assert (less.plan.loss.name, less.plan.batch_size, less.plan.accumulation) == (
        name,
        batch,
        times,
    )
    assert less.plan.rows_at_once == 16
    (note,) = less.plan.notes
    said = note.text()
    assert "32 rows at a time" in said and "16" in said
    assert ("what it learns stays the same" in said) == (meaning != "fewer")
    assert ("learns less from each" in said) == (meaning == "fewer")


def test_parts_of_a_cached_loss_are_halved_until_one_row_is_left() -> None:
    now = plan("CachedMultipleNegativesRankingLoss", 64)
    sizes = [now.rows_at_once]
    while (less := smaller(now, static=False)) is not None:
        now = less.plan
        sizes.append(now.rows_at_once)
    assert sizes == [32, 16, 8, 4, 2, 1]
    assert now.batch_size == 64 and len(now.notes) == 5


def test_batches_by_class_keep_two_texts_of_two_classes() -> None:
    now, sizes = plan("BatchAllTripletLoss", 12), []
    while (less := smaller(now, static=False)) is not None:
        now = less.plan
        sizes.append(now.batch_size)
    assert sizes == [6]
    less = smaller(plan("BatchAllTripletLoss", 10), static=False)
    assert less is not None and less.plan.batch_size == 4


def test_an_odd_batch_is_not_made_smaller_than_it_was() -> None:
    less = smaller(plan("TripletLoss", 9, accumulation=2), static=False)
    assert less is not None
    assert less.plan.batch_size * less.plan.accumulation >= 9 * 2


def test_what_was_found_out_is_found_again(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINTS).mkdir()
    assert load_plan(tmp_path) is None
    less = smaller(plan("MultipleNegativesRankingLoss", 32), static=False)
    assert less is not None
    save_plan(tmp_path, less.plan)
    assert load_plan(tmp_path) == less.plan
