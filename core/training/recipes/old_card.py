"""Cards of version 2 and before: ``model.fit`` printed its arguments, there was no trainer.

They tell the number of batches instead of the rows, no base, no columns, no log.
"""

from __future__ import annotations

import re
from typing import Any

from core.training.recipes.facts import Table
from core.training.recipes.printed import mapping
from core.training.recipes.sections import Section, below

# People who tidied their cards up put colons into the stars and words behind the fences.
_LOADER = re.compile(
    r"`([\w.]+)` of length (\d+) with parameters:\s*```\w*\n(.*?)```",
    re.DOTALL,
)
_LOSS = re.compile(
    r"\*\*Loss:?\*\*:?\s*`([\w.]+)`(?:[ ]with parameters:\s*```\w*\n(.*?)```)?", re.DOTALL
)
_FIT = re.compile(r"Parameters of the fit\(\)-Method:(?:\*\*)?\s*```\w*\n(.*?)```", re.DOTALL)
_NO_DUPLICATES = "NoDuplicates"


def read_old(sections: list[Section]) -> dict[str, Any] | None:
    """Table, loss and settings of such a card, and what was not readable; None when it is none."""
    text = "\n".join(one.text for one in below(sections, "Training"))
    fit = _FIT.search(text)
    if fit is None:
        return None
    arguments, fit_read = mapping(fit[1])
    loaders, loss = _LOADER.findall(text), _LOSS.search(text)
    loader, batches, printed = loaders[0] if loaders else ("", "0", "{}")
    size = mapping(printed)[0].get("batch_size")
    parameters, loss_read = mapping(loss[2]) if loss and loss[2] else ({}, True)
    found: dict[str, Any] = {}
    if isinstance(size, int):
        found["batch_size"] = size
    if _NO_DUPLICATES in loader:
        found["batch_sampler"] = "no_duplicates"
    optimizer = arguments.pop("optimizer_params", None)
    found |= arguments | (optimizer if isinstance(optimizer, dict) else {})
    rows = int(batches) * size if isinstance(size, int) else None
    return {
        "table": Table(rows=rows) if rows else None,
        "more_tables": max(0, len(loaders) - 1),
        "loss": loss[1].rpartition(".")[2] if loss else None,
        "loss_parameters": parameters,
        "non_default": found,
        "hyperparameters": dict(found),
        "unread": (() if loss_read else ("loss parameters",))
        + (() if fit_read else ("fit arguments",)),
    }
