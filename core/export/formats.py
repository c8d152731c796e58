"""The forms in which a trained model can be taken home, and which of them suit a model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.models.folder import Kind, read_folder
from core.problems import N_, Problem


class Format(StrEnum):
    """A form of export; the value is its name on the command line and in files."""

    FOLDER = "safetensors"
    HALF = "float16"
    ONNX = "onnx"
    INT8 = "onnx-int8"
    NUMPY = "numpy"


class FormatDoesNotFit(Problem):
    what = N_("This model cannot be exported as {format}.")
    do = N_("Choose one of these: {formats}.")


class UnknownFormat(Problem):
    what = N_("There is no export format {format}.")
    do = N_("Choose one of these: {formats}.")


@dataclass(frozen=True)
class FormatFacts:
    """What a person has to know to choose a format.

    Attributes:
        title: its name.
        purpose: what it is for, in a sentence.
        kinds: the kinds of models that it suits.
        install: what its lines of Python need, for ``pip install``.
        suffix: what its file's name ends with.
    """

    title: str
    purpose: str
    kinds: tuple[Kind, ...]
    install: str
    suffix: str = ""


FORMATS = {
    Format.FOLDER: FormatFacts(
        N_("Model folder"),
        N_("For Python with sentence-transformers: everything as it was trained (safetensors)."),
        ("transformer", "static"),
        "sentence-transformers",
    ),
    Format.HALF: FormatFacts(
        N_("Model folder, half the size"),
        N_("The same with weights of 16 instead of 32 bits, for GPUs and small disks."),
        ("transformer", "static"),
        "sentence-transformers",
        "-float16",
    ),
    Format.ONNX: FormatFacts(
        N_("ONNX"),
        N_("For programs without PyTorch, in any language that onnxruntime knows."),
        ("transformer",),
        "onnxruntime tokenizers numpy",
        "-onnx",
    ),
    Format.INT8: FormatFacts(
        N_("ONNX with 8 bits"),
        N_("A quarter of the size and quicker on processors, a little less exact."),
        ("transformer",),
        "onnxruntime tokenizers numpy",
        "-onnx-int8",
    ),
    Format.NUMPY: FormatFacts(
        N_("numpy table"),
        N_("A table of vectors and the tokenizer, read by twenty lines of Python."),
        ("static",),
        "tokenizers numpy",
        "-numpy",
    ),
}


def formats_for(model: Path) -> list[Format]:
    """The formats that suit the model in the folder ``model``."""
    try:
        kind = read_folder(model).kind
    except Problem:
        # Whatever it is, its files can be packed; the check says whether they load.
        return [Format.FOLDER]
    return [format for format, facts in FORMATS.items() if kind in facts.kinds]


def require_format(model: Path, name: str) -> Format:
    """The format called ``name``, if it suits the model.

    Raises:
        UnknownFormat: there is none of that name.
        FormatDoesNotFit: it does not suit this kind of model.
    """
    if name not in list(Format):
        raise UnknownFormat(format=name, formats=", ".join(Format))
    fitting = formats_for(model)
    if name not in fitting:
        raise FormatDoesNotFit(format=name, formats=", ".join(fitting))
    return Format(name)


def export_name(run_name: str, format: Format) -> str:
    """The name of the exported folder: the run's without what file systems dislike."""
    safe = re.sub(r"[^\w.-]+", "-", run_name).strip("-.")[:80] or "model"
    return safe + FORMATS[format].suffix
