"""The checkpoints of a run: which of them are whole."""

from __future__ import annotations

from pathlib import Path

CHECKPOINTS = "checkpoints"
WHOLE_MARK = "whole.json"


def last_whole_checkpoint(run: Path) -> Path | None:
    """The latest checkpoint of the run that was written to its end; None when there is none."""
    whole = [
        folder
        for folder in (run / CHECKPOINTS).glob("checkpoint-*")
        if (folder / WHOLE_MARK).exists()
    ]
    return max(whole, key=checkpoint_step, default=None)


def checkpoint_step(folder: Path) -> int:
    """The optimiser step at which a checkpoint was taken."""
    return int(folder.name.rpartition("-")[2])
