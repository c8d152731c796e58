"""Encodes texts with an exported folder and nothing of Pairloom, as anybody else would.

:mod:`core.export.verify` runs this file as a script in a process of its own::

    python -I core/export/fresh_process.py FOLDER ASKED.json VECTORS.npy

writes the vectors of all texts, one below the other, and prints how many texts a second it read, as
JSON.  ``ASKED.json`` is a list of ``{"texts": …, "role": …, "prompt": …}``: texts that are read as
questions ("query"), as what is found ("document") or plainly (null).  A folder that brings an
``encode.py`` is read by that, with the prompt that is given; others by sentence-transformers, which
knows the model's prompts.
"""

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_PASSES = 3


def main(arguments: Sequence[str]) -> int:
    """Encode the texts of a JSON file; those of its first entry are read again for the clock."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import numpy as np

    folder, asked_file, vectors_file = arguments
    asked = json.loads(Path(asked_file).read_text(encoding="utf-8"))
    encode = _encoder(Path(folder))
    np.save(vectors_file, np.concatenate([encode(**one) for one in asked]))
    seconds = min(_seconds(encode, asked[0]) for _ in range(_PASSES))
    json.dump({"texts_per_second": len(asked[0]["texts"]) / seconds}, sys.stdout)
    return 0


def _encoder(folder: Path) -> Callable[..., Any]:
    script = folder / "encode.py"
    if script.exists():
        spec = importlib.util.spec_from_file_location("encode", script)
        assert spec is not None and spec.loader is not None
        shipped = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(shipped)
        return lambda texts, role, prompt: shipped.encode(texts, prompt=prompt)
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).float()
    ways = {"query": model.encode_query, "document": model.encode_document, None: model.encode}
    return lambda texts, role, prompt: ways[role](
        texts, normalize_embeddings=True, show_progress_bar=False
    )


def _seconds(encode: Callable[..., Any], asked: dict[str, Any]) -> float:
    began = time.perf_counter()
    encode(**asked)
    return max(time.perf_counter() - began, 1e-9)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
