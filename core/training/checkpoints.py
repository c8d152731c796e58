"""The checkpoints of a run: which are whole, what they take, what a loss has learned itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

CHECKPOINTS = "checkpoints"
WHOLE_MARK = "whole.json"
_LOSS_FILE = "loss.safetensors"


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


def checkpoint_bytes(run: Path) -> int:
    """How much space the run's checkpoints take on disk, in bytes."""
    return sum(file.stat().st_size for file in (run / CHECKPOINTS).rglob("*") if file.is_file())


def save_loss(checkpoint: Path, loss: nn.Module) -> None:
    """Keep what the loss itself has learned, such as SoftmaxLoss's classifier.

    The library saves the model and the optimiser only; a resumed run would go on with a fresh
    classifier.
    """
    from safetensors.torch import save_file

    own = {name: tensor.detach().contiguous() for name, tensor in _own_weights(loss).items()}
    if own:
        save_file(own, checkpoint / _LOSS_FILE)


def restore_loss(checkpoint: Path, loss: nn.Module) -> None:
    """Give a loss back what :func:`save_loss` kept."""
    import torch
    from safetensors.torch import load_file

    if not (checkpoint / _LOSS_FILE).exists():
        return
    own = _own_weights(loss)
    with torch.no_grad():
        for name, tensor in load_file(checkpoint / _LOSS_FILE).items():
            own[name].copy_(tensor)


def _own_weights(loss: nn.Module) -> dict[str, Tensor]:
    """The loss's weights that belong to no sentence-transformers model inside it."""
    from sentence_transformers import SentenceTransformer

    models = [part for part in loss.modules() if isinstance(part, SentenceTransformer)]
    theirs = {id(weight) for model in models for weight in model.parameters()}
    return {name: weight for name, weight in loss.named_parameters() if id(weight) not in theirs}
