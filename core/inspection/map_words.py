"""What stands above and below a map: how it was made, and what its distances do not say."""

from __future__ import annotations

from core.inspection.projections import Projection
from core.problems import N_

PCA_TITLE = N_("PCA of {texts} texts: the two axes show {share} of the spread")
UMAP_TITLE = N_("UMAP of {texts} texts: {neighbours} neighbours, seed {seed}")
_TURNED = N_(
    "The base's vectors were turned onto the tuned model's, which changes no distance, and "
    "both were laid out together, so a text that moved did move."
)
_HELD = N_(
    "The two models have vectors of different length: each map was laid out by itself and "
    "held to the other at every text (AlignedUMAP)."
)
_FILLED = N_(
    "The two models have vectors of different length: the shorter ones were filled up with "
    "zeros and turned onto the longer ones, and both were laid out together."
)
_NOT_EXACT = N_(
    "Texts close together are alike to the model, but distances in two dimensions have no "
    "exact meaning."
)


def how_to_read(projection: Projection, *, same_width: bool) -> tuple[str, str]:
    """Message ids: how the two maps were made comparable, and what distances do not say.

    Args:
        projection: what is drawn.
        same_width: whether both models' vectors have the same length.
    """
    if same_width:
        return _TURNED, _NOT_EXACT
    return (_HELD if projection.explained is None else _FILLED), _NOT_EXACT
