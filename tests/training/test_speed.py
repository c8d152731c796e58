"""The machine's speed is measured a few times, and what else it did meanwhile does not stay."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace

import pytest

from core.files import write_json
from core.training import speed as module
from core.training.speed import GUESS, Speed, load_speed, measure_when_quiet, speed_path
from core.workspace import Workspace

QUICK = replace(GUESS, measured=True)
BUSY = Speed(
    import_seconds=GUESS.import_seconds * 2,
    step_overhead_seconds=0.0,
    train_flops=GUESS.train_flops / 4,
    encode_flops=GUESS.encode_flops / 8,
    static_overhead_seconds=GUESS.static_overhead_seconds * 4,
    static_token_seconds=0.0,
)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[Speed]:
    """What the next measurements find, on a machine that says it is idle."""
    found: list[Speed] = []
    monkeypatch.setattr(module, "measure", lambda import_seconds: found.pop(0))
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    return found


def later(workspace: Workspace, minutes: float) -> None:
    """Let the last measurement be so long ago."""
    before = time.time() - 60 * minutes
    os.utime(speed_path(workspace), (before, before))


@pytest.mark.parametrize("order", [(BUSY, QUICK, BUSY), (QUICK, BUSY, BUSY)])
def test_of_three_measurements_the_quick_one_stays(
    workspace: Workspace, rounds: list[Speed], order: tuple[Speed, ...]
) -> None:
    rounds += order
    for _ in order:
        measure_when_quiet(workspace, 1.0)
        later(workspace, 11)
    assert not rounds and load_speed(workspace) == replace(QUICK, rounds=3)
    measure_when_quiet(workspace, 1.0)


def test_it_is_not_measured_again_at_once_or_while_the_machine_is_busy(
    workspace: Workspace, rounds: list[Speed], monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds += [BUSY, QUICK]
    measure_when_quiet(workspace, 1.0)
    measure_when_quiet(workspace, 1.0)
    assert load_speed(workspace) == BUSY
    later(workspace, 11)
    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    measure_when_quiet(workspace, 1.0)
    assert load_speed(workspace) == BUSY and rounds == [QUICK]


def test_what_an_earlier_version_measured_is_measured_again(
    workspace: Workspace, rounds: list[Speed]
) -> None:
    known = asdict(BUSY)
    del known["rounds"]
    write_json(speed_path(workspace), known)
    later(workspace, 11)
    rounds.append(QUICK)
    measure_when_quiet(workspace, 1.0)
    assert load_speed(workspace) == replace(QUICK, rounds=2)
