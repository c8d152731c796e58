"""Which encoding a text file is written in, and opening it as text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from core.data.reading.plausibility import surprise
from core.problems import N_, Problem


class Undecodable(Problem):
    what = N_(
        "{file} is text in an encoding that Pairloom cannot tell: "
        "line {line} holds characters that cannot be read."
    )
    do = N_(
        "Choose its encoding yourself, or open it in the program that wrote it, save it as CSV "
        "with UTF-8, and choose that file."
    )


class EncodingUnknown(Problem):
    what = N_("Pairloom does not know the encoding {encoding}.")
    do = N_("Choose one of these: {known}.")


class WrongEncoding(Problem):
    what = N_("{file} is not written in {encoding}: most of its rows cannot be read that way.")
    do = N_("Choose another encoding, or let Pairloom find out which it is.")


ENCODINGS = {
    "UTF-8": "utf-8",
    "UTF-8 (BOM)": "utf-8-sig",
    "GB18030": "gb18030",
    "Big5": "big5hkscs",
    "UTF-16": "utf-16",
    "UTF-16 BE": "utf-16-be",
    "UTF-32": "utf-32",
    "Windows-1252": "cp1252",
    "ISO-8859-1": "latin-1",
    "Windows-1250": "cp1250",
    "Windows-1251": "cp1251",
    "Windows-1254": "cp1254",
    "Shift-JIS": "cp932",
    "EUC-JP": "euc_jis_2004",
    "EUC-KR": "cp949",
}
"""The encodings that a person can choose, in the order in which they are offered, with Python's
codecs.  "UTF-16" is the one with a byte order mark or, without one, little-endian.  GB18030 holds
GBK and GB 2312; Big5 is the one with Hong Kong's additions."""

