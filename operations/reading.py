"""Foreign files, record by record: JSON, JSON Lines, CloudTrail's `Records` files, gzip or not, a folder or a stream.

Memory is one record and one chunk, whatever the size of the file. What cannot be read comes out as a record with a
problem, so that it can be kept for inspection.
"""

import gzip
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

CHUNK = 256 * 1024
LONGEST = 8 * 1024 * 1024
_RECORDS = re.compile(r'\s*\{\s*"Records"\s*:\s*\[')
_SPACE = re.compile(r"[\s,\x1e]*")
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Record:
    """One source record: where it stood (line, or number in an array), its exact text, and what it says or why not."""

    place: int
    text: str
    value: dict[str, Any] | None
    problem: str = ""


def paths(names: list[str]) -> list[Path]:
    """The files meant, folders read in the order of their names. Raises FileNotFoundError."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if name == "-":
            found.append(path)
        elif path.is_dir():
            found += sorted(inner for inner in path.rglob("*") if inner.is_file())
        elif path.exists():
            found.append(path)
        else:
            raise FileNotFoundError(f"There is no file or folder {name}.")
    return found


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file or, for `-`, the standard input; unpacked when it begins as gzip does (RFC 1952)."""
    raw: Any = sys.stdin.buffer if str(path) == "-" else path.open("rb", buffering=0)
    try:
        buffered = io.BufferedReader(raw, CHUNK)
        packed = buffered.peek(2)[:2] == b"\x1f\x8b"
        yield cast(BinaryIO, gzip.GzipFile(fileobj=buffered) if packed else buffered)
    finally:
        raw.close()


def records(stream: BinaryIO) -> Iterator[Record]:
    """Each record of a stream. Its form is told from its beginning."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        head = text.read(CHUNK)
        if match := _RECORDS.match(head):
            yield from _elements(head[match.end() :], text)
        elif head.lstrip()[:1] == "[":
            yield from _elements(head.lstrip()[1:], text)
        elif _first_line_is_whole(head):
            yield from _lines(head, text)
        else:
            yield from _documents(head, text)
    finally:
        text.detach()  # the stream is its opener's to close


def _first_line_is_whole(head: str) -> bool:
    """Whether the first line is a record of its own: then every line is meant to be one."""
    line = head.lstrip().partition("\n")[0]
    try:
        json.loads(line)
    except ValueError:
        # A broken first line above others is still JSON Lines; a lone `{` begins one document over many lines.
        return len(line.strip()) > 2 and line.rstrip().endswith("}")
    return True


def _lines(head: str, rest: io.TextIOWrapper) -> Iterator[Record]:
    buffer, number = head, 0
    while buffer:
        *whole, buffer = buffer.split("\n")
        for line in whole:
            number += 1
            if line.strip():
                yield _understood(number, line.rstrip("\r"))
        if len(buffer) > LONGEST:
            yield Record(number + 1, buffer[:LONGEST], None, f"is longer than {LONGEST:,} characters")
            buffer = _after_line(rest)
            number += 1
        more = rest.read(CHUNK)
        if not more:
            if buffer.strip():
                yield _understood(number + 1, buffer.rstrip("\r"))
            return
        buffer += more


def _after_line(rest: io.TextIOWrapper) -> str:
    while more := rest.read(CHUNK):
        if "\n" in more:
            return more.partition("\n")[2]
    return ""


def _understood(place: int, text: str) -> Record:
    try:
        value = json.loads(text)
    except ValueError as error:
        return Record(place, text, None, f"is not JSON: {error}")
    except RecursionError:
        return Record(place, text, None, "is nested too deeply")
    return _record(place, text, value)


def _record(place: int, text: str, value: Any) -> Record:
    if not isinstance(value, dict):
        return Record(place, text, None, "is not a JSON object")
    return Record(place, text, value)


def _elements(buffer: str, rest: io.TextIOWrapper) -> Iterator[Record]:
    """The elements of an array, up to its `]`."""
    yield from _values(buffer, rest, ends_at="]")


def _documents(buffer: str, rest: io.TextIOWrapper) -> Iterator[Record]:
    """Documents one after another, each over as many lines as it likes."""
    yield from _values(buffer, rest, ends_at="")


def _values(buffer: str, rest: io.TextIOWrapper, *, ends_at: str) -> Iterator[Record]:
    number, at = 0, 0
    while True:
        match = _SPACE.match(buffer, at)
        at = match.end() if match else at
        if ends_at and buffer[at : at + 1] == ends_at:
            return
        try:
            value, end = _decoder.raw_decode(buffer, at)
            if end == len(buffer):
                raise ValueError("it may go on")
        except (ValueError, RecursionError) as error:
            more = rest.read(CHUNK)
            if more and len(buffer) - at < LONGEST:
                buffer, at = buffer[at:] + more, 0
                continue
            if buffer[at:].strip():
                yield _last(number + 1, buffer[at:], ends_at, error)
            return
        number += 1
        yield _record(number, buffer[at:end], value)
        at = end
        if at > CHUNK:
            buffer, at = buffer[at:], 0


def _last(place: int, text: str, ends_at: str, error: Exception) -> Record:
    """What stands at the end of a file: whole if it is a document, broken if an array was never closed."""
    if ends_at:
        return Record(place, text[:LONGEST], None, f"is cut off or is not JSON: {error}")
    return _understood(place, text.strip())
