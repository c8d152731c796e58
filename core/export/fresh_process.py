"""Loads a model folder with sentence-transformers alone and compares its vectors with given ones.

:mod:`core.export.verify` runs this file as a script in a process of its own.  It imports nothing of
Pairloom, so what it can load, anybody can::

    python -I core/export/fresh_process.py MODEL_FOLDER TEXTS.json VECTORS.npy

prints the largest absolute difference of any number in any vector, as JSON.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Compare the vectors of the texts in a JSON list with those in a .npy file of unit rows."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import numpy as np
    from sentence_transformers import SentenceTransformer

    folder, texts_file, vectors_file = arguments
    texts = json.loads(Path(texts_file).read_text(encoding="utf-8"))
    expected = np.load(vectors_file, allow_pickle=False)
    model = SentenceTransformer(folder, device="cpu", local_files_only=True)
    found = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    if found.shape != expected.shape:
        sys.stderr.write(f"vectors of shape {found.shape} instead of {expected.shape}\n")
        return 1
    json.dump({"difference": float(np.abs(found - expected).max())}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
