"""Cards of version 2 and before: ``model.fit`` printed its arguments, there was no trainer.

They tell the number of batches instead of the rows, no base, no columns, no log.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from core.training.recipes.facts import Table
from core.training.recipes.sections import Section, below

_LOADER = re.compile(
    r"`([\w.]*Load\w*|[\w.]*Data[Ll]oader)` of length (\d+) with parameters:\s*```\n(.*?)```",
    re.DOTALL,
)
_LOSS = re.compile(r"\*\*Loss\*\*:\s*`([\w.]+)`(?: with parameters:\s*```\n(.*?)```)?", re.DOTALL)
_FIT = re.compile(r"Parameters of the fit\(\)-Method:\s*```\n(.*?)```", re.DOTALL)
_NO_DUPLICATES = "NoDuplicates"


def read_old(sections: list[Section]) -> dict[str, Any] | None:
    """Table, loss and settings of such a card; None when it is none."""
    text = "\n".join(one.text for one in below(sections, "Training"))
    fit = _FIT.search(text)
    if fit is None:
        return None
    arguments = _literal(fit[1])
    loader, loss = _LOADER.search(text), _LOSS.search(text)
    size = _literal(loader[3]).get("batch_size") if loader else None
    found: dict[str, Any] = {}
    if size is not None:
        found["batch_size"] = size
    if loader and _NO_DUPLICATES in loader[1]:
        found["batch_sampler"] = "no_duplicates"
    optimizer = arguments.pop("optimizer_params", None)
    found |= arguments | (optimizer if isinstance(optimizer, dict) else {})
    rows = int(loader[2]) * int(size) if loader and isinstance(size, int) else None
    return {
        "table": Table(rows=rows) if rows else None,
        "loss": loss[1].rpartition(".")[2] if loss else None,
        "loss_parameters": _literal(loss[2]) if loss and loss[2] else {},
        "non_default": found,
        "hyperparameters": dict(found),
    }


def _literal(text: str) -> dict[str, Any]:
    """A dictionary as Python or JSON prints it."""
    plain = re.sub(r"\bnull\b", "None", text.strip())
    plain = re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", plain))
    try:
        value = ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