_BOMS = [
    (b"\xef\xbb\xbf", "UTF-8 (BOM)"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
]


@dataclass(frozen=True)
class Encoding:
    """The name of an encoding, as people see it, and Python's codec for this file."""

    name: str
    codec: str


@dataclass(frozen=True)
class _Candidate:
    """An encoding that no mark gives away.

    Attributes:
        language: what is written in it.
        handicap: nats of evidence that the others must lack before it is believed.
        limit: nats that a character beyond ASCII may have on average in plausible text.
    """

    name: str
    language: str | None
    handicap: float
    limit: float


_CANDIDATES = [
    _Candidate("UTF-8", None, -20, 14),
    _Candidate("GB18030", "zh", 0, 10.6),
    _Candidate("Big5", "zh", 3, 10.6),
    _Candidate("Windows-1252", "western", 0, 8.5),
    _Candidate("Windows-1251", "cyrillic", 5, 6.5),
    _Candidate("Shift-JIS", "ja", 5, 9.5),
    _Candidate("EUC-JP", "ja", 5, 9.5),
    _Candidate("EUC-KR", "ko", 5, 9.5),
]
_UTF16_LIMIT = 9.0

STAND_INS = "pairloom.stand-ins"
"""The error handler that decodes every byte that does not fit as a character no text holds."""

_UNDECODED = re.compile("[\udc00-\udcff]")

_PIECE = 1 << 20
_SAMPLE_BYTES = 60_000
_HEAD_BYTES = 65_536
_FOREIGN_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")
_BROKEN_SHARE = 0.25
_FOREIGN_LETTERS_SHARE = 0.5
_CYRILLIC_WORD = re.compile("[\u0400-\u045f]+")
_MIXED_WORD = re.compile("[A-Za-z][\u0400-\u045f]|[\u0400-\u045f][A-Za-z]")
_MIXED_SHARE = 0.2


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """Decode what is not valid as U+DC00 and on, one for each byte; no text holds these."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + b) for b in error.object[error.start : error.end]), error.end


codecs.register_error(STAND_INS, _stand_in)


def detect_file_encoding(path: Path, file: str, wanted: str | None = None) -> Encoding:
    """The encoding that the file at ``path`` is written in; ``file`` is its name for messages.

    A byte order mark decides; then NUL bytes in every other place (UTF-16); then which encoding
    makes the first 60,000 bytes of lines beyond ASCII the likeliest text.  Single rows may still
    hold bytes that do not fit.

    Args:
        path: the file.
        file: its name.
        wanted: the encoding that a person chose, a name in :data:`ENCODINGS`; it is not questioned.

    Raises:
        EncodingUnknown: there is no encoding called ``wanted``.
        Undecodable: no encoding fits.
        OSError: the file cannot be opened.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if wanted is not None:
        name = _known_name(wanted)
    else:
        name = _marked(head) or looks_like_utf16(head) or _likeliest(path, file)
    codec = ENCODINGS[name]
    if name in ("UTF-16", "UTF-32") and _marked(head) != name:
        codec += "-le"
    return Encoding(name, codec)


def possible_encodings(head: bytes) -> list[str]:
    """The names of the encodings in which the beginning of a file makes sense, likeliest first.

    Where ``head`` is plain ASCII, nearly all of them do, in the order in which they are offered.
    """
    marked = _marked(head) or looks_like_utf16(head)
    if marked is not None:
        return [marked]
    sample = b"".join(_FOREIGN_LINE.findall(head))[:_SAMPLE_BYTES]
    if not sample:
        return [name for name in ENCODINGS if not name.startswith(("UTF-16", "UTF-32", "UTF-8 "))]
    likely = _rank(sample)
    single_byte = [name for name in ENCODINGS if _is_single_byte(name) and name not in likely]
    return [*likely, *(name for name in single_byte if _may_be_single_byte(sample, name))]


def open_text(path: Path, encoding: Encoding, newline: str = "") -> TextIO:
    r"""Open a file as text; undecodable bytes become characters that no text holds (U+DC00 and on).

    Args:
        path: the file.
        encoding: how it is written.
        newline: "" for lines that end in ``\n``, ``\r\n`` or ``\r``, "\n" for ``\n`` alone; line
            ends stay as they are.
    """
    return path.open(encoding=encoding.codec, errors=STAND_INS, newline=newline)


def looks_like_utf16(head: bytes) -> str | None:
    """UTF-16's name when ``head`` is UTF-16 without a byte order mark, else None.

    One of the two bytes of separators, line ends and other ASCII characters is NUL then; text in
    other encodings has no NUL, and makes no sense in UTF-16.
    """
    if b"\x00" not in head:
        return None
    names = {}
    for name, codec in (("UTF-16", "utf-16-le"), ("UTF-16 BE", "utf-16-be")):
        text = head[: len(head) // 2 * 2].decode(codec, STAND_INS)
        names[surprise(text, None) / len(text) if text else _UTF16_LIMIT + 1] = name
    return names[min(names)] if min(names) <= _UTF16_LIMIT else None


def _known_name(wanted: str) -> str:
    for name in ENCODINGS:
        if name.casefold() == wanted.strip().casefold():
            return name
    raise EncodingUnknown(encoding=wanted, known=", ".join(ENCODINGS))


def _likeliest(path: Path, file: str) -> str:
    ranking = _rank(_foreign_lines(path))
    if not ranking:
        raise Undecodable(file=file, line=_first_foreign_line(path))
    return ranking[0]


def _marked(head: bytes) -> str | None:
    return next((name for bom, name in _BOMS if head.startswith(bom)), None)


def _foreign_lines(path: Path) -> bytes:
    """The first lines that are not plain ASCII, from wherever in the file they are."""
    sample = b""
    with path.open("rb") as stream:
        while len(sample) < _SAMPLE_BYTES and (piece := stream.read(_PIECE)):
            if not piece.isascii():
                for line in _FOREIGN_LINE.finditer(piece):
                    sample += line[0]
                    if len(sample) >= _SAMPLE_BYTES:
                        break
    # The cut should not go through a character: end the sample where a line does, if it can be.
    if len(sample) > _SAMPLE_BYTES:
        sample = sample[:_SAMPLE_BYTES]
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    return sample


def _first_foreign_line(path: Path) -> int:
    line = 1
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            if not piece.isascii():
                place = next(n for n, byte in enumerate(piece) if byte >= 0x80)
                return line + piece.count(b"\n", 0, place)
            line += piece.count(b"\n")
    return line


def _rank(sample: bytes) -> list[str]:
    """The candidates that make ``sample`` plausible text, likeliest first."""
    if not sample:
        return ["UTF-8"]
    try:
        sample.decode("utf-8")
        sure = ["UTF-8"]
    except UnicodeDecodeError:
        sure = []
    scored = [
        (total, candidate.name)
        for candidate, total in _scores(sample)
        if candidate.name not in sure
    ]
    return sure + [name for _, name in sorted(scored)]


def _scores(sample: bytes) -> Iterator[tuple[_Candidate, float]]:
    for candidate in _CANDIDATES:
        if _is_single_byte(candidate.name) and not _may_be_single_byte(sample, candidate.name):
            continue
        text = sample.decode(ENCODINGS[candidate.name], STAND_INS)
        foreign = re.sub(r"[\x00-\x7f]", "", text)
        broken = len(_UNDECODED.findall(foreign))
        # A character that is cut off in every row should not hide which encoding the rest is in.
        if broken > _BROKEN_SHARE * len(foreign):
            continue
        if surprise(foreign, candidate.language) <= candidate.limit * len(foreign):
            yield candidate, surprise(text, candidate.language) + candidate.handicap


def _is_single_byte(name: str) -> bool:
    return name.startswith(("Windows", "ISO"))


def _may_be_single_byte(sample: bytes, name: str) -> bool:
    """Whether the letters beyond ASCII stand where those of ``name``'s languages stand.

    Nearly all letters of a text with accents are plain Latin ones; Cyrillic is not mixed with them.
    """
    text = sample.decode(ENCODINGS[name], STAND_INS)
    if name == "Windows-1251":
        words = len(_CYRILLIC_WORD.findall(text))
        return len(_MIXED_WORD.findall(text)) <= _MIXED_SHARE * words
    letters = [char for char in text if char.isalpha()]
    foreign = sum(char > "\x7f" for char in letters)
    return foreign <= _FOREIGN_LETTERS_SHARE * len(letters)
