"""The few lines of Python that use an exported model."""

from __future__ import annotations

import json
from collections.abc import Sequence


def snippet(folder: str, texts: Sequence[str]) -> str:
    """A program that loads the unpacked ``folder`` and compares the first text with the others.

    Args:
        folder: the name of the folder in the archive.
        texts: a question and at least one other text, for example a widget example of the run.
    """
    listed = "".join(f"    {json.dumps(text, ensure_ascii=False)},\n" for text in texts[1:])
    return (
        "from sentence_transformers import SentenceTransformer\n"
        "\n"
        f"model = SentenceTransformer({json.dumps(folder, ensure_ascii=False)})\n"
        f"question = {json.dumps(texts[0], ensure_ascii=False)}\n"
        f"texts = [\n{listed}]\n"
        "scores = model.similarity(model.encode(question), model.encode(texts))[0]\n"
        "for score, text in sorted(zip(scores.tolist(), texts), reverse=True):\n"
        '    print(f"{score:.3f}  {text}")\n'
    )
