"""Recognising and repairing characters that went through a wrong encoding ("mojibake").

The usual single-byte mix-ups are ftfy's work (https://ftfy.readthedocs.io).  What it leaves alone
is here: East Asian text whose bytes were partly lost on the way, because Windows code pages have no
character for 0x81, 0x8D, 0x8F, 0x90, 0x9D (in the Turkish one also 0x8E and 0x9E); UTF-8 that was
read as GBK; and “锟斤拷”, which is what replacement characters become when they are read as GBK.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import ftfy
import numpy as np
import pandas as pd
from ftfy.chardata import CHARMAP_ENCODINGS

from core.data.findings import EXAMPLES
from core.problems import N_

LOST = "\ufffd"
"""What stands where a character could not be recovered: �."""


class MojibakeKind(StrEnum):
    """What happened to a text."""

    SINGLE_BYTE = "single_byte"
    """UTF-8 that was read in an encoding of one byte a character, and saved."""
    GBK = "gbk"
    """UTF-8 that was read as GBK, and saved."""
    GBK_AS_WESTERN = "gbk_as_western"
    """GBK that was read in a Western encoding, and saved."""
    REPLACED = "replaced"
    """Another encoding read as UTF-8: every character is lost."""

    @property
    def label(self) -> str:
        """What happened, as a message id with the field ``encoding``."""
        return _LABELS[self]


_LABELS = {
    MojibakeKind.SINGLE_BYTE: N_("UTF-8 text that was opened as {encoding} and saved"),
    MojibakeKind.GBK: N_("UTF-8 text that was opened as {encoding} and saved"),
    MojibakeKind.GBK_AS_WESTERN: N_("GBK text that was opened as {encoding} and saved"),
    MojibakeKind.REPLACED: N_("text that was opened as {encoding} by mistake and saved"),
}


@dataclass(frozen=True)
class Repair:
    """One text, before and after: ``lost`` counts the characters that stay unreadable."""

    before: str
    after: str
    kind: MojibakeKind
    encoding: str

    @property
    def lost(self) -> int:
        """How many characters could not be recovered."""
        return self.after.count(LOST)


@dataclass(frozen=True)
class Mojibake:
    """What is wrong with a column of texts.

    Attributes:
        kind: what happened to most of the texts that are concerned.
        encoding: the encoding that they were probably read in by mistake, e.g. "Windows-1254".
        rows: how many texts are concerned.
        unrecoverable: how many characters in them stay unreadable after the repair.
        positions: where these texts stand in the column (from 0), ascending.
        examples: a few of them, position and repair.
    """

    kind: MojibakeKind
    encoding: str
    rows: int
    unrecoverable: int
    positions: np.ndarray
    examples: tuple[tuple[int, Repair], ...]


# The bytes behind the characters of Latin-1, Windows-1252 and Windows-1254; where these differ, the
# characters do too, so that one table holds all three.
_BYTES = {chr(code): code for code in range(0x80, 0x100)}
for _codec in ("cp1252", "cp1254"):
    for _code in range(0x80, 0x100):
        _character = bytes([_code]).decode(_codec, "ignore")
        if _character:
            _BYTES[_character] = _code


def _class_of(low: int, high: int) -> str:
    return "".join(re.escape(char) for char, code in _BYTES.items() if low <= code <= high)


_NEXT = _class_of(0x80, 0xBF)
_LEAD2, _LEAD3, _LEAD4 = _class_of(0xC2, 0xDF), _class_of(0xE0, 0xEF), _class_of(0xF0, 0xF4)
# Characters that do not follow a letter with an accent in a clean text of any European language;
# quotes, dashes, signs such as ® and the letters š, ž, œ do.
_ODD = re.escape("".join(map(chr, range(0x80, 0xA0))) + "ƒ†‡ˆ‰Š‹ŒŽ˜›Ÿ¢£¤¥¦¨©ª¬¯±µ¶¸")
_WHOLE = f"(?:[{_LEAD3}][{_NEXT}][{_NEXT}]|[{_LEAD4}][{_NEXT}][{_NEXT}][{_NEXT}])"
_EVIDENCE = re.compile(f"[{_LEAD3}](?:[{_ODD}][{_NEXT}]|[{_NEXT}][{_ODD}])|{_WHOLE}{_WHOLE}")
_IN_A_WORD = re.compile(f"[A-Za-z][{_LEAD3}]|[{_LEAD3}][A-Za-z]")
# Letters of other code pages, such as Windows-1250.
_OTHER_LETTERS = re.compile(
    "[" + "".join(c for c in map(chr, range(0x100, 0x250)) if c not in _BYTES) + "]"
)
# What a lost byte may have left in its place.
_PLACEHOLDERS = "?\x1a" + LOST


def _sequence(following: str) -> re.Pattern[str]:
    return re.compile(
        f"[{_LEAD2}][{following}]|[{_LEAD3}][{following}]{{0,2}}|[{_LEAD4}][{following}]{{0,3}}"
    )


_SEQUENCE = _sequence(_NEXT)
_SEQUENCE_FILLED = _sequence(_NEXT + re.escape(_PLACEHOLDERS))

# Letters of scripts that have three or four bytes a letter, such as Thai and Chinese.
_FAR = re.compile("[\u0e00-\u1dff\u2e80-\ufffc\U00010000-\U0010ffff]")


class _Decoded(dict[str, str]):
    """Sequences of characters that stand for bytes to the characters that these are in UTF-8.

    :data:`LOST` where bytes lack.  It fills as it is asked; most of a text's sequences are known.
    """

    def __missing__(self, sequence: str) -> str:
        raw = bytes(_BYTES.get(character, 0x1A) for character in sequence)
        try:
            self[sequence] = raw.decode("utf-8")
        except UnicodeDecodeError:
            self[sequence] = LOST
        return self[sequence]


_DECODED = _Decoded()

# UTF-8 read as GBK: the first two bytes of a three-byte character make a character of these.
_GBK_FIRST = "".join(
    bytes([lead, following]).decode("gb18030")
    for lead in range(0xE2, 0xF0)
    for following in range(0x80, 0xC0)
)
_GBK_FIRST_SET = frozenset(_GBK_FIRST)
# GBK read in a Western encoding: Chinese words are runs of letters with accents, two a character.
_GBK_BYTES = _class_of(0xA1, 0xFE)
_GBK_RUN = re.compile(f"[{_GBK_BYTES}]+")
_REPLACED = re.compile("(?:锟斤拷)+(?:锟斤?)?")

_SUSPECT = "|".join(
    (
        # UTF-8 read as Latin-1, Windows-1252 or Windows-1254.
        f"[{_LEAD2}{_LEAD3}{_LEAD4}][{_NEXT}]",
        # … as Windows-1251: Cyrillic letters that Russian does not use.
        "[РС][ЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЄЇІіґєјЅѕї‚„…†‡€‰‹‘’“”•–—™›\xa0¤¦§©«¬\xad®°±µ¶·№»].?[РС]",
        # … as Windows-1250 or ISO 8859-2, as Mac Roman, as code page 437.
        "[ĂĹĽäĺćçčéęëěíîď][‚„…†‡‰Š‹ŚŤŽŹ‘’“”•–—™š›śťžźˇ˘Ł¤Ą¦§¨©Ş«¬®Ż°±˛ł´µ¶·¸ąş»ĽľżÂ]",
        "[√‚Ã][©®°¢£§•¶ß´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªº]|‚Ä|├[░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬─┼╞╟╚╔╩╦╠═╬╧¿⌐¬½¼¡«»ñÑªº]|ΓÇ",
        f"[{_GBK_BYTES}]{{4}}",
        "锟斤拷",
        f"[{_GBK_FIRST}]",
    )
)
_SUSPECT_RE = re.compile(_SUSPECT)

_WESTERN = ("Latin-1", "Windows-1252", "Windows-1254")
_NAMES = {
    "latin-1": "Latin-1",
    "iso-8859-2": "Latin-2",
    "macroman": "Mac Roman",
    "cp437": "DOS 437",
} | {name: f"Windows-{name[-4:]}" for name in CHARMAP_ENCODINGS if name.startswith("sloppy-")}
_TURKISH = frozenset("ĞİŞğış")
_CONTROLS = frozenset(map(chr, range(0x80, 0xA0)))
_WINDOWS = frozenset(character for character in _BYTES if character > "\xff")
_NEARLY_ALL = 0.8
_TELLING_TEXTS, _TELLING_CHARACTERS = 1000, 200


def find_mojibake(texts: pd.Series) -> Mojibake | None:
    """What is wrong with the characters of a column, or None when nothing is.

    Args:
        texts: a column of texts.  Clean ones cost little: a compiled filter passes them over.
    """
    positions, repairs = _examine_column(texts)
    if not len(positions):
        return None
    named = Counter((repair.kind, repair.encoding) for repair in repairs)
    kind, encoding = named.most_common(1)[0][0]
    lost = sum(repair.lost for repair in repairs)
    if encoding in _WESTERN:
        characters = Counter("".join(repair.before for repair in repairs[:_TELLING_TEXTS]))
        encoding = _code_page(characters, lossy=lost > 0)
    examples: dict[str, tuple[int, Repair]] = {}
    for position, repair in zip(positions.tolist(), repairs, strict=True):
        if repair.kind is kind:
            examples.setdefault(repair.before, (position, repair))
        if len(examples) == EXAMPLES:
            break
    return Mojibake(kind, encoding, len(positions), lost, positions, tuple(examples.values()))


def repair_column(texts: pd.Series) -> tuple[pd.Series, np.ndarray, int]:
    """A column with its mojibake undone.

    Returns:
        The texts; the positions (from 0) of those that were changed; how many characters in these
        are lost and marked with :data:`LOST`.
    """
    positions, repairs = _examine_column(texts)
    if not len(positions):
        return texts, positions, 0
    cells = texts.to_numpy(dtype=object, copy=True)
    cells[positions] = [repair.after for repair in repairs]
    repaired = pd.Series(cells, index=texts.index, name=texts.name, dtype=texts.dtype)
    return repaired, positions, sum(repair.lost for repair in repairs)


def repair(text: str) -> str:
    """``text`` with its mojibake undone, characters that are lost marked with :data:`LOST`.

    A text that looks clean comes back as it is.
    """
    found = _examine(text) if _SUSPECT_RE.search(text) else None
    return text if found is None else found.after


def _examine_column(texts: pd.Series) -> tuple[np.ndarray, list[Repair]]:
    """The positions of the texts to be repaired, and their repairs."""
    suspects = np.flatnonzero(_contain(texts, _SUSPECT))
    found = _examine_each(texts.iloc[suspects], _examine)
    repairs = {
        position: repair
        for position, repair in zip(suspects.tolist(), found, strict=True)
        if repair is not None
    }
    # Texts of a few characters whose bytes are nearly all lost prove nothing by themselves, but
    # where nearly all texts went the same way, they did, too.
    same_way = sum(
        repair.kind is MojibakeKind.SINGLE_BYTE and _FAR.search(repair.after) is not None
        for repair in repairs.values()
    )
    if same_way:
        leads = _contain(texts, f"[{_LEAD3}{_LEAD4}]")
        if same_way >= _NEARLY_ALL * leads.sum():
            leads[list(repairs)] = False
            rest = np.flatnonzero(leads)
            found = _examine_each(texts.iloc[rest], _examine_fragment)
            for position, repair in zip(rest.tolist(), found, strict=True):
                if repair is not None:
                    repairs[position] = repair
    positions = np.array(sorted(repairs), dtype=np.int64)
    return positions, [repairs[position] for position in positions.tolist()]


def _contain(texts: pd.Series, pattern: str) -> np.ndarray:
    return np.array(texts.str.contains(pattern), dtype=bool)


def _examine_each(texts: pd.Series, examine: Callable[[str], Repair | None]) -> list[Repair | None]:
    codes, different = pd.factorize(texts)
    repairs = [examine(text) for text in different]
    return [repairs[code] for code in codes]


def _examine(text: str) -> Repair | None:
    """What is wrong with one text and how it reads repaired; None when it looks clean."""
    if "锟斤拷" in text:
        # Two replacement characters are the six bytes of these three.
        after = _REPLACED.sub(lambda found: LOST * -(-len(found[0]) * 2 // 3), text)
        return Repair(text, after, MojibakeKind.REPLACED, "UTF-8")
    if _EVIDENCE.search(text) and (found := _examine_western(text)):
        return found
    decoded = _from_gbk_as_western(text)
    if decoded is not None:
        return Repair(text, decoded, MojibakeKind.GBK_AS_WESTERN, _code_page(text))
    decoded = _from_gbk(text)
    if decoded is not None:
        return Repair(text, decoded, MojibakeKind.GBK, "GBK")
    explained = ftfy.fix_encoding_and_explain(text)
    if explained.text == text:
        return None
    if _FAR.search(explained.text) and (found := _examine_western(text)):
        return found
    encodings = [what for action, what in explained.explanation or () if action == "encode"]
    name = _NAMES.get(encodings[0], encodings[0]) if encodings else _code_page(text)
    return Repair(text, explained.text, MojibakeKind.SINGLE_BYTE, name)


def _examine_fragment(text: str) -> Repair | None:
    """The repair of a text in a column whose other texts went through a Western encoding.

    None when a letter with an accent stands in a word, as in no text of that kind.
    """
    return None if _IN_A_WORD.search(text) else _examine_western(text, sure=True)


def _examine_western(text: str, *, sure: bool = False) -> Repair | None:
    """The repair of a text that went through a Western encoding, bytes lost or not.

    None when it turns out to be in a European language, whose letters with accents look like lost
    characters, unless it is ``sure`` that it is not.
    """
    if _OTHER_LETTERS.search(text):
        return None
    pattern = _SEQUENCE
    if LOST in text or "\x1a" in text or ("?" in text and _question_marks_fill(text)):
        pattern = _SEQUENCE_FILLED
    after = pattern.sub(lambda found: _DECODED[found[0]], text)
    if after == text or (after.count(LOST) > 2 * len(_FAR.findall(after)) and not sure):
        return None
    return Repair(text, after, MojibakeKind.SINGLE_BYTE, _code_page(text))


def _question_marks_fill(text: str) -> bool:
    """Whether all question marks stand where bytes are lacking, as many as are lacking."""
    filled = [found[0] for found in _SEQUENCE_FILLED.finditer(text)]
    inside = sum(sequence.count("?") for sequence in filled)
    whole = all(len(sequence) == _length(sequence) for sequence in filled)
    return whole and inside == text.count("?")


def _length(sequence: str) -> int:
    """How many bytes a sequence should have, from its first one."""
    lead = _BYTES[sequence[0]]
    return 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _from_gbk_as_western(text: str) -> str | None:
    """GBK that was read in a Western encoding, repaired; None when the text is anything else."""
    runs = _GBK_RUN.findall(text)
    if not runs or max(map(len, runs)) < 4 or any(len(run) % 2 for run in runs):
        return None
    try:
        decoded = [bytes(_BYTES[char] for char in run).decode("gb18030") for run in runs]
    except UnicodeDecodeError:
        return None
    characters = "".join(decoded)
    common = sum(_is_common_chinese(character) for character in characters)
    if common < 0.6 * len(characters):
        return None
    replacements = iter(decoded)
    return _GBK_RUN.sub(lambda _: next(replacements), text)


def _is_common_chinese(character: str) -> bool:
    """Whether it is one of the 3,755 commonest characters (GB 2312, first level)."""
    code = character.encode("gb2312", "ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


def _from_gbk(text: str) -> str | None:
    """UTF-8 that was read as GBK, repaired; None when the text is anything else."""
    if _GBK_FIRST_SET.isdisjoint(text):
        return None
    try:
        # 0x80 is a euro sign in Windows' GBK; 0x1A stands for what is lost already.
        pieces = re.split(f"([€{LOST}])", text)
        special = {"€": b"\x80", LOST: b"\x1a"}
        raw = b"".join(special.get(piece) or piece.encode("gb18030") for piece in pieces)
    except UnicodeEncodeError:
        return None
    decoded = raw.decode("utf-8", "replace")
    far = len(_FAR.findall(decoded))
    wrong = sum(character == LOST or "\x80" <= character < "\u0800" for character in decoded)
    if far < 2 or wrong > far / 2:
        return None
    # Bytes that did not make a pair were dropped or became a question mark or a replacement
    # character; the rest of the character that they belonged to is around them.
    return re.sub(f"{LOST}[?\x1a]{{0,2}}{LOST}?|\x1a", LOST, decoded)


def _code_page(characters: Iterable[str], *, lossy: bool = False) -> str:
    """The Western encoding that these characters of mojibake came from.

    Windows-1252 and Windows-1254 differ in a few bytes only: 0x9E, for one, which is in every
    thirtieth Chinese character, is “ž” in the first and nothing in the second.
    """
    if not _TURKISH.isdisjoint(characters):
        return "Windows-1254"
    if _WINDOWS.isdisjoint(characters) and not _CONTROLS.isdisjoint(characters):
        return "Latin-1"
    telling = isinstance(characters, Counter) and characters.total() >= _TELLING_CHARACTERS
    if lossy and telling and "ž" not in characters and "Ž" not in characters:
        return "Windows-1254"
    return "Windows-1252"
