"""Files that are not tables: what they look like, and the way out of each."""

from __future__ import annotations

import re

from core.data.reading.encodings import STAND_INS, looks_like_utf16
from core.problems import N_, Problem


class NotATable(Problem):
    """The file cannot be a table; the subclasses say what it looks like."""

    what = N_("{file} is not a table: it holds binary data that Pairloom does not know.")
    do = N_("Save the table as CSV (UTF-8) in the program that wrote it, and choose that file.")


class PdfFile(NotATable):
    what = N_("{file} is a PDF, not a table.")
    do = N_("Get the table behind it, for example as CSV from whoever made the PDF.")


class OldExcelFile(NotATable):
    what = N_("{file} is an Excel workbook of the old kind (.xls).")
    do = N_("Open it in Excel, choose Save As and the type “Excel workbook (.xlsx)”.")


class OfficeFile(NotATable):
    what = N_("{file} is an Office document (Word or PowerPoint), not a table.")
    do = N_("Copy its table into a spreadsheet, save that as .xlsx or CSV, and choose that file.")


class RichTextFile(NotATable):
    what = N_("{file} is a formatted text document (RTF), not a table.")
    do = N_("Copy its table into a spreadsheet, save that as .xlsx or CSV, and choose that file.")


class ArchiveFile(NotATable):
    what = N_("{file} is a packed archive, not a table.")
    do = N_("Unpack it and choose the table that is inside.")


class PictureFile(NotATable):
    what = N_("{file} is a picture, not a table.")
    do = N_("Choose the file with the table itself.")


class SoundOrFilm(NotATable):
    what = N_("{file} is a sound or video recording, not a table.")
    do = N_("Choose the file with the table itself.")


class DatabaseFile(NotATable):
    what = N_("{file} is a database, not a table.")
    do = N_("Export the table that you want as CSV (UTF-8).")


class PickleFile(NotATable):
    what = N_("{file} is a Python pickle, not a table. Pairloom never opens pickles.")
    do = N_("Load it where it was made and save it as CSV (UTF-8), for example with to_csv.")


class ModelFile(NotATable):
    what = N_("{file} holds the numbers of a trained model, not a table.")
    do = N_("Choose the table with the texts that a model is to learn from.")


class NumberArray(NotATable):
    what = N_("{file} is an array of numbers (NumPy), not a table of texts.")
    do = N_("Choose the table with the texts themselves.")


class OtherDataFile(NotATable):
    what = N_("{file} is a data file of another program ({kind}), which Pairloom cannot read.")
    do = N_("Save the table there as CSV (UTF-8) or Parquet, and choose that file.")


class ProgramFile(NotATable):
    what = N_("{file} is a program, not a table.")
    do = N_("Choose the file with the table itself.")


class WebPage(NotATable):
    what = N_("{file} is a web page, not a table.")
    do = N_(
        "Perhaps an error page was saved instead of the download: download the table again. If it "
        "shows the table, open it in a spreadsheet and save it as .xlsx or CSV."
    )


class LoginPage(WebPage):
    what = N_("{file} is a login page that was saved instead of the table.")
    do = N_("Log in where the table is kept, download it again, and choose that file.")


class XmlFile(NotATable):
    what = N_("{file} is XML, not a table.")
    do = N_("Export the table as CSV (UTF-8), or open it in a spreadsheet and save it as .xlsx.")


class JsonFile(NotATable):
    what = N_("{file} is JSON, but not a table of records.")
    do = N_("Write one record, such as {example}, on each line.")

    def __init__(self, *, file: str) -> None:
        super().__init__(file=file, example='{"query": "…", "answer": "…"}')


class EmailFile(NotATable):
    what = N_("{file} is an e-mail message, not a table.")
    do = N_("Save the table that is attached to it, and choose that file.")


_Refusal = type[NotATable]

