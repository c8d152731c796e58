"""Pictures of matrices: means of blocks, colours, and files that others can open."""

from __future__ import annotations

import csv
import io
import re
import tomllib
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from itertools import pairwise

import numpy as np
import pytest

from core.inspection.matrix_svg import Drawing, matrices_svg
from core.inspection.matrix_tables import FILES, matrices_zip
from core.inspection.picture import (
    DIVERGING,
    SEQUENTIAL,
    block_edges,
    block_means,
    colours,
    limits,
    png,
)
from core.inspection.similarity import similarity_matrix
from core.workspace import PROJECT_ROOT

TITLES = ("Base: <small>", "After", "Change")
SVG = "{http://www.w3.org/2000/svg}"


def some_vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 9)).astype(np.float32)


def drawing(count: int, texts: bool = True, **more: object) -> Drawing:
    base, tuned = (similarity_matrix(some_vectors(count, seed)) for seed in (1, 2))
    labels = [str(number) for number in range(1, count + 1)] if texts else []
    words = [f"text & {label} \x07" for label in labels]
    return Drawing(base, tuned, TITLES, ("Cosine", "Change"), labels, words, **more)


@pytest.mark.parametrize(("count", "blocks"), [(10, 10), (101, 7), (640, 150)])
def test_a_block_is_the_mean_of_its_cosines(count: int, blocks: int) -> None:
    vectors = some_vectors(count) * 5
    edges = block_edges(count, blocks)
    assert (edges[0], edges[-1], len(edges)) == (0, count, blocks + 1)
    assert np.ptp(np.diff(edges)) <= 1
    whole = similarity_matrix(vectors)
    wanted = [[whole[a:b, c:d].mean() for c, d in pairwise(edges)] for a, b in pairwise(edges)]
    np.testing.assert_allclose(block_means(vectors, edges), wanted, atol=1e-5)


def test_fewer_texts_than_blocks_are_a_block_each() -> None:
    assert block_edges(3).tolist() == [0, 1, 2, 3]


def test_the_colours_are_those_of_the_screens() -> None:
    theme = tomllib.loads((PROJECT_ROOT / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    assert theme["light"]["chartSequentialColors"] == SEQUENTIAL
    assert theme["light"]["chartDivergingColors"] == DIVERGING


def test_the_ends_and_the_middle_of_a_scale() -> None:
    values = np.array([-9.0, 0.0, 0.5, 1.0, 9.0], dtype=np.float32)
    found = colours(values, 0, 1, ["#000000", "#FF0040"])
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [128, 0, 32], [255, 0, 64], [255, 0, 64]]


def test_the_scale_ends_at_round_numbers() -> None:
    base = np.array([[1, 0.31], [0.31, 1]], dtype=np.float32)
    tuned = np.array([[1, -0.02], [-0.02, 1]], dtype=np.float32)
    assert limits(base, tuned) == pytest.approx((-0.1, 0.4))
    assert limits(base, base) == pytest.approx((0.0, 0.1))


def test_a_png_is_as_its_specification_says() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (7, 5, 3)).astype(np.uint8)
    file = io.BytesIO(png(pixels))
    assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    chunks = {}
    while size := file.read(4):
        kind, data = file.read(4), file.read(int.from_bytes(size))
        assert zlib.crc32(kind + data) == int.from_bytes(file.read(4))
        chunks[kind] = data
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    # Width, height, 8 bits a colour, colours and no palette, nothing else out of the ordinary.
    assert chunks[b"IHDR"] == bytes([0, 0, 0, 5, 0, 0, 0, 7, 8, 2, 0, 0, 0])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(7, 16)
    assert (lines[:, 0] == 0).all()
    np.testing.assert_array_equal(lines[:, 1:].reshape(7, 5, 3), pixels)


def test_few_texts_are_drawn_with_their_numbers_names_and_frames() -> None:
    drawn = drawing(4, framed=[(0, 2)])
    tree = ElementTree.fromstring(matrices_svg(drawn))
    words = [text.text for text in tree.iter(f"{SVG}text")]
    assert words.count("Base: <small>") == 1
    for values, form in ((drawn.base, "{:.2f}"), (drawn.tuned - drawn.base, "{:+.2f}")):
        assert form.format(round(float(values[0, 2]), 2)) in words
    assert "text & 3  3" in words
    frames = [one for one in tree.iter(f"{SVG}rect") if one.get("fill") == "none"]
    assert len(frames) == 6
    cells = [one for one in tree.iter(f"{SVG}rect") if one.get("width") == "70.00"]
    assert len(cells) == 3 * 16 + 6


def test_a_cell_has_the_colour_of_its_number() -> None:
    drawn = drawing(4)
    lowest, _ = limits(drawn.base, drawn.tuned)
    wanted = "#" + bytes(colours(drawn.base[:1, 1], lowest, 1.0, SEQUENTIAL)[0]).hex()
    assert re.search(rf'x="27\d\.00" y="44\.00" [^>]* fill="{wanted}"', matrices_svg(drawn))


def test_many_texts_are_small_pictures_and_a_small_file() -> None:
    svg = matrices_svg(drawing(150, texts=False))
    tree = ElementTree.fromstring(svg)
    assert len(list(tree.iter(f"{SVG}image"))) == 3
    assert len(svg) < 400_000


def test_the_tables_hold_all_numbers_and_no_formulas() -> None:
    base, tuned = (similarity_matrix(some_vectors(3, seed)) for seed in (1, 2))
    texts = ["红鞋，大", "=1+1", '5" screen\nsecond line']
    with zipfile.ZipFile(io.BytesIO(matrices_zip(texts, base, tuned))) as archive:
        assert archive.namelist() == list(FILES)
        for name, values in zip(FILES, (base, tuned, tuned - base), strict=True):
            raw = archive.read(name)
            assert raw.startswith(b"\xef\xbb\xbf")
            first, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
            assert first == ["", "红鞋，大", "'=1+1", '5" screen\nsecond line']
            assert [row[0] for row in rows] == first[1:]
            read = np.array([row[1:] for row in rows], dtype=float)
            np.testing.assert_allclose(read, values, atol=1e-6)
