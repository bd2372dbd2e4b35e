"""Writes a case bundle: a ZIP archive of which every byte follows from the files in it (docs/trail/case-bundle-format.md).

Format: PKWARE APPNOTE 6.3.10. Members are stored and not compressed, one behind the other, each with its ZIP64 sizes; times and
attributes are fixed. So the verifier can say of every byte what it has to be, and nothing in a bundle unpacks to more than it is.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import orjson

from trail.integrity import signed_note
from trail.integrity.signed_note import Signer

FORMAT = "audit-case-bundle/v1"
NOTE = "auditconsole-case-bundle/v1\n"
MANIFEST_NAME, NOTE_NAME = "manifest.json", "manifest.note"
_SHORT, _LONG = 0xFFFF, 0xFFFFFFFF  # the number stands in the ZIP64 field
_FIXED = (45, 0x0800, 0, 0, 0x0021)  # version, names in UTF-8, stored, and the first time that there is: 1980-01-01
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file of the archive: its path, its CRC-32, its size in bytes, and its SHA-256 in hexadecimal digits."""

    name: str
    crc: int
    size: int
    sha256: str


class FileDraft:
    """A file before it goes into the archive: its head says how long it is, so it is written to the disk first."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as files:
            self._file: IO[bytes] = files.enter_context(TemporaryFile(dir=folder))
            files.pop_all()
        self._digest, self._crc, self._size = sha256(), 0, 0

    def write(self, data: bytes) -> None:
        """Add to it. Raises OSError."""
        self._file.write(data)
        self._digest.update(data)
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)

    def describe(self, name: str) -> ArchivedFile:
        """What it is, under a path."""
        return ArchivedFile(name, self._crc, self._size, self._digest.hexdigest())

    def read_parts(self) -> Iterator[bytes]:
        """What was written, from its beginning; then it is gone."""
        with self._file:
            self._file.seek(0)
            while part := self._file.read(_CHUNK):
                yield part

    def close(self) -> None:
        """Give it up."""
        self._file.close()


@dataclass(slots=True)
class CaseArchive:
    """Gives the bytes of an archive, file after file; the caller adds them in the order that the verifier expects."""

    files: list[ArchivedFile] = field(default_factory=list)

    def add(self, name: str, draft: FileDraft) -> Iterator[bytes]:
        """The bytes of one file, with its head."""
        file = draft.describe(name)
        self.files.append(file)
        yield _build_head(file)
        yield from draft.read_parts()

    def add_bytes(self, name: str, content: bytes) -> Iterator[bytes]:
        """The same of a file that is held."""
        file = ArchivedFile(name, zlib.crc32(content), len(content), sha256(content).hexdigest())
        self.files.append(file)
        yield _build_head(file)
        yield content

    def finish(self, about: dict[str, object], signer: Signer) -> Iterator[bytes]:
        """The manifest, which names every file, its signature, and the directory of the archive."""
        files = [{"path": file.name, "size": file.size, "sha256": file.sha256} for file in self.files]
        manifest = orjson.dumps({"format": FORMAT, **about, "files": files}, option=orjson.OPT_SORT_KEYS)
        yield from self.add_bytes(MANIFEST_NAME, manifest)
        yield from self.add_bytes(NOTE_NAME, signed_note.sign(f"{NOTE}{sha256(manifest).hexdigest()}\n", signer))
        yield _build_directory(self.files)


def _build_head(file: ArchivedFile) -> bytes:
    path = file.name.encode()
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", *_FIXED, file.crc, _LONG, _LONG, len(path), 20)
    return head + path + struct.pack("<2H2Q", 1, 16, file.size, file.size)


def _build_directory(files: list[ArchivedFile]) -> bytes:
    entries, offset = [], 0
    for file in files:
        path = file.name.encode()
        sizes = (file.crc, _LONG, _LONG, len(path), 28, 0, 0, 0, 0, _LONG)
        head = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 45, *_FIXED, *sizes)
        entries.append(head + path + struct.pack("<2H3Q", 1, 24, file.size, file.size, offset))
        offset += len(_build_head(file)) + file.size
    listed, count = b"".join(entries), len(files)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(listed), offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + len(listed), 1)
    return listed + end + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, _SHORT, _SHORT, _LONG, _LONG, 0)
