"""Writes the files of an export into a folder, for each format."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.export.archive import archive_files
from core.export.formats import Format
from core.export.snippet import ENCODE_FILE, Prompts, loader
from core.files import write_text
from core.models.encoding import prompt_for
from core.problems import N_, Problem

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

GRAPH = "model.onnx"
TABLE = "embeddings.npy"
TOKENIZER = "tokenizer.json"
_GRAPH_FILES = (GRAPH, f"{GRAPH}.data")


class TokenizerIsSlow(Problem):
    what = N_("The tokenizer of this model is not in the tokenizer.json format.")
    do = N_("Export the model folder instead.")


class PromptNotRead(Problem):
    what = N_("This model leaves its prompt out of the vector, which an ONNX graph cannot do.")
    do = N_("Export the model folder instead.")


def copy_model(source: Path, target: Path) -> None:
    """The model's files as they are, without the card that the training left."""
    for path in archive_files(source):
        relative = path.relative_to(source)
        if relative.parent == Path(".") and relative.name.startswith("README"):
            continue
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / relative)


def write_half(model: SentenceTransformer, target: Path) -> None:
    """The model with weights of 16 bits; ``model`` itself is as it was afterwards."""
    weights = {name: part.clone() for name, part in model.state_dict().items()}
    model.half()
    model.save_pretrained(str(target), create_model_card=False)
    model.float()
    model.load_state_dict(weights)


def write_onnx_folder(model: SentenceTransformer, target: Path) -> None:
    """Graph, tokenizer and loader of a transformer.

    Raises:
        TokenizerIsSlow, PromptNotRead: the model cannot be had in this form.
    """
    from core.export.onnx_graph import write_onnx

    _check_prompts(model)
    tokenizer = _tokenizer(model)
    write_onnx(model, target / GRAPH)
    tokenizer.save(str(target / TOKENIZER))
    write_text(target / ENCODE_FILE, loader(Format.ONNX))


def write_int8_folder(model: SentenceTransformer, target: Path, graph: Path | None) -> None:
    """The same with weights of 8 bits.

    Args:
        model: the model.
        target: an empty folder.
        graph: a folder with the graph of this very model; None to make it.
    """
    from core.export.onnx_graph import write_int8

    full = target / "full"
    full.mkdir()
    if graph is None:
        write_onnx_folder(model, full)
        graph = full
    write_int8(graph / GRAPH, target / GRAPH)
    for name in (TOKENIZER, ENCODE_FILE):
        shutil.copyfile(graph / name, target / name)
    shutil.rmtree(full)


def write_numpy(model: SentenceTransformer, target: Path) -> None:
    """Table, tokenizer and loader of a static model."""
    first = model[0]
    table = first.embedding.weight.detach().numpy().astype(np.float32)
    np.save(target / TABLE, table)
    first.tokenizer.no_padding()
    first.tokenizer.save(str(target / TOKENIZER))
    write_text(target / ENCODE_FILE, loader(Format.NUMPY))


def writer(format: Format, graph: Path | None) -> Callable[[SentenceTransformer, Path], None]:
    """What writes a format other than the plain folder, which is a copy (:func:`copy_model`).

    Args:
        format: the format.
        graph: a folder with the model's ONNX graph, if there is one.
    """
    match format:
        case Format.HALF:
            return write_half
        case Format.ONNX:
            return write_onnx_folder
        case Format.INT8:
            return lambda model, target: write_int8_folder(model, target, graph)
        case Format.NUMPY:
            return write_numpy
        case Format.FOLDER:
            raise ValueError("the plain folder is a copy")


def prompts_of(model: SentenceTransformer) -> Prompts:
    """The words that the model wants before its texts."""
    return Prompts(
        default=prompt_for(model) or "",
        query=prompt_for(model, "query") or "",
        document=prompt_for(model, "document") or "",
    )


def _check_prompts(model: SentenceTransformer) -> None:
    counted = all(getattr(part, "include_prompt", True) for part in model)
    if not counted and any(model.prompts.values()):
        raise PromptNotRead


def _tokenizer(model: SentenceTransformer) -> Tokenizer:
    """The model's tokenizer, which cuts off and fills up as the model wants it."""
    from tokenizers import Tokenizer

    outer = model.tokenizer
    inner = getattr(outer, "backend_tokenizer", None)
    if inner is None:
        raise TokenizerIsSlow
    tokenizer = Tokenizer.from_str(inner.to_str())
    if model.max_seq_length:
        tokenizer.enable_truncation(int(model.max_seq_length), direction=outer.truncation_side)
    tokenizer.enable_padding(
        direction=outer.padding_side, pad_id=outer.pad_token_id, pad_token=outer.pad_token
    )
    return tokenizer
