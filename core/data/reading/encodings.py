"""Which encoding a text table is written in, and its lines."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from core.problems import N_, Problem


class Undecodable(Problem):
    what = N_(
        "{file} is neither UTF-8 nor UTF-16 nor GB18030 text: "
        "line {line} holds a character that cannot be read."
    )
    do = N_(
        "Open it in the program that wrote it, save it as CSV with UTF-8, and choose that file."
    )


@dataclass(frozen=True)
class Encoding:
    """An encoding: the name that people see, Python's codec, and what to do with damaged bytes."""

    name: str
    codec: str
    errors: str = "strict"


UNREADABLE = re.compile("[\x00\udc80-\udcff]")
"""Matches what no text holds: NUL, and the stand-ins for bytes that are not valid UTF-8."""

_BOMS = [
    (b"\xef\xbb\xbf", Encoding("UTF-8 (BOM)", "utf-8-sig")),
    (b"\xff\xfe\x00\x00", Encoding("UTF-32", "utf-32")),
    (b"\x00\x00\xfe\xff", Encoding("UTF-32", "utf-32")),
    (b"\xff\xfe", Encoding("UTF-16", "utf-16")),
    (b"\xfe\xff", Encoding("UTF-16", "utf-16")),
]
_UTF8 = Encoding("UTF-8", "utf-8")
_DAMAGED_UTF8 = Encoding("UTF-8", "utf-8", "surrogateescape")
_GB18030 = Encoding("GB18030", "gb18030")

_DAMAGED_SHARE = 0.02
_COMMON_SHARE = 0.5
_COMMON_FIRST_BYTES = bytes([*range(0xA1, 0xA4), *range(0xB0, 0xD8)])
_PLAUSIBILITY_CHARACTERS = 20_000


def detect_encoding(data: bytes, file: str) -> Encoding:
    """The encoding of ``data``; ``file`` is named when there is none that fits.

    A byte order mark decides; otherwise UTF-8 if every byte fits, UTF-8 with damaged characters if
    nearly every one does, GB18030 if every byte fits and the result looks like Chinese.

    Raises:
        Undecodable: none of these.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            _require_valid(data, encoding, file)
            return encoding
    try:
        data.decode("utf-8")
        return _UTF8
    except UnicodeDecodeError as error:
        first_error = error.start
    if _is_slightly_damaged_utf8(data):
        return _DAMAGED_UTF8
    if _is_gb18030(data):
        return _GB18030
    raise Undecodable(file=file, line=data.count(b"\n", 0, first_error) + 1)


def read_lines(data: bytes, encoding: Encoding) -> list[str]:
    r"""The lines of ``data``, each with its own ending: ``\n``, ``\r\n`` or ``\r``."""
    with io.TextIOWrapper(
        io.BytesIO(data), encoding=encoding.codec, errors=encoding.errors, newline=""
    ) as text:
        return text.readlines()


def _require_valid(data: bytes, encoding: Encoding, file: str) -> None:
    try:
        data.decode(encoding.codec)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding.codec, errors="ignore")
        raise Undecodable(file=file, line=before.count("\n") + 1) from error


def _is_slightly_damaged_utf8(data: bytes) -> bool:
    readable = data.decode("utf-8", errors="ignore")
    beyond_ascii = len(readable) - len(readable.encode("ascii", errors="ignore"))
    damaged = len(data) - len(readable.encode("utf-8"))
    return damaged <= _DAMAGED_SHARE * beyond_ascii


def _is_gb18030(data: bytes) -> bool:
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    # Western, Japanese and Big5 text can pass as GB18030 too, but as characters that hardly anybody
    # writes: most of real Chinese text is punctuation and the common ideographs of GB 2312.
    characters = re.findall(r"[^\x00-\x7f]", text[: 20 * _PLAUSIBILITY_CHARACTERS])
    sample = "".join(characters[:_PLAUSIBILITY_CHARACTERS])
    first_bytes = sample.encode("gb2312", errors="ignore")[::2]
    common = len(first_bytes) - len(first_bytes.translate(None, _COMMON_FIRST_BYTES))
    return common >= _COMMON_SHARE * len(sample)
