"""The few lines of Python that use an exported model, for each format.

Exports for programs without sentence-transformers come with such lines in a file ``encode.py``; the
check of an export runs that very file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.export.formats import Format

ENCODE_FILE = "encode.py"


@dataclass(frozen=True)
class Prompts:
    """Words that a model wants before its texts; "" for none.

    Attributes:
        default: where nothing is said about a text.
        query: before questions.
        document: before what is found.
    """

    default: str = ""
    query: str = ""
    document: str = ""


def snippet(
    folder: str,
    texts: Sequence[str],
    format: Format = Format.FOLDER,
    prompts: Prompts = Prompts(),
) -> str:
    """A program that loads the unpacked ``folder`` and compares the first text with the others.

    Args:
        folder: the name of the folder in the archive.
        texts: a question and at least one other text, for example a widget example of the run.
        format: what the folder holds.
        prompts: the model's; the library itself knows them.
    """
    listed = "".join(f"    {_quoted(text)},\n" for text in texts[1:])
    asked = f"question = {_quoted(texts[0])}\ntexts = [\n{listed}]\n"
    shown = (
        "for score, text in sorted(zip(scores.tolist(), texts), reverse=True):\n"
        '    print(f"{score:.3f}  {text}")\n'
    )
    if format in (Format.FOLDER, Format.HALF):
        # Weights of 16 bits are worked with in 32: processors are slow with fewer.
        widened = ".float()" if format is Format.HALF else ""
        return (
            "from sentence_transformers import SentenceTransformer\n\n"
            f"model = SentenceTransformer({_quoted(folder)}){widened}\n"
            f"{asked}"
            "scores = model.similarity(model.encode_query(question), "
            "model.encode_document(texts))[0]\n"
            f"{shown}"
        )
    query = _call("question", prompts.query, listed=True)
    document = _call("texts", prompts.document)
    return (
        f"{_program(format, f'Path({_quoted(folder)})')}\n\n"
        f"{asked}"
        f"scores = {document} @ {query}[0]\n"
        f"{shown}"
    )


def loader(format: Format) -> str:
    """The text of ``encode.py`` in an exported folder: a function ``encode``."""
    return _program(format, "Path(__file__).parent")


def _program(format: Format, folder: str) -> str:
    program = _NUMPY if format is Format.NUMPY else _ONNX
    return program.replace("FOLDER_HERE", folder)


def _call(name: str, prompt: str, *, listed: bool = False) -> str:
    given = f"[{name}]" if listed else name
    return f"encode({given}, prompt={_quoted(prompt)})" if prompt else f"encode({given})"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_ONNX = '''\
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

folder = FOLDER_HERE
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
wanted = [one.name for one in session.get_inputs()]


def encode(texts, prompt=""):
    """Unit vectors, float32 [texts, dimension]."""
    vectors = []
    for start in range(0, len(texts), 32):
        batch = tokenizer.encode_batch([prompt + text for text in texts[start : start + 32]])
        inputs = {
            "input_ids": np.array([one.ids for one in batch]),
            "attention_mask": np.array([one.attention_mask for one in batch]),
            "token_type_ids": np.array([one.type_ids for one in batch]),
        }
        vectors.append(session.run(None, {name: inputs[name] for name in wanted})[0])
    return np.concatenate(vectors)
'''

_NUMPY = '''\
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

folder = FOLDER_HERE
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
table = np.load(folder / "embeddings.npy")


def encode(texts, prompt=""):
    """Unit vectors, float32 [texts, dimension]; zeros for a text without a known piece."""
    vectors = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    given = [prompt + text for text in texts]
    for row, one in enumerate(tokenizer.encode_batch(given, add_special_tokens=False)):
        if one.ids:
            vectors[row] = table[one.ids].mean(axis=0)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
'''
