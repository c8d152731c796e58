import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.feather import write_feather

from core.data.read import read_table
from core.data.reading.formats import FORMATS, HEAD_BYTES, SUFFIXES
from core.data.reading.not_tables import NotATable
from core.data.reading.rows import ReadOptions
from core.data.reading.sinks import ChunkSink
from core.workspace import PROJECT_ROOT
from tests.data.reading.making import Loaded, zipped
from tests.data.reading.odd_files import ODD_FILES


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("plain.xlsx", "Workbook"),
        ("table.ods", "Workbook"),
        ("old.xls", "Workbook"),
        ("plain.jsonl", "JSON"),
        ("array.json", "JSON"),
        ("plain.parquet", "Parquet"),
    ],
)
def test_a_format_is_known_by_its_contents(name: str, format: str, tmp_path: Path) -> None:
    path = tmp_path / "whatever.bin"
    path.write_bytes(ODD_FILES[name].data)
    head = ODD_FILES[name].data[:HEAD_BYTES]
    assert next(one.name for one in FORMATS if one.matches(path, head)) == format


def test_names_do_not_matter() -> None:
    for name, odd in ODD_FILES.items():
        if isinstance(odd, Loaded) and len(odd.data) < 100_000:
            for lie in ("x.pdf", "../../etc/passwd", "x" * 300, "\0\n\ud800"):
                table = read_table(odd.data, lie, options=odd.options)
                assert list(table.frame.columns) == list(odd.columns), name
            break


@pytest.mark.parametrize(
    "data",
    [
        zipped({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}),
        zipped({"mimetype": "application/epub+zip", "book.html": "<x/>"}),
        zipped({"[Content_Types].xml": "<x/>", "ppt/presentation.xml": "<x/>"}),
    ],
)
def test_other_documents_are_refused_as_no_table(data: bytes) -> None:
    with pytest.raises(NotATable):
        read_table(data, "x.xlsx")


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    page = (PROJECT_ROOT / "docs" / "how-to-add-a-file-format.md").read_text(encoding="utf-8")
    example = re.search(r'```python\n(""".*?)```', page, re.S)
    assert example is not None
    module: dict[str, Any] = {}
    exec(example[1], module)
    path = tmp_path / "t.feather"
    table = pa.table({"q": ["甲", None, "丙"], "s": [1.0, None, 0.5]})
    write_feather(table, path, compression="uncompressed")
    chunks: list[pa.Table] = []
    sink = ChunkSink(chunks.append, lambda *row: None)
    assert module["is_feather"](path, path.read_bytes()[:100])
    facts = module["read_feather"](path, "t.feather", ReadOptions(), sink, 2)
    sink.close()
    assert facts.rows_read == 3
    assert chunks[0].to_pydict() == {"q": ["甲", "丙"], "s": ["1", "0.5"], "row": [1, 3]}
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(module["FeatherDamaged"]):
        module["read_feather"](path, "t.feather", ReadOptions(), sink, 2)


def test_suffixes_are_what_an_upload_control_needs() -> None:
    usual = ".csv .tsv .txt .xlsx .jsonl .json .parquet .gz .zip"
    assert set(usual.split()) <= set(SUFFIXES)
    assert all(suffix.startswith(".") and suffix.islower() for suffix in SUFFIXES)
