"""A trained transformer as one ONNX graph, from tokens to unit vectors; imported by jobs only.

``torch.onnx`` draws the graph of the whole model, pooling and whatever comes after it included,
with any number of texts of any length.  The usual helper package, optimum, does not accept
transformers 5.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

OUTPUT = "sentence_embedding"
_OPSET = 18
_ONE_FILE_BYTES = 1_500_000_000
"""Weights beyond this go into a file of their own: the format cannot hold 2 GiB in one."""
_NAMES = ("input_ids", "attention_mask", "token_type_ids")


def write_onnx(model: SentenceTransformer, file: Path) -> None:
    """Write ``model`` as an ONNX graph.

    Its inputs are int64 [texts, tokens] each: ``input_ids``, ``attention_mask``, and
    ``token_type_ids`` for models that read them.  Its output ``sentence_embedding`` is float32
    [texts, dimension], every vector 1 long.

    Args:
        model: on the CPU; it begins with a transformer.
        file: where the graph goes; weights of more than 1.5 GB go beside it.
    """
    model.eval()
    names = input_names(model)
    # Two texts of unlike length, so that nothing is taken for a constant.
    ids = torch.tensor([[2, 3, 4, 5, 6, 7], [2, 3, 4, 5, 0, 0]])
    ids = ids.clamp(max=model[0].auto_model.config.vocab_size - 1)
    mask = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    shape = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    weights = sum(part.numel() * part.element_size() for part in model.parameters())
    for noisy in ("torch.onnx", "onnxscript", "onnx_ir"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with torch.no_grad():
        torch.onnx.export(
            _FromTokens(model, names).eval(),
            tuple(given[name] for name in names),
            str(file),
            input_names=names,
            output_names=[OUTPUT],
            # One tuple, because forward takes any number of tensors.
            dynamic_shapes=(tuple(shape for _ in names),),
            opset_version=_OPSET,
            dynamo=True,
            external_data=weights > _ONE_FILE_BYTES,
            verbose=False,
        )


def write_int8(graph: Path, file: Path) -> None:
    """Write the graph in ``graph`` with the weights of its matrices in 8 bits each.

    What goes in between is brought to 8 bits while the model works (dynamic quantisation), so that
    no example texts are needed.  Seven bits are used of the weights: processors without VNNI add up
    two products in 16 bits, which eight would overflow.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Its advice to preprocess is for models whose shapes are not known; these are.
    logging.getLogger().setLevel(logging.ERROR)
    quantize_dynamic(
        graph,
        file,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        use_external_data_format=graph.with_name(f"{graph.name}.data").exists(),
    )


def input_names(model: SentenceTransformer) -> list[str]:
    """Which tensors the model's transformer reads, in the order in which the graph takes them."""
    made = model.preprocess(["a"])
    return [name for name in _NAMES if name in made]


class _FromTokens(nn.Module):
    """The model as a function of plain tensors, as ``torch.export`` wants it."""

    def __init__(self, model: SentenceTransformer, names: Sequence[str]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(model)
        self.names = list(names)

    def forward(self, *given: Tensor) -> Tensor:
        """Unit vectors [texts, dimension] of tokens [texts, tokens]."""
        features = dict(zip(self.names, given, strict=True))
        for part in self.parts:
            features = part(features)
        return nn.functional.normalize(features[OUTPUT], dim=-1)
