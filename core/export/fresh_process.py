"""Encodes texts with an exported folder and nothing of Pairloom, as anybody else would.

:mod:`core.export.verify` runs this file as a script in a process of its own::

    python -I core/export/fresh_process.py FOLDER TEXTS.json VECTORS.npy TIMED

writes the vectors and prints how many texts a second it read, as JSON.  A folder that brings an
``encode.py`` is read by that, others by sentence-transformers.
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
    """Encode the texts of a JSON list; the first ``TIMED`` of them are read again for the clock."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import numpy as np

    folder, texts_file, vectors_file, timed = arguments
    texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    encode = _encoder(Path(folder))
    np.save(vectors_file, encode(texts))
    few = texts[: int(timed)]
    seconds = min(_seconds(encode, few) for _ in range(_PASSES))
    json.dump({"texts_per_second": len(few) / seconds}, sys.stdout)
    return 0


def _encoder(folder: Path) -> Callable[[list[str]], Any]:
    script = folder / "encode.py"
    if script.exists():
        spec = importlib.util.spec_from_file_location("encode", script)
        assert spec is not None and spec.loader is not None
        shipped = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(shipped)
        encode: Callable[[list[str]], Any] = shipped.encode
        return encode
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).float()
    return lambda texts: model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def _seconds(encode: Callable[[list[str]], Any], texts: list[str]) -> float:
    began = time.perf_counter()
    encode(texts)
    return max(time.perf_counter() - began, 1e-9)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