_SIGNATURES: list[tuple[bytes, _Refusal]] = [
    (b"%PDF-", PdfFile),
    (b"{\\rtf", RichTextFile),
    (b"\x89PNG\r\n", PictureFile),
    (b"\xff\xd8\xff", PictureFile),
    (b"GIF87a", PictureFile),
    (b"GIF89a", PictureFile),
    (b"II*\x00", PictureFile),
    (b"MM\x00*", PictureFile),
    (b"8BPS\x00", PictureFile),
    (b"\x00\x00\x01\x00", PictureFile),
    (b"<svg", PictureFile),
    (b"ID3\x02", SoundOrFilm),
    (b"ID3\x03", SoundOrFilm),
    (b"ID3\x04", SoundOrFilm),
    (b"\xff\xfb", SoundOrFilm),
    (b"\xff\xf3", SoundOrFilm),
    (b"\xff\xf1", SoundOrFilm),
    (b"\xff\xf9", SoundOrFilm),
    (b"OggS\x00", SoundOrFilm),
    (b"fLaC\x00", SoundOrFilm),
    (b"FLV\x01", SoundOrFilm),
    (b"#!AMR", SoundOrFilm),
    (b"\x1a\x45\xdf\xa3", SoundOrFilm),
    (b"\x30\x26\xb2\x75", SoundOrFilm),
    (b"\x00\x00\x01\xba", SoundOrFilm),
    (b"\x1f\x8b", ArchiveFile),
    (b"BZh", ArchiveFile),
    (b"\xfd7zXZ\x00", ArchiveFile),
    (b"7z\xbc\xaf\x27\x1c", ArchiveFile),
    (b"\x28\xb5\x2f\xfd", ArchiveFile),
    (b"\x04\x22\x4d\x18", ArchiveFile),
    (b"Rar!\x1a\x07", ArchiveFile),
    (b"SQLite format 3\x00", DatabaseFile),
    (b"\x00\x01\x00\x00Standard ", DatabaseFile),
    # An old file of PyTorch's is a pickle that begins with this number.
    (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19", ModelFile),
    (b"\x80\x02", PickleFile),
    (b"\x80\x03", PickleFile),
    (b"\x80\x04\x95", PickleFile),
    (b"\x80\x05\x95", PickleFile),
    (b"GGUF", ModelFile),
    (b"\x93NUMPY", NumberArray),
    (b"\x7fELF", ProgramFile),
    (b"\xca\xfe\xba\xbe", ProgramFile),
    (b"\xcf\xfa\xed\xfe", ProgramFile),
    (b"\xce\xfa\xed\xfe", ProgramFile),
    (b"\x00asm", ProgramFile),
]
_OTHER_DATA: list[tuple[bytes, str]] = [
    (b"$FL2", "SPSS"),
    (b"$FL3", "SPSS"),
    (b"<stata_dta>", "Stata"),
    (bytes(12) + b"\xc2\xea\x81\x60", "SAS"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"ARROW1\x00\x00", "Arrow"),
    (b"\xff\xff\xff\xff", "Arrow"),
    (b"FEA1", "Feather"),
    (b"Obj\x01", "Avro"),
    (b"RDX3\n", "R"),
    (b"RDX2\n", "R"),
]
_TEXT_PICKLE = re.compile(
    rb"(\(?[dl]p0\n|\(i?lp\d|c(copy_reg|copyreg|__builtin__|builtins|pandas)\b)"
)
_WEB_PAGE = re.compile(rb"(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body|table)\b", re.I)
_COMMENT = re.compile(rb"(\s*<!--.*?-->)*\s*", re.DOTALL)
_PASSWORD_FIELD = re.compile(rb"""type\s*=\s*["']?password""", re.I)
_XML = re.compile(rb"<\?xml\b|<[A-Za-z][\w.-]*\s+xmlns(:\w+)?=", re.I)
_EMAIL = re.compile(
    rb"(From .*\r?\n)?((Received|Return-Path|Delivered-To|Message-ID|MIME-Version|From|To|Cc|"
    rb"Date|Subject|Reply-To|Content-Type|Content-Transfer-Encoding|DKIM-Signature|X-[\w-]+):.*\r?\n"
    rb"([ \t]+\S.*\r?\n)*){3}",
    re.I,
)
_TEXT_BYTES = bytes({1, 7, 8, 9, 10, 11, 12, 13, 26, 27} | set(range(32, 256)))
_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_HEAD = 65536
_BINARY_SHARE = 0.05
_BROKEN_SHARE = 0.01


def refuse_what_is_no_table(head: bytes, file: str) -> None:
    """Raise the :class:`NotATable` that says what the file looks like, if it is clearly no table.

    Args:
        head: how the file begins; 65,536 bytes are enough, and more are not looked at.  Formats
            that Pairloom reads although they are not text (Parquet, workbooks) should have been
            asked before.
        file: its name, for the message.
    """
    head = head[:_HEAD]
    for signature, kind in _OTHER_DATA:
        if head.startswith(signature):
            raise OtherDataFile(file=file, kind=kind)
    refusal = _recognise(head)
    if refusal is not None:
        raise refusal(file=file)


def _recognise(head: bytes) -> _Refusal | None:
    for signature, refusal in _SIGNATURES:
        if head.startswith(signature):
            return refusal
    for recognise in (_container, _markup, _binary):
        found = recognise(head)
        if found is not None:
            return found
    return None


def _container(head: bytes) -> _Refusal | None:
    """Formats that hold others, or that are known by more than their first bytes."""
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(head)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        is_document = "WordDocument".encode("utf-16-le") in head or b"Word.Document" in head
        return OfficeFile if is_document else OldExcelFile
    if head.startswith(b"RIFF"):
        return PictureFile if head[8:12] == b"WEBP" else SoundOrFilm
    if head[4:8] == b"ftyp":
        return PictureFile if head[8:12] in (b"heic", b"mif1", b"avif") else SoundOrFilm
    if head[257:262] == b"ustar":
        return ArchiveFile
    if head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 1 << 30 and head[7] == 0:
        return ModelFile  # safetensors: the length of its description, then that
    if head.startswith((b"BM", b"MZ")) and b"\x00" in head[:16]:
        return PictureFile if head.startswith(b"BM") else ProgramFile
    return PickleFile if _TEXT_PICKLE.match(head) else None


def _kind_of_zip(head: bytes) -> _Refusal:
    # The names of what is inside stand in the open between the packed pieces.
    if b"word/" in head or b"ppt/" in head:
        return OfficeFile
    if b"/data.pkl" in head:
        return ModelFile
    if b".npy" in head:
        return NumberArray
    return ArchiveFile


def _markup(head: bytes) -> _Refusal | None:
    """Texts in the formats of other things than tables."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    mark = next((mark for mark in _MARKS if head.startswith(mark)), None)
    if mark is not None:
        text = head.decode(_MARKS[mark], "replace").encode("utf-8", "replace")
    start = _COMMENT.match(text)
    text = text[start.end() if start else 0 :]
    if _WEB_PAGE.match(text):
        return LoginPage if _PASSWORD_FIELD.search(text) else WebPage
    if _XML.match(text):
        return PictureFile if b"<svg" in text[:2000] else XmlFile
    if _EMAIL.match(text):
        return EmailFile
    if re.match(rb'\{\s*("[^"\n]*"\s*:|\}|$)|\[\s*([\[{"\]]|[-\d.]+\s*[,\]]|$)', text):
        return None if _BRACKETED_CELL.match(text) else JsonFile
    return None


_BRACKETED_CELL = re.compile(rb"\[[^\[\]\"{}]*\]\s*[,;|\t]\s*[^\s,\]]")


def _binary(head: bytes) -> _Refusal | None:
    for mark, codec in _MARKS.items():
        if head.startswith(mark):
            text = head.decode(codec, STAND_INS)
            broken = sum("\ud800" <= char <= "\udfff" for char in text)
            return NotATable if broken > 1 + _BROKEN_SHARE * len(text) else None
    if looks_like_utf16(head):
        return None
    if len(head.translate(None, _TEXT_BYTES)) > _BINARY_SHARE * len(head):
        return NotATable
    return None
