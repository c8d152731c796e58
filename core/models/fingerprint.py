"""A short name for what a model computes: the same for equal models, another for any change."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from core.files import file_sha256
from core.models.folder import NoSuchFolder

_NAMES = {
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors.index.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
}


def model_fingerprint(folder: Path) -> str:
    """16 hexadecimal digits over everything in ``folder`` that vectors depend on.

    That is the weights, the tokenizer and the configurations of all modules; the model card and the
    folder's own name do not count.  A file is read again only when its size or time of change is
    another, so a second call takes microseconds.

    Raises:
        NoSuchFolder: there is no such folder, or it has been deleted.
    """
    if not folder.is_dir():
        raise NoSuchFolder(path=str(folder))
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if not hidden and (path.name in _NAMES or path.suffix == ".safetensors"):
            state = path.stat()
            content = _sha256(path, state.st_size, state.st_mtime_ns)
            digest.update(f"{relative.as_posix()}\n{content}\n".encode())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """The hash of the file as it is now; size and time of change make a changed file a new key."""
    return file_sha256(path)
