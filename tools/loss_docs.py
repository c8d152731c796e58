"""Write docs/losses.md from the registry of losses: `python -m tools.loss_docs`."""

from __future__ import annotations

from collections.abc import Iterator

from core.data.shapes import Shape
from core.training.losses.registry import LOSSES, losses_for
from core.training.losses.spec import (
    Batches,
    ChoiceParameter,
    LossSpec,
    NumberParameter,
    Parameter,
    SwitchParameter,
)
from core.workspace import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "losses.md"

_INTRODUCTION = """\
# Losses

A loss says what a model is corrected for while it trains. [Train](train.md) offers those that can
learn from the shape of the table, the recommended one first. This page is written by
`python -m tools.loss_docs` from `core/training/losses/`; how one is added:
[how-to-add-a-loss.md](how-to-add-a-loss.md).
"""
_BATCHES = {
    Batches.ANY: "",
    Batches.NO_DUPLICATES: (
        "The answers of the other rows in a batch count as wrong ones, so larger batches teach "
        "more, and rows with a text in common are kept out of one batch."
    ),
    Batches.BY_CLASS: (
        "Every batch has at least two classes with at least two texts each; the batch size is even "
        "and at least 4."
    ),
}


def page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_overview(), *map(_section, LOSSES.values())])


def _overview() -> Iterator[str]:
    yield "| shape of the table | losses, the recommended one first |"
    yield "|---|---|"
    for shape in Shape:
        names = ", ".join(f"`{loss.name}`" for loss in losses_for(shape))
        yield f"| {shape.label} | {names or 'none: turn them into pairs or triplets on Data'} |"
    yield ""


def _section(loss: LossSpec) -> str:
    shapes = " or ".join(shape.label for shape in loss.shapes)
    lines = [f"## {loss.name}", f"*{loss.title}.* {loss.sentence}", ""]
    lines += [
        f"*When:* {loss.when}",
        "",
        f"Learns from {shapes}. {_BATCHES[loss.batches]}".rstrip(),
    ]
    if not loss.for_static:
        lines += ["Not for static models."]
    if not loss.matryoshka:
        lines += ["Not for several vector lengths at once (MatryoshkaLoss)."]
    if loss.parameters:
        lines += ["", "| setting | in config.yaml | default | allowed | what it does |"]
        lines += ["|---|---|---|---|---|"]
    lines += [
        f"| {one.label} | `{one.name}` | {_default(one)} | {_allowed(one)} | {one.help} |"
        for one in loss.parameters
    ]
    return "\n".join([*lines, ""])


def _default(parameter: Parameter) -> str:
    match parameter:
        case NumberParameter():
            return f"{parameter.default:g}"
        case SwitchParameter():
            return "on" if parameter.default else "off"
        case _:
            return f"`{parameter.default}`"


def _allowed(parameter: Parameter) -> str:
    match parameter:
        case NumberParameter():
            return f"{parameter.minimum:g} – {parameter.maximum:g}"
        case ChoiceParameter():
            return "; ".join(f"`{value}`: {label}" for value, label in parameter.options.items())
        case SwitchParameter():
            return "on or off"
        case _:
            return "`bundled`, `run:<id>` or a folder"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
