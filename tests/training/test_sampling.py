"""Every row once an epoch, whichever rows may share a batch."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from core.training.sampling import BatchSampler, Traits, padding_share, plan

ROWS = 230


def traits(kind: str, *, by_length: bool, seed: int = 0) -> Traits:
    """Rows with lengths as texts have them, repeated texts and classes."""
    draw = np.random.default_rng(seed)
    lengths = draw.lognormal(3, 1, (ROWS, 2)).astype(np.int64) + 3
    anchors, answers = draw.integers(0, 60, ROWS), 60 + draw.integers(0, 150, ROWS)
    return Traits(
        ROWS,
        lengths if by_length else None,
        np.stack([anchors, answers], axis=1) if kind == "no_duplicates" else None,
        draw.integers(0, 7, ROWS) if kind == "by_class" else None,
    )


KINDS = ("any", "no_duplicates", "by_class")


@pytest.mark.parametrize("together", [1, 4])
@pytest.mark.parametrize("batch_size", [4, 16, 100, 300])
@pytest.mark.parametrize("by_length", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_row_comes_exactly_once_an_epoch(
    kind: str, by_length: bool, batch_size: int, together: int
) -> None:
    rows = traits(kind, by_length=by_length)
    sampler = BatchSampler(rows, batch_size, epochs=3, seed=1, together=together)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler) >= -(-ROWS // batch_size)
        assert sorted(row for batch in batches for row in batch) == list(range(ROWS))
        assert max(map(len, batches)) <= batch_size
        if rows.texts is not None:
            for batch in batches:
                seen = Counter(text for row in batch for text in set(rows.texts[row].tolist()))
                assert max(seen.values()) == 1
        if rows.classes is not None:
            counts = [Counter(rows.classes[batch].tolist()).values() for batch in batches]
            paired = [sum(count > 1 for count in batch) > 1 for batch in counts]
            # At four rows a batch the odd row of each of seven classes has no place in a pair.
            assert paired.count(False) <= (2 if batch_size == 4 else 0)


@pytest.mark.parametrize("by_length", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_an_epochs_batches_depend_on_the_seed_and_the_epoch_alone(
    kind: str, by_length: bool
) -> None:
    def batches(seed: int, epoch: int) -> list[list[int]]:
        sampler = BatchSampler(traits(kind, by_length=by_length), 16, epochs=3, seed=seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert batches(1, 2) == batches(1, 2)
    assert batches(1, 2) != batches(1, 1)
    assert batches(1, 2) != batches(2, 2)


def test_a_text_in_many_rows_makes_more_and_smaller_batches() -> None:
    # One text in 30 of 100 rows: at batches of 10 there must be 30 of them.
    texts = np.stack([np.arange(100), np.where(np.arange(100) < 30, 1_000, 500 + np.arange(100))])
    batches = plan(Traits(100, None, texts.T), 10, np.random.default_rng(0))
    assert len(batches) == 30 == Traits(100, None, texts.T).most_repeated()
    assert max(map(len, batches)) == 4


def test_a_text_twice_in_a_row_counts_once() -> None:
    texts = np.array([[1, 1], [1, 2], [3, 2], [0, 4]])
    assert Traits(4, None, texts).most_repeated() == 2
    assert Traits(4).most_repeated() == 1


def test_rows_without_common_texts_fill_their_batches() -> None:
    # Eight batches of eight rows hold all 64 only if hardly a place is left empty.
    draw = np.random.default_rng(0)
    texts = np.stack([np.arange(64), 100 + draw.integers(0, 40, 64)], axis=1)
    for seed in range(20):
        assert len(plan(Traits(64, None, texts), 8, np.random.default_rng(seed))) == 8


def test_like_lengths_together_leave_little_to_fill_up() -> None:
    draw = np.random.default_rng(0)
    lengths = np.stack(
        [draw.poisson(12, 4_000), np.minimum(256, draw.lognormal(4, 0.9, 4_000)).astype(int)]
    ).T
    any_rows = plan(Traits(4_000), 16, np.random.default_rng(0))
    alike = plan(Traits(4_000, lengths), 16, np.random.default_rng(0))
    assert padding_share(any_rows, lengths) > 0.5
    assert padding_share(alike, lengths) < 0.15
    # Short and long batches come in any order, or the model would learn from short texts first.
    means = [lengths[batch, 1].mean() for batch in alike]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.2


def test_padding_is_what_the_model_works_through_for_nothing() -> None:
    lengths = np.array([[2, 4], [4, 4], [1, 8]])
    # Columns are filled up by themselves: 4 + 4 and 4 + 4, then 1 and 8.
    assert padding_share([np.array([0, 1]), np.array([2])], lengths) == pytest.approx(2 / 25)
    assert padding_share([], lengths) == 0.0


def test_batches_that_are_added_up_hold_what_one_batch_would() -> None:
    rows = Traits(100, np.random.default_rng(0).integers(3, 99, (100, 2)))
    whole = plan(rows, 16, np.random.default_rng(5))
    parts = plan(rows, 4, np.random.default_rng(5), together=4)
    steps = [np.concatenate(parts[at : at + 4]) for at in range(0, len(parts), 4)]
    assert [sorted(step) for step in steps] == [sorted(batch) for batch in whole]


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_few_rows_are_a_batch_too(rows: int) -> None:
    alike = np.zeros((rows, 1), dtype=np.int64)
    assert [len(batch) for batch in plan(Traits(rows, alike), 8, np.random.default_rng(0))] == [
        rows
    ]
    # The same text in all: each for itself.
    assert len(plan(Traits(rows, None, alike), 8, np.random.default_rng(0))) == rows


def test_a_class_that_is_nearly_everything_leaves_no_row_out() -> None:
    classes = (np.arange(100) < 4).astype(np.int64)
    batches = plan(Traits(100, None, None, classes), 10, np.random.default_rng(0))
    assert sorted(np.concatenate(batches)) == list(range(100))
    mixed = [batch for batch in batches if 1 < classes[batch].sum() < len(batch) - 1]
    assert len(mixed) == 2


@pytest.mark.parametrize("batch_size", [8, 16, 32])
def test_epochs_of_one_length_keep_the_rows_of_a_class_together(batch_size: int) -> None:
    halved = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        rows = int(draw.integers(40, 200))
        classes = draw.integers(0, int(draw.integers(3, 12)), rows)
        traits = Traits(rows, None, None, classes)
        sampler = BatchSampler(traits, batch_size, epochs=5, seed=seed)
        for epoch in range(5):
            batches = sampler.batches(epoch)
            halved += len(batches) - len(
                plan(traits, batch_size, np.random.default_rng([seed, epoch]))
            )
            assert sorted(np.concatenate(batches)) == list(range(rows))
            for batch in batches:
                assert sum(count > 1 for count in Counter(classes[batch].tolist()).values()) > 1
    assert halved > 0 or batch_size == 32


def test_the_rows_that_meet_change_although_lengths_are_alike() -> None:
    lengths = np.random.default_rng(0).lognormal(3, 1, (600, 2)).astype(np.int64) + 3
    sampler = BatchSampler(Traits(600, lengths), 16, epochs=5, seed=0)
    met: list[set[int]] = [set() for _ in range(600)]
    for epoch in range(5):
        for batch in sampler.batches(epoch):
            for row in batch:
                met[row] |= set(batch.tolist()) - {row}
    # In batches of any rows it would be 71 of 75; with all of the table sorted by length 18.
    assert np.mean([len(others) for others in met]) > 50
