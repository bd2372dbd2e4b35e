"""Opens what was named as the sources it holds: a file, or each file of an archive, unpacked, with what is wrong with it.

Each source is read before the next is taken. One that cannot be read is named with the reason and does not end the others.
"""

import io
import os
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from operations.imports.byte_stream import CHUNK, ByteStream, UnpackBudget, UnpacksTooFar
from operations.imports.compression import expand, find_packing
from operations.imports.zip_members import read_local_members

DEEPEST = 5  # archives and packings, one within the other
_BLOCK = tarfile.BLOCKSIZE
_IN_MEMORY = 16 * 1024 * 1024  # bytes of an archive within another
_FAULTS = (OSError, EOFError, UnpacksTooFar, tarfile.TarError, zipfile.BadZipFile, RuntimeError, NotImplementedError)
# What stands beside logs and holds none: what desktops leave in folders.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"})
# What is known by its beginning and is not read.
_FOREIGN = (
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "packed by LZ4"),
    (b"\xff\x06\x00\x00sNaPpY", "packed by Snappy"),
    (b"LZIP", "packed by lzip"),
    (b"\x1f\x9d", "packed by compress"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"ElfFile\0", "a Windows event log"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


@dataclass(slots=True)
class LogSource:
    """One stream of records. `problems` is complete when `chunks` is used up; `exemption` says why it is passed over."""

    name: str
    chunks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    problems: list[str] = field(default_factory=list)
    exemption: str = ""


def find_files(names: list[str]) -> list[Path | LogSource]:
    """The files that are meant, folders in the order of their names, and what could not be looked into.

    Raises FileNotFoundError for a name that is not there.
    """
    files: list[Path | LogSource] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            files += _walk_folder(path)
        elif name == "-" or path.exists():
            files.append(path)
        else:
            raise FileNotFoundError(f"There is no file or folder {name}.")
    return files


def _walk_folder(folder: Path) -> list[Path | LogSource]:
    closed: list[OSError] = []
    paths = [Path(outer, name) for outer, _, names in os.walk(folder, onerror=closed.append) for name in names]
    unread = [LogSource(f"{error.filename}/", problems=[_describe(error)]) for error in closed]
    return sorted(path for path in paths if path.is_file() or path.is_symlink()) + unread


def find_exemption(name: str) -> str:
    """Why what has this name is passed over; empty where it is not."""
    parts = name.replace(" › ", "/").split("/")
    if parts[-1].startswith("._") or not _LITTER.isdisjoint(parts):
        return "left by a desktop"
    return ""


def open_sources(path: Path) -> Iterator[LogSource]:
    """The sources of a file, or of the standard input for `-`."""
    if str(path) == "-":
        budget = UnpackBudget()
        yield from _Opener(budget).open(
            "standard input", ByteStream(budget.count_packed(cast(io.BufferedReader, sys.stdin.buffer).read1))
        )
        return
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        yield LogSource(str(path), problems=[_describe(error)])
        return
    with file:
        budget = UnpackBudget()
        yield from _Opener(budget).open(str(path), ByteStream(budget.count_packed(file.read)), path=path)


class _Opener:
    """Opens the sources of one file within its budget."""

    def __init__(self, budget: UnpackBudget) -> None:
        self._budget = budget

    def open(
        self,
        name: str,
        stream: ByteStream,
        *,
        depth: int = 0,
        problems: list[str] | None = None,
        path: Path | None = None,
    ) -> Iterator[LogSource]:
        """The sources within a stream. `problems` collects what is wrong with it; `path` is where it lies, if it is a file."""
        problems = [] if problems is None else problems
        try:
            head = stream.peek(_BLOCK)[:_BLOCK]
        except _FAULTS as error:
            head, stream = b"", ByteStream(iter(()))
            problems.append(_describe(error))
        if exemption := find_exemption(name) or ("" if head or problems else "empty"):
            yield LogSource(name, exemption=exemption)
        elif depth > DEEPEST:
            yield LogSource(name, problems=[f"it is packed more than {DEEPEST} times, and was not unpacked further"])
        elif kind := next((kind for magic, kind in _FOREIGN if head.startswith(magic)), ""):
            yield LogSource(name, problems=[f"it is {kind}, which is not read; give its records as JSON"])
        elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from self._open_zip(name, stream, depth, path)
        elif _is_tar(head):
            yield from self._open_tar(name, stream, depth, problems)
        elif find_packing(head):
            inner = ByteStream(self._guard(expand(stream, self._budget, problems.append), problems))
            yield from self.open(name, inner, depth=depth + 1, problems=problems)
        else:
            chunks = expand(stream, self._budget, problems.append)
            yield LogSource(name, self._guard(chunks, problems), problems)

    def _guard(self, chunks: Iterator[bytes], problems: list[str]) -> Iterator[bytes]:
        """The chunks as far as they can be read."""
        try:
            yield from chunks
        except _FAULTS as error:
            problems.append(_describe(error))

    def _open_tar(self, name: str, stream: ByteStream, depth: int, problems: list[str]) -> Iterator[LogSource]:
        try:
            with tarfile.open(fileobj=cast(Any, stream), mode="r|") as archive:
                for member in archive:
                    archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
                    inner = archive.extractfile(member) if member.isreg() else None
                    if inner is not None:
                        yield from self._open_member(f"{name} › {member.name}", inner, depth)
                    elif not member.isdir():
                        yield LogSource(f"{name} › {member.name}", exemption="a link or a device")
        except _FAULTS as error:
            problems.append(_describe(error))
        if problems:
            yield LogSource(name, problems=problems)

    def _open_zip(self, name: str, stream: ByteStream, depth: int, path: Path | None) -> Iterator[LogSource]:
        with path.open("rb") if path else tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            if path:
                self._budget.packed = path.stat().st_size
            else:
                while chunk := stream.read_chunk():
                    self._budget.count_unpacked(len(chunk))
                    file.write(chunk)
            try:
                archive = zipfile.ZipFile(cast(Any, file))
            except zipfile.BadZipFile:
                yield from self._open_cut_zip(name, file, depth)
                return
            for info in archive.infolist():
                if not info.is_dir():
                    yield from self._open_zip_member(archive, info, f"{name} › {info.filename}", depth)

    def _open_zip_member(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, depth: int
    ) -> Iterator[LogSource]:
        try:
            inner = archive.open(info)
        except _FAULTS as error:  # encrypted, or packed in a way of its own
            yield LogSource(name, problems=[_describe(error)])
            return
        with inner:
            yield from self._open_member(name, inner, depth)

    def _open_cut_zip(self, name: str, file: IO[bytes], depth: int) -> Iterator[LogSource]:
        """The members of an archive that lacks its directory, which stands at its end."""
        file.seek(0)
        stream = ByteStream(UnpackBudget().count_packed(file.read))
        for member, chunks in read_local_members(stream):
            yield from self._open_chunks(f"{name} › {member}", self._count(chunks), depth)
        yield LogSource(name, problems=["it is cut off: it has no directory, so members may be missing"])

    def _open_member(self, name: str, inner: IO[bytes], depth: int) -> Iterator[LogSource]:
        return self._open_chunks(name, self._count(iter(lambda: inner.read(CHUNK), b"")), depth)

    def _open_chunks(self, name: str, chunks: Iterator[bytes], depth: int) -> Iterator[LogSource]:
        problems: list[str] = []
        yield from self.open(name, ByteStream(self._guard(chunks, problems)), depth=depth + 1, problems=problems)

    def _count(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._budget.count_unpacked(len(chunk))
            yield chunk


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _describe(error: Exception) -> str:
    return f"it cannot be read: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
