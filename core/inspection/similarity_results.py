"""What a comparison of similarities found, ready to be drawn, saved or printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.inspection.comparison import Comparison
from core.inspection.matrix_svg import Drawing, shortened
from core.inspection.picture import block_edges, block_means
from core.inspection.sheet import Sheet
from core.inspection.similarity import Place, Verdict, places, similarity_matrix, verdict
from core.inspection.similarity_report import SCALES, TITLES, SimilarityReport
from core.problems import N_, Message, Translate
from core.training.calibration import Calibration

INTERACTIVE = 100
"""Up to so many texts each cell is drawn; beyond, a picture of blocks is."""
_NAME_CHARACTERS = 32

Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
"""The base's and the tuned model's vectors of the same texts, one row a text."""


@dataclass(frozen=True)
class Blocks:
    """The matrices of many texts, as means of blocks.

    Attributes:
        edges: where the blocks begin, in the order of the texts.
        base: the base's mean cosines.
        tuned: the tuned model's.
        note: what one pixel stands for.
    """

    edges: NDArray[np.int64]
    base: NDArray[np.float32]
    tuned: NDArray[np.float32]
    note: Message


@dataclass(frozen=True)
class Results:
    """What is taken along.

    Attributes:
        sheet: the texts, in the order of the matrices.
        base: the base's cosines as they are drawn; of blocks their means.
        tuned: the tuned model's.
        verdict: for how many questions the right answer is first.
        places: where each right answer of the sheet stands, before and after.
        note: what one pixel stands for, when the matrices are of blocks.
    """

    sheet: Sheet
    base: NDArray[np.float32]
    tuned: NDArray[np.float32]
    verdict: Verdict
    places: tuple[Sequence[Place], Sequence[Place]]
    note: Message | None = None


def blocks_of(vectors: Pair, order: NDArray[np.int64]) -> Blocks:
    """Both models' matrices as pictures of blocks, the texts in this order."""
    edges = block_edges(len(order))
    base, tuned = (block_means(rows[order], edges) for rows in vectors)
    side = -(-len(order) // (len(edges) - 1))
    note = Message(
        N_(
            "{texts} texts: a pixel is the mean cosine of up to {side} texts with up to {side} "
            "others."
        )
        if side > 1
        else N_("{texts} texts: a pixel is the cosine of one text with another."),
        {"texts": len(order), "side": side} if side > 1 else {"texts": len(order)},
    )
    return Blocks(edges, base, tuned, note)


def compare_sheet(sheet: Sheet, vectors: Pair, order: NDArray[np.int64]) -> Results:
    """Everything that is said about the similarities of a sheet's texts.

    Args:
        sheet: the texts.
        vectors: of both models, a row for each text of the sheet.
        order: in which the texts are drawn.
    """
    before, after = (places(sheet.questions, rows) for rows in vectors)
    found = verdict(before, after, sheet.asked)
    if len(sheet) <= INTERACTIVE:
        base, tuned = (similarity_matrix(rows[order]) for rows in vectors)
        return Results(sheet.taken(order), base, tuned, found, (before, after))
    blocks = blocks_of(vectors, order)
    return Results(
        sheet.taken(order), blocks.base, blocks.tuned, found, (before, after), blocks.note
    )


def drawing_of(base_name: str, results: Results, translate: Translate) -> Drawing:
    """The matrices as they are drawn for paper, in the reader's language."""
    base, tuned, change = map(translate, TITLES)
    blocks = results.note is not None
    model = shortened(base_name.rpartition("/")[2], _NAME_CHARACTERS)
    return Drawing(
        base=results.base,
        tuned=results.tuned,
        titles=(base.format(model=model), tuned, change),
        scales=(translate(SCALES[0]), translate(SCALES[1])),
        labels=() if blocks else results.sheet.labels,
        texts=() if blocks else results.sheet.texts,
        framed=() if blocks else results.sheet.pairs(),
    )


def report_of(
    run_name: str,
    comparison: Comparison,
    results: Results,
    calibration: Calibration | None,
    made: str,
    translate: Translate,
) -> SimilarityReport:
    """What the page to print shows.

    Args:
        run_name: as the reader calls the run.
        comparison: its two models.
        results: from :func:`compare_sheet`.
        calibration: from the run's report.
        made: the day, in the reader's way of writing.
        translate: the reader's language.
    """
    return SimilarityReport(
        run=run_name,
        base=comparison.base_name,
        # The run's id; the rest of the path says nothing to whom the page is shown.
        tuned=comparison.tuned.folder.parent.name,
        made=made,
        drawing=drawing_of(comparison.base_name, results, translate),
        verdict=results.verdict,
        questions=results.sheet.questions,
        texts=results.sheet.texts,
        places=results.places,
        note=results.note,
        calibration=calibration,
    )
