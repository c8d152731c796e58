"""Write docs/losses.md from the registry of losses: `python -m tools.loss_docs`."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.shapes import Shape
from core.training.losses import LOSSES, LossSpec, losses_for
from core.workspace import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "losses.md"

_INTRODUCTION = """\
# Losses

A loss says what a model is corrected for while it trains. [Train](train.md) offers those that can
learn from the shape of the table, the recommended one first. This page is written by
`python -m tools.loss_docs` from `core/training/losses.py`; how one is added:
[how-to-add-a-loss.md](how-to-add-a-loss.md).
"""
_IN_BATCH = (
    "The answers of the other rows in a batch count as wrong ones, so larger batches teach more, "
    "and rows with a text in common are kept out of one batch."
)


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_overview(), *map(_section, LOSSES.values())])


def _overview() -> Iterator[str]:
    yield "| shape of the table | losses, the recommended one first |"
    yield "|---|---|"
    for shape in Shape:
        yield f"| {shape.label} | {', '.join(f'`{loss.name}`' for loss in losses_for(shape))} |"
    yield ""


def _section(loss: LossSpec) -> str:
    shapes = " or ".join(shape.label for shape in loss.shapes)
    lines = [f"## {loss.name}", f"*{loss.title}.* {loss.sentence}", "", f"Learns from {shapes}."]
    if loss.in_batch:
        lines += [_IN_BATCH]
    if loss.parameters:
        lines += ["", "| setting | in config.yaml | default | from – to | what it does |"]
        lines += ["|---|---|---|---|---|"]
    lines += [
        f"| {one.label} | `{one.name}` | {one.default:g} | {one.minimum:g} – {one.maximum:g} "
        f"| {one.help} |"
        for one in loss.parameters
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
