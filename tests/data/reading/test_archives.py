import gzip
import random
from pathlib import Path

import pytest

from core.data.read import read_table
from core.data.reading import unpacking
from core.data.reading.formats import read_file
from core.data.reading.rows import ReadOptions
from core.data.reading.sinks import ChunkSink
from core.data.reading.unpacking import ExpandsTooMuch
from tests.data.reading.making import CSV, zipped
from tests.data.reading.odd_archives import ARCHIVES
from tests.data.reading.outcomes import check_outcome


@pytest.mark.parametrize("name", ARCHIVES)
def test_odd_files(name: str) -> None:
    check_outcome(name, ARCHIVES[name])


def test_facts_name_the_files_in_a_zip() -> None:
    data = zipped({"b/small.csv": "q,a\nx,y\n", "notes.md": "# " * 500, "large.csv": CSV})
    facts = read_table(data, "t.zip").facts
    assert (facts.member, facts.members) == ("large.csv", ("b/small.csv", "large.csv"))
    assert (facts.format, facts.encoding, facts.separator) == ("Text table", "UTF-8", ",")


def test_a_refusal_names_the_file_in_the_zip() -> None:
    with pytest.raises(Exception, match=r"^t\.zip › a\.csv has a header row but no rows"):
        read_table(zipped({"a.csv": "q,a\n"}), "t.zip")


@pytest.mark.parametrize("kind", ["gzip", "zip", "zip that lies"])
def test_the_limit_on_size_holds_while_unpacking(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "EXPANDED_BYTES", 1_500_000)
    noise = random.Random(1).randbytes(1_600_000)
    data = gzip.compress(noise) if kind == "gzip" else zipped({"a.csv": noise})
    if kind == "zip that lies":
        size = len(noise).to_bytes(4, "little")
        data = data.replace(size, (10).to_bytes(4, "little"))
        # Python stops at the size that is told, and then finds that the checksum is another.
        with pytest.raises(Exception, match="damaged or not whole"):
            read_table(data, "t.zip")
        return
    with pytest.raises(ExpandsTooMuch, match="would expand to more than 1 MB"):
        read_table(data, "t.zip")


def test_what_was_unpacked_is_gone_afterwards_also_after_a_refusal(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name, data in {
        "good.zip": zipped({"a.csv": CSV}),
        "bad.zip": zipped({"a.csv": "q,a"}),
    }.items():
        (tmp_path / name).write_bytes(data)
        sink = ChunkSink(lambda chunk: None, lambda *row: None)
        try:
            read_file(tmp_path / name, name, ReadOptions(), sink, scratch=scratch)
        except Exception as error:
            assert name == "bad.zip", error
        assert list(scratch.iterdir()) == []
