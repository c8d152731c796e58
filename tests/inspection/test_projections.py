"""Alignment, PCA and neighbours against independent computations; one real UMAP."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist, pdist
from scipy.stats import ortho_group
from sklearn.decomposition import PCA

from core.inspection.layouts import _ties, umap_layout
from core.inspection.projections import align, joint_pca, main_axes


def _normal(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def test_a_known_rotation_is_undone() -> None:
    tuned = _normal(80, 12, 0)
    rotation = ortho_group.rvs(12, random_state=1)
    base = (tuned + 3.0) @ rotation.astype(np.float32)
    turned, centred = align(base, tuned)
    np.testing.assert_allclose(turned, centred, atol=1e-4)
    np.testing.assert_allclose(centred, tuned - tuned.mean(axis=0), atol=1e-5)


def test_alignment_equals_scipy_and_keeps_distances() -> None:
    base, tuned = _normal(60, 10, 2), _normal(60, 10, 3)
    turned, centred = align(base, tuned)
    rotation, _ = orthogonal_procrustes(base - base.mean(axis=0), tuned - tuned.mean(axis=0))
    np.testing.assert_allclose(turned, (base - base.mean(axis=0)) @ rotation, atol=1e-4)
    np.testing.assert_allclose(pdist(turned), pdist(base), atol=1e-4)
    assert np.linalg.norm(turned - centred) < np.linalg.norm(base - tuned)


@pytest.mark.parametrize(("narrow", "wide"), [(4, 9), (9, 4)])
def test_models_of_different_width_share_one_space(narrow: int, wide: int) -> None:
    base, tuned = _normal(50, narrow, 4), _normal(50, wide, 5)
    turned, centred = align(base, tuned)
    assert turned.shape == centred.shape == (50, 9)
    np.testing.assert_allclose(pdist(turned), pdist(base), atol=1e-4)
    np.testing.assert_allclose(pdist(centred), pdist(tuned), atol=1e-4)
    assert joint_pca(base, tuned).base_xy.shape == (50, 2)


def test_the_map_equals_scikit_learns_pca_of_both_together() -> None:
    base, tuned = _normal(120, 16, 6), _normal(120, 16, 7) * np.linspace(3, 0.1, 16, dtype="f4")
    drawn = joint_pca(base, tuned)
    pca = PCA(2).fit(np.concatenate(align(base, tuned)))
    expected = pca.transform(np.concatenate(align(base, tuned)))
    ours = np.concatenate([drawn.base_xy, drawn.tuned_xy])
    np.testing.assert_allclose(np.abs(ours), np.abs(expected), atol=1e-3)
    assert drawn.explained == pytest.approx(tuple(pca.explained_variance_ratio_), abs=1e-5)


def test_the_map_does_not_flip_when_rows_change_order() -> None:
    base, tuned = _normal(90, 8, 8), _normal(90, 8, 9) * np.linspace(3, 0.1, 8, dtype="f4")
    order = np.random.default_rng(0).permutation(90)
    drawn, shuffled = joint_pca(base, tuned), joint_pca(base[order], tuned[order])
    np.testing.assert_allclose(shuffled.base_xy, drawn.base_xy[order], atol=1e-3)


def test_one_text_and_equal_vectors_lie_in_the_middle() -> None:
    one = joint_pca(_normal(1, 5, 0), _normal(1, 5, 1))
    assert one.base_xy.tolist() == one.tuned_xy.tolist() == [[0, 0]]
    assert one.explained == (0, 0)
    flat = joint_pca(_normal(6, 1, 0), _normal(6, 1, 1))
    assert (flat.base_xy[:, 1] == 0).all()
    assert flat.explained == (1, 0)


@pytest.mark.parametrize("draw", [align, joint_pca, umap_layout])
def test_different_texts_cannot_be_compared(draw: object) -> None:
    with pytest.raises(ValueError, match="the same texts"):
        draw(_normal(3, 4, 0), _normal(2, 4, 0))  # type: ignore[operator]
    with pytest.raises(ValueError, match="at least one"):
        draw(_normal(0, 4, 0), _normal(0, 4, 0))  # type: ignore[operator]


def test_umap_lays_out_both_models_together_and_repeatably() -> None:
    centres = _normal(3, 16, 12) * 4
    labels = np.arange(75) % 3
    tuned = centres[labels] + _normal(75, 16, 13) * 0.3
    base = (tuned + _normal(75, 16, 14) * 0.3) @ ortho_group.rvs(16, random_state=2).astype("f4")
    drawn = umap_layout(base, tuned, neighbours=10, seed=7)
    again = umap_layout(base, tuned, neighbours=10, seed=7)
    np.testing.assert_array_equal(drawn.base_xy, again.base_xy)
    np.testing.assert_array_equal(drawn.tuned_xy, again.tuned_xy)
    assert drawn.explained is None
    assert np.isfinite(drawn.base_xy).all()
    # One coordinate system: a text of the base map lies in its cluster of the tuned map.
    middles = np.stack([drawn.tuned_xy[labels == label].mean(axis=0) for label in range(3)])
    assert (cdist(drawn.base_xy, middles).argmin(axis=1) == labels).all()
    other = umap_layout(base, tuned, neighbours=10, seed=8)
    assert not np.array_equal(drawn.base_xy, other.base_xy)


@pytest.mark.parametrize("texts", [1, 2, 3, 5])
def test_umap_of_very_few_texts(texts: int) -> None:
    drawn = umap_layout(_normal(texts, 8, 15), _normal(texts, 8, 16), neighbours=15)
    assert drawn.base_xy.shape == drawn.tuned_xy.shape == (texts, 2)
    assert np.isfinite(drawn.base_xy).all()
    assert np.isfinite(drawn.tuned_xy).all()


def test_umap_of_equal_texts_and_of_too_few_neighbours() -> None:
    same = np.ones((20, 4), dtype=np.float32)
    assert np.isfinite(umap_layout(same, same).base_xy).all()
    with pytest.raises(ValueError, match="at least 2"):
        umap_layout(same, same, neighbours=1)


@pytest.mark.parametrize("width", [8, 5])
def test_little_room_between_points_packs_them(width: int) -> None:
    base, tuned = _normal(60, width, 17), _normal(60, 8, 18)
    tight = umap_layout(base, tuned, neighbours=10, min_dist=0.0)
    loose = umap_layout(base, tuned, neighbours=10, min_dist=0.9)

    def nearest(xy: np.ndarray) -> float:
        distances = cdist(xy, xy)
        np.fill_diagonal(distances, np.inf)
        return float(np.median(distances.min(axis=1)) / np.ptp(xy, axis=0).mean())

    assert nearest(tight.tuned_xy) < 0.85 * nearest(loose.tuned_xy)


@pytest.mark.parametrize("width", [8, 5])
def test_a_layout_says_how_far_it_is_and_can_be_stopped_in_its_rounds(width: int) -> None:
    base, tuned = _normal(60, width, 17), _normal(60, 8, 18)
    shares: list[float] = []
    whole = umap_layout(base, tuned, neighbours=10, check=shares.append)
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] == 1
    assert len(shares) > 150
    np.testing.assert_array_equal(whole.tuned_xy, umap_layout(base, tuned, neighbours=10).tuned_xy)

    class Enough(Exception):
        pass

    seen: list[float] = []

    def stop(share: float) -> None:
        seen.append(share)
        if share > 0.9:
            raise Enough

    with pytest.raises(Enough):
        umap_layout(base, tuned, neighbours=10, check=stop)
    assert max(seen) < 0.95


def test_a_text_is_held_by_the_neighbours_that_it_has_under_both_models() -> None:
    graphs = [
        csr_matrix(np.triu(np.random.default_rng(at).random((30, 30)) > 0.8)) for at in (1, 2)
    ]
    relations, pull = _ties(graphs)
    rows = [[set(graph[at].indices.tolist()) for at in range(30)] for graph in graphs]
    wanted = [len(a & b) / len(a | b) if a | b else 1.0 for a, b in zip(*rows, strict=True)]
    np.testing.assert_allclose(pull[0, 3], wanted, atol=1e-6)
    np.testing.assert_allclose(pull[1, 1], wanted, atol=1e-6)
    assert relations[0, 3].tolist() == relations[1, 1].tolist() == list(range(30))
    assert (np.delete(relations[0], 3, axis=0) == -1).all()


@pytest.mark.slow
def test_models_of_different_width_are_held_together_at_every_text() -> None:
    centres = _normal(3, 16, 12) * 4
    labels = np.arange(90) % 3
    tuned = centres[labels] + _normal(90, 16, 13) * 0.3
    base = tuned @ _normal(16, 6, 14) + _normal(90, 6, 15) * 0.1
    drawn = umap_layout(base, tuned, neighbours=10, seed=7)
    assert drawn.base_xy.shape == drawn.tuned_xy.shape == (90, 2)
    assert np.isfinite(drawn.base_xy).all() and np.isfinite(drawn.tuned_xy).all()
    middles = np.stack([drawn.tuned_xy[labels == label].mean(axis=0) for label in range(3)])
    assert (cdist(drawn.base_xy, middles).argmin(axis=1) == labels).all()
    assert (cdist(drawn.tuned_xy, middles).argmin(axis=1) == labels).all()
    again = umap_layout(base, tuned, neighbours=10, seed=7)
    np.testing.assert_array_equal(drawn.tuned_xy, again.tuned_xy)


@pytest.mark.parametrize(
    "texts", [1, 2, 7, *(pytest.param(n, marks=pytest.mark.slow) for n in (12, 17))]
)
def test_few_texts_under_models_of_different_width(texts: int) -> None:
    drawn = umap_layout(_normal(texts, 4, 15), _normal(texts, 8, 16), neighbours=15)
    assert drawn.base_xy.shape == drawn.tuned_xy.shape == (texts, 2)
    assert np.isfinite(drawn.base_xy).all() and np.isfinite(drawn.tuned_xy).all()


def test_main_axes_keep_the_distances_of_what_lies_in_them() -> None:
    flat = _normal(50, 3, 19) @ ortho_group.rvs(12, random_state=3)[:3].astype("f4")
    np.testing.assert_allclose(pdist(main_axes(flat, 3)), pdist(flat), atol=1e-4)
    expected = PCA(2).fit_transform(flat)
    np.testing.assert_allclose(np.abs(main_axes(flat, 2)), np.abs(expected), atol=1e-3)
