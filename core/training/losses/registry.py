"""The losses: one registry from which the form, the checks, the docs and the command line come.

To add a loss, add one entry to ``LOSSES`` in one of the modules that are joined here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.data.shapes import LABEL, MATCH_SCORE, SCORE, Shape, text_roles
from core.problems import N_, Problem, Term
from core.training.losses import distance, ranking, scores
from core.training.losses.scores import MOST_GRADES
from core.training.losses.spec import Batches, Labels, LossContext, LossSpec, Value

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn


class UnknownLoss(Problem):
    what = N_("There is no loss named {name}.")
    do = N_("Choose one of: {known}.")


class LossDoesNotFit(Problem):
    what = N_("{loss} cannot learn from {shape}: it needs {needed}.")
    do = N_("Choose a loss that fits, or map the columns in another way on the Data screen.")


class NoLossFits(Problem):
    what = N_("A model cannot be trained on {shape} alone.")
    do = N_(
        "Open the dataset on the Data screen and turn it into pairs or triplets, or bring in a "
        "table that has two texts in a row."
    )


class LossNotForStatic(Problem):
    what = N_("{loss} cannot train a static model.")
    do = N_("Choose another loss, or a base that is not static.")


class TooManyGrades(Problem):
    what = N_(
        "{loss} sorts pairs into a few grades, but the table has {grades:,} different scores."
    )
    do = N_("Choose CoSENTLoss, which learns from scores of any kind.")


class TooFewClasses(Problem):
    what = N_(
        "{loss} compares texts of different classes, but only {classes} of the training rows' "
        "classes have two texts or more."
    )
    do = N_("Add texts to the small classes, or join classes.")


class BatchSizeOdd(Problem):
    what = N_("{loss} takes two texts of a class at a time, so a batch of {size} does not work.")
    do = N_("Choose an even batch size of 4 or more.")


class MatryoshkaDoesNotFit(Problem):
    what = N_("{loss} cannot be trained for several vector lengths at once.")
    do = N_("Switch the shorter vectors off, or choose another loss.")


class MatryoshkaTooLong(Problem):
    what = N_(
        "This base gives vectors of {dimension} numbers, so {wanted} cannot be one of the lengths."
    )
    do = N_("Choose lengths from 1 to {dimension}.")


LOSSES: dict[str, LossSpec] = {
    spec.name: spec for module in (ranking, distance, scores) for spec in module.LOSSES
}


def loss_named(name: str) -> LossSpec:
    """The loss of that name; raises UnknownLoss."""
    if name not in LOSSES:
        raise UnknownLoss(name=name, known=", ".join(LOSSES))
    return LOSSES[name]


def losses_for(shape: Shape, *, static: bool = False) -> list[LossSpec]:
    """The losses that can learn from a table of this shape, the recommended one first.

    Args:
        shape: the table's shape.
        static: leave out those that cannot train a static model.
    """
    fitting = [loss for loss in LOSSES.values() if shape in loss.shapes]
    return sorted(
        (loss for loss in fitting if loss.for_static or not static), key=lambda loss: loss.rank
    )


def check_fit(loss: LossSpec, shape: Shape, *, static: bool = False) -> None:
    """Refuse a loss that cannot learn from this shape or train this kind of base.

    Raises:
        NoLossFits, LossDoesNotFit, LossNotForStatic
    """
    if not losses_for(shape):
        raise NoLossFits(shape=Term(shape.label))
    if shape not in loss.shapes:
        raise LossDoesNotFit(
            loss=loss.name, shape=Term(shape.label), needed=Term(loss.shapes[0].label)
        )
    if static and not loss.for_static:
        raise LossNotForStatic(loss=loss.name)


def check_batch(loss: LossSpec, batch_size: int) -> None:
    """Refuse a batch size that the loss's batches cannot have; raises BatchSizeOdd."""
    if loss.batches is Batches.BY_CLASS and (batch_size < 4 or batch_size % 2):
        raise BatchSizeOdd(loss=loss.name, size=batch_size)


def check_matryoshka(loss: LossSpec, lengths: Sequence[int], dimension: int) -> None:
    """Refuse vector lengths that cannot be trained.

    Raises:
        MatryoshkaDoesNotFit, MatryoshkaTooLong
    """
    if lengths and not loss.matryoshka:
        raise MatryoshkaDoesNotFit(loss=loss.name)
    for length in lengths:
        if not 1 <= length <= dimension:
            raise MatryoshkaTooLong(dimension=dimension, wanted=length)


def training_columns(loss: LossSpec, frame: pd.DataFrame) -> pd.DataFrame:
    """What of a dataset's rows the trainer is to see: texts in order, then what the loss wants.

    The library takes columns by order, not by name: an extra text would become a negative.

    Args:
        loss: the loss.
        frame: rows of a dataset; grades and classes are numbered over exactly these rows.

    Raises:
        TooManyGrades: the loss sorts into grades, and there are more than 20.
    """
    columns = frame[text_roles(frame.columns)].copy()
    if loss.labels is Labels.SCORE:
        columns["score"] = frame[SCORE].to_numpy(dtype=np.float32)
    elif loss.labels is Labels.MATCH:
        columns["label"] = (frame[SCORE].to_numpy() >= MATCH_SCORE).astype(np.int64)
    elif loss.labels is Labels.GRADE:
        codes, grades = pd.factorize(frame[SCORE], sort=True)
        if len(grades) > MOST_GRADES:
            raise TooManyGrades(loss=loss.name, grades=len(grades))
        columns["label"] = codes
    elif loss.labels is Labels.CLASS:
        columns["label"] = pd.factorize(frame[LABEL], sort=True)[0]
    return columns


def grades_of(loss: LossSpec, frame: pd.DataFrame) -> int:
    """How many grades the table has, for a loss that sorts into them; else 0."""
    return int(frame[SCORE].nunique()) if loss.labels is Labels.GRADE else 0


def can_batch(loss: LossSpec, columns: pd.DataFrame) -> bool:
    """Whether batches as the loss wants them can be made of ``columns`` (training_columns)."""
    return loss.batches is not Batches.BY_CLASS or _classes(columns) >= 2


def require_batches(loss: LossSpec, columns: pd.DataFrame) -> None:
    """Refuse training rows of which no batch can be made; raises TooFewClasses."""
    if not can_batch(loss, columns):
        raise TooFewClasses(loss=loss.name, classes=_classes(columns))


def _classes(columns: pd.DataFrame) -> int:
    """How many classes have two texts or more."""
    return int((columns["label"].value_counts() >= 2).sum())


def build_loss(
    loss: LossSpec,
    model: SentenceTransformer,
    settings: Mapping[str, Value],
    context: LossContext,
    matryoshka: Sequence[int] = (),
) -> nn.Module:
    """The loss for a model, with MatryoshkaLoss around it when vector lengths are given.

    Raises:
        LossParameterUnknown, LossParameterWrong: see :meth:`LossSpec.settings`.
        MatryoshkaDoesNotFit, MatryoshkaTooLong: see :func:`check_matryoshka`.
        Problem: the model that the loss asks for advice cannot be loaded.
    """
    from sentence_transformers.sentence_transformer import losses

    dimension = model.get_embedding_dimension()
    check_matryoshka(loss, matryoshka, dimension)
    built = loss.build(model, loss.settings(settings), context)
    if not matryoshka:
        return built
    # Without the full length among them the whole vector would not be trained.
    return losses.MatryoshkaLoss(model, built, sorted({*matryoshka, dimension}, reverse=True))
