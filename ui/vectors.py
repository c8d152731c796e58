"""Vectors of texts from a run's base and tuned model: asked for, looked up, laid out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.inspection.comparison import Comparison
from core.inspection.projections import Projection, joint_pca
from core.inspection.vectors import Roles, known_vectors, text_vectors
from core.workspace import Workspace
from ui.language import _

Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
"""The base's and the tuned model's vectors of the same texts, one row a text."""


def encode(
    workspace: Workspace, comparison: Comparison, texts: Sequence[str], roles: Roles = ()
) -> Pair:
    """The texts' vectors, read in these roles; while they are being computed the page says so.

    Raises:
        Problem: a model cannot be loaded, or the encoder does not start.
    """
    with st.spinner(
        _("Both models read the texts. Right after a start they have to be loaded first …")
    ):
        base, tuned = (
            text_vectors(workspace, model.folder, model.fingerprint, texts, roles=roles)
            for model in (comparison.base, comparison.tuned)
        )
    return base, tuned


def encoded(
    workspace: Workspace, comparison: Comparison, texts: Sequence[str], roles: Roles = ()
) -> Pair | None:
    """The texts' vectors when all of them were computed before."""
    base, tuned = (
        known_vectors(workspace, model.folder, model.fingerprint, texts, roles)
        for model in (comparison.base, comparison.tuned)
    )
    return None if base is None or tuned is None else (base, tuned)


@st.cache_data(max_entries=8, show_spinner=False)
def pca(key: str, _vectors: Pair) -> Projection:
    """The PCA of both; ``key`` names texts and models, so that a redraw computes nothing."""
    return joint_pca(*_vectors)
