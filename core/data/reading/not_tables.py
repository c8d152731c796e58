"""Files that are not text tables: what they look like, and the way out of each."""

from __future__ import annotations

import json
import re
from typing import Any

from core.problems import N_, Problem


class NotATable(Problem):
    """The file cannot be a text table; the subclasses say what it looks like."""

    what = N_("{file} is not a text table: it holds binary data.")
    do = N_("Save the table as CSV (UTF-8) in the program that wrote it, and choose that file.")


class PdfFile(NotATable):
    what = N_("{file} is a PDF, not a text table.")
    do = N_("Get the table behind it, for example as CSV from whoever made the PDF.")


class ExcelFile(NotATable):
    what = N_("{file} is an Excel workbook, not a text table.")
    do = N_("Open it in Excel, choose Save As and the type “CSV UTF-8”, and choose that file.")


class OfficeFile(NotATable):
    what = N_("{file} is an Office document, not a text table.")
    do = N_("Copy its table into a spreadsheet, save that as CSV (UTF-8), and choose that file.")


class ArchiveFile(NotATable):
    what = N_("{file} is a compressed archive, not a text table.")
    do = N_("Unpack it and choose the table that is inside.")


class PictureFile(NotATable):
    what = N_("{file} is a picture, not a text table.")
    do = N_("Choose the file with the table itself.")


class ParquetFile(NotATable):
    what = N_("{file} is a Parquet file, not a text table.")
    do = N_("Write it as CSV (UTF-8), for example with pandas: read_parquet, then to_csv.")


class DatabaseFile(NotATable):
    what = N_("{file} is a database, not a text table.")
    do = N_("Export the table that you want as CSV (UTF-8).")


class PickleFile(NotATable):
    what = N_("{file} is a Python pickle, not a text table. Pairloom never opens pickles.")
    do = N_("Load it where it was made and save it as CSV (UTF-8), for example with to_csv.")


class WebPage(NotATable):
    what = N_("{file} is a web page, not a text table.")
    do = N_("Perhaps a login page was saved instead of the download: download the table again.")


class JsonFile(NotATable):
    what = N_("{file} is JSON, not a text table.")
    do = N_("Write it as CSV (UTF-8), for example with pandas: read_json, then to_csv.")


_SIGNATURES: list[tuple[bytes, type[NotATable]]] = [
    (b"%PDF-", PdfFile),
    (b"PAR1", ParquetFile),
    (b"\x89PNG\r\n", PictureFile),
    (b"\xff\xd8\xff", PictureFile),
    (b"GIF8", PictureFile),
    (b"II*\x00", PictureFile),
    (b"MM\x00*", PictureFile),
    (b"\x1f\x8b", ArchiveFile),
    (b"BZh", ArchiveFile),
    (b"\xfd7zXZ\x00", ArchiveFile),
    (b"7z\xbc\xaf\x27\x1c", ArchiveFile),
    (b"\x28\xb5\x2f\xfd", ArchiveFile),
    (b"Rar!\x1a", ArchiveFile),
    (b"SQLite format 3\x00", DatabaseFile),
    (b"\x80\x02", PickleFile),
    (b"\x80\x03", PickleFile),
    (b"\x80\x04", PickleFile),
    (b"\x80\x05", PickleFile),
]
_TEXT_BYTES = bytes({7, 8, 9, 10, 11, 12, 13, 26, 27} | set(range(32, 256)))
_BINARY_SHARE = 0.05
_HEAD = 65536
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def refuse_what_is_no_table(data: bytes, file: str) -> None:
    """Raise the :class:`NotATable` that fits when ``data`` is clearly no text table."""
    problem = _recognise(data)
    if problem is not None:
        raise problem(file=file)


def _recognise(data: bytes) -> type[NotATable] | None:
    for signature, problem in _SIGNATURES:
        if data.startswith(signature):
            return problem
    head = data[:_HEAD]
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(data)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        is_workbook = "Workbook".encode("utf-16-le") in data
        return ExcelFile if is_workbook else OfficeFile
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return PictureFile
    if head.startswith(b"BM") and b"\x00" in head[:16]:
        return PictureFile
    if re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|\?xml|head|body)\b", head, re.I):
        return WebPage
    if _is_json(head):
        return JsonFile
    if not head.startswith(_BOMS) and _share_of_control_bytes(head) > _BINARY_SHARE:
        return NotATable
    return None


def _kind_of_zip(data: bytes) -> type[NotATable]:
    # Office files are archives whose first entries name the program's own folder.
    if b"xl/workbook" in data or b"xl/worksheets" in data:
        return ExcelFile
    if b"word/document" in data or b"ppt/presentation" in data:
        return OfficeFile
    return ArchiveFile


def _is_json(head: bytes) -> bool:
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    if not text.startswith(("{", "[")):
        return False
    line = text.splitlines()[0].strip()
    if line in ("{", "["):
        return True
    try:
        # A whole document cut off by the size of the head still begins with a whole value.
        value: Any = json.JSONDecoder().raw_decode(line)[0] if line[0] == "{" else json.loads(line)
    except ValueError:
        return line.startswith(("[{", '{"', "[["))
    return isinstance(value, dict | list)


def _share_of_control_bytes(head: bytes) -> float:
    return len(head.translate(None, _TEXT_BYTES)) / len(head)
