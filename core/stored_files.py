"""Keeps a file that somebody uploads, whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from core.errors import Refused
from trail.files import open_for_owner

# Bytes from which the type of a file is told.
HEAD = 4_096


@dataclass(frozen=True, slots=True)
class StoredStream:
    """What was written: bytes, the SHA-256 of them in hexadecimal digits, and the first HEAD of them."""

    size: int
    sha256: str
    head: bytes


def store_stream(chunks: Iterable[bytes], path: Path, *, most: int | None = None) -> StoredStream:
    """Write a file that is not there yet, readable by its owner alone, and on the disk when this returns.

    Whatever ends this early leaves no file. Raises Refused, with a sentence, where it is longer than `most` bytes, and where it
    cannot be written: a full disk.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "xb", opener=open_for_owner) as file:
            try:
                return _write(chunks, file, most)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Refused(write_problem(error), "file") from error


def _write(chunks: Iterable[bytes], file: BinaryIO, most: int | None) -> StoredStream:
    digest, size, head = hashlib.sha256(), 0, b""
    for chunk in chunks:
        size += len(chunk)
        if most is not None and size > most:
            raise Refused(f"The file is longer than {most:,} bytes; it was not taken.", "file")
        head += chunk[: HEAD - len(head)]
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    return StoredStream(size, digest.hexdigest(), head)


def open_unnamed_file() -> FileIO:
    """A file on the disk of the state folder that goes with the process, whatever ends that. Raises OSError.

    Nothing of it waits in memory to be written, so that a full disk is met where something is written and not where it is closed.
    """
    return tempfile.TemporaryFile("w+b", buffering=0, dir=settings.STATE_DIR)


def write_whole(file: FileIO, data: bytes) -> None:
    """Write all of it: a file without a buffer may take a part. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


class DiskUploadHandler(FileUploadHandler):
    """Lets an uploaded file come to the disk; `problem` is a sentence where that has no room for it, and the form no file."""

    problem = ""

    def new_file(self, *args: Any, **options: Any) -> None:
        """Open a file, which has no name, whatever it is called. Raises SkipFile."""
        super().new_file(*args, **options)
        try:
            self.file = open_unnamed_file()
        except OSError as error:
            self.problem = write_problem(error)
            raise SkipFile from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file. Raises SkipFile."""
        try:
            write_whole(self.file, raw_data)
        except OSError as error:
            self.problem = write_problem(error)
            self.upload_interrupted()
            raise SkipFile from error

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        """The file from its beginning."""
        self.file.seek(0)
        words = (self.file_name, self.content_type, file_size, self.charset, self.content_type_extra)
        return UploadedFile(self.file, *words)

    def upload_interrupted(self) -> None:
        """Give up the file."""
        with suppress(OSError, AttributeError):  # where none could be opened
            self.file.close()


def take_to_disk(request: HttpRequest) -> None:
    """Have what a request uploads come to the disk. Called before anything reads the form."""
    handlers: list[Any] = [DiskUploadHandler(request)]
    request.upload_handlers = handlers


def name_problem(request: HttpRequest, field: forms.Field) -> None:
    """Say in the place of a file that is missing why it was not taken, where the disk did not."""
    for handler in request.upload_handlers:
        if isinstance(handler, DiskUploadHandler) and handler.problem:
            field.error_messages["required"] = handler.problem


def write_problem(error: OSError) -> str:
    """Why a file could not be kept, in a sentence."""
    return f"The file could not be kept: {error.strerror}. Tell an admin."
