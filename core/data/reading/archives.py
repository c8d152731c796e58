"""Files in .gz and .zip archives: which tables are there, and taking one out within limits."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from core.data.reading.unpacking import require_modest
from core.problems import N_, Problem


class ArchiveDamaged(Problem):
    what = N_("{file} is a compressed archive that is damaged or not whole.")
    do = N_("Download or copy it again: it may have been cut off on the way.")


class ArchiveEncrypted(Problem):
    what = N_("{file} is protected with a password, so it cannot be unpacked.")
    do = N_("Unpack it, and choose the table that is inside.")


class ArchiveUnknown(Problem):
    what = N_("{file} is compressed in a way that cannot be unpacked here.")
    do = N_("Unpack it, and choose the table that is inside.")


class ArchiveInArchive(Problem):
    what = N_("{file} holds another archive.")
    do = N_("Unpack it, and choose the table that is inside.")


class ArchiveLeadsOut(Problem):
    what = N_("{file} holds a file whose path leads out of its folder: {member}. It is not opened.")
    do = N_("Archives of tables have no such paths. Ask whoever made it for the table itself.")


class ArchiveWithoutTable(Problem):
    what = N_("{file} is an archive with no table in it.")
    do = N_("Choose an archive that holds a CSV, Excel, JSON or Parquet file.")


class UnknownMember(Problem):
    what = N_("{file} has no file {member} in it.")
    do = N_("Choose another file of the archive.")


ARCHIVE_SUFFIXES = (".gz", ".zip")

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_TAR = (257, b"ustar")
_DOCUMENT_PARTS = ("[Content_Types].xml", "mimetype", "docProps/", "xl/")
_PASSED_OVER = {"__MACOSX", "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Unpacked:
    """A file that was taken out of an archive.

    ``name`` is for messages; ``member`` and ``members`` are None and empty when the archive can
    hold a single file only.
    """

    path: Path
    name: str
    member: str | None = None
    members: tuple[str, ...] = ()


def is_archive(path: Path, head: bytes) -> bool:
    """Whether the file is a .gz or .zip archive and not a workbook or document, zips as well."""
    return head.startswith(_GZIP) or (head.startswith(_ZIP) and not _is_document(path, head))


def _is_document(path: Path, head: bytes) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return bool(set(_DOCUMENT_PARTS) & set(archive.namelist()))
    except zipfile.BadZipFile:
        # Cut off: the table of contents is missing, but the first parts say what it was.
        return any(part.encode() in head for part in _DOCUMENT_PARTS)


def unpack(
    path: Path, name: str, member: str | None, suffixes: Collection[str], folder: Path
) -> Unpacked:
    """Take a table out of an archive.

    Args:
        path: the archive.
        name: what it is called, for messages.
        member: the file that is wanted, by its path in the archive; None for the largest table.
        suffixes: how the names of tables end; files called otherwise count only where no file is
            called so.
        folder: where the table is put, under a name that owes nothing to the archive's.

    Raises:
        ArchiveDamaged, ArchiveEncrypted, ArchiveUnknown, ArchiveInArchive, ArchiveLeadsOut,
        ArchiveWithoutTable, UnknownMember: see there.
        ExpandsTooMuch: it would take absurdly much room.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) == _GZIP:
                unpacked = _unpack_gzip(path, name, folder)
            else:
                unpacked = _unpack_zip(path, name, member, suffixes, folder)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise ArchiveDamaged(file=name) from error
    with unpacked.path.open("rb") as file:
        if _is_some_archive(unpacked.path, file.read(512)):
            raise ArchiveInArchive(file=name)
    return unpacked


def _unpack_gzip(path: Path, name: str, folder: Path) -> Unpacked:
    target = folder / "table"
    with gzip.open(path) as source:
        _copy(source, target, path.stat().st_size, name)
    return Unpacked(target, name)


def _unpack_zip(
    path: Path, name: str, member: str | None, suffixes: Collection[str], folder: Path
) -> Unpacked:
    with zipfile.ZipFile(path) as archive:
        tables = _tables(archive, name, suffixes)
        if not tables:
            raise ArchiveWithoutTable(file=name)
        chosen = member or max(tables, key=lambda one: tables[one].file_size)
        if chosen not in tables:
            raise UnknownMember(file=name, member=chosen)
        info = tables[chosen]
        if info.flag_bits & 1:
            raise ArchiveEncrypted(file=name)
        require_modest(info.file_size, info.compress_size, name)
        target = folder / "table"
        try:
            with archive.open(info) as source:
                _copy(source, target, info.compress_size, name)
        except (NotImplementedError, RuntimeError) as error:
            raise ArchiveUnknown(file=name) from error
    return Unpacked(target, f"{name} › {chosen}", chosen, tuple(tables))


def _tables(
    archive: zipfile.ZipFile, name: str, suffixes: Collection[str]
) -> dict[str, zipfile.ZipInfo]:
    """What may be a table in the archive, by its path as people see it."""
    files = {}
    for info in archive.infolist():
        member = _readable_name(info)
        parts = PurePosixPath(member.replace("\\", "/")).parts
        if ".." in parts or member.startswith(("/", "\\")) or (parts and parts[0][1:] == ":"):
            raise ArchiveLeadsOut(file=name, member=member)
        hidden = any(part.startswith(".") or part in _PASSED_OVER for part in parts)
        is_link = stat.S_ISLNK(info.external_attr >> 16)
        if not (info.is_dir() or hidden or is_link or info.file_size == 0):
            files[member] = info
    called_so = {m: info for m, info in files.items() if m.lower().endswith(tuple(suffixes))}
    return called_so or files


def _readable_name(info: zipfile.ZipInfo) -> str:
    """The file's name; Chinese Windows writes names as GBK without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return info.filename


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, compressed: int, name: str) -> None:
    expanded = 0
    with target.open("wb") as file:
        while piece := source.read(_PIECE):
            expanded += len(piece)
            require_modest(expanded, compressed, name)
            file.write(piece)


def _is_some_archive(path: Path, head: bytes) -> bool:
    at, tar = _TAR
    if head.startswith(_OTHER_ARCHIVES) or head[at : at + len(tar)] == tar:
        return True
    return is_archive(path, head)
