"""Whether a model reads questions and what answers them in different ways, from its small files.

Who asks the encoder says what each text is: what asks (an anchor, a question, a row that looks for
partners) is a query; what is found (a positive, a negative, a passage of a corpus, a row that is
looked among) is a document; where all texts stand side by side (near-duplicates, a single column,
texts of a class, pasted lines) they have no role.  That is how a run's held-out rows are scored.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

Role = Literal["query", "document"]
"""What a text is read as, by models that read questions and what answers them differently."""


def role_heard(model: Path, role: Role | None) -> Role | None:
    """The role if the model in this folder reads texts in it differently from plain ones.

    None for most models, so that what they made of a text serves for every role.

    Args:
        model: the model's folder.
        role: what a text is; None for no role.
    """
    if role is None:
        return None
    settings = _read(model / "config_sentence_transformers.json")
    named = settings.get("prompts") if isinstance(settings, dict) else None
    prompts = named if isinstance(named, dict) else {}
    plain = prompts.get(settings.get("default_prompt_name")) if prompts else None
    differs = (prompts.get(role) or "") != (plain or "")
    return role if differs or _routes(model) else None


def vectors_name(fingerprint: str, model: Path, role: Role | None) -> str:
    """Under which name vectors of texts in a role are kept.

    The model's fingerprint alone where the role makes no difference to it.
    """
    heard = role_heard(model, role)
    return fingerprint if heard is None else f"{fingerprint}-{heard}"


def _routes(model: Path) -> bool:
    """Whether a module sends texts different ways by their role."""
    modules = _read(model / "modules.json")
    listed = modules if isinstance(modules, list) else []
    kinds = [str(one.get("type")) for one in listed if isinstance(one, dict)]
    return any(kind.endswith((".Router", ".Asym")) for kind in kinds)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A plain transformers folder, or one that the encoder will refuse in words.
        return None
