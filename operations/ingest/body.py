"""The body of a request, whole and unpacked, within a limit. Whatever is cut, damaged or too large is refused before anything
is written."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from operations.ingest.errors import NotTaken

CHUNK = 64 * 1024
GZIP = 31  # zlib's word for: with gzip's head and tail, any window


def read(request: HttpRequest, most: int) -> bytes:
    """At most `most` bytes, before and after unpacking. Raises NotTaken."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise NotTaken(415, f"The body is packed as {encoding[:40]}; send it as it is or packed by gzip.")
    packed = _received(request, most)
    body = _joined(_unpacked(packed, most) if "gzip" in encoding else packed, most)
    if not body.strip():
        raise NotTaken(400, "The body is empty.")
    return body


def discard(request: HttpRequest, most: int) -> None:
    """Read what is left of a body that is refused: who closes before may lose the answer on its way (RFC 9112, 9.6)."""
    with suppress(NotTaken, UnreadablePostError, OSError):
        stream = _stream(request)
        while most > 0 and (chunk := stream.read(CHUNK)):
            most -= len(chunk)


def _received(request: HttpRequest, most: int) -> Iterator[bytes]:
    """What comes over the wire. A body without a length ends by its last chunk, which the server knows."""
    length = _length(request)
    if length is not None and length > most:
        raise _too_large(most)
    stream = _stream(request)
    received = 0
    try:
        while chunk := stream.read(CHUNK):
            received += len(chunk)
            yield chunk
    except (UnreadablePostError, OSError) as error:
        raise NotTaken(400, "The body was cut off on its way; nothing of it was written.") from error
    if length is not None and received < length:
        raise NotTaken(400, "The body is shorter than its Content-Length; nothing of it was written.")


def _stream(request: HttpRequest) -> Any:
    return request if _length(request) is not None else request.META["wsgi.input"]


def _length(request: HttpRequest) -> int | None:
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower() and request.META.get("wsgi.input_terminated"):
        return None
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise NotTaken(400, "Content-Length is no number.") from error


def _unpacked(packed: Iterator[bytes], most: int) -> Iterator[bytes]:
    """Unpack gzip (RFC 1952, several members too) piece by piece, so that a bomb never unfolds beyond the limit."""
    unpack, whole = zlib.decompressobj(GZIP), False
    for chunk in packed:
        while chunk:
            if whole:
                unpack, whole = zlib.decompressobj(GZIP), False
            try:
                yield unpack.decompress(chunk, CHUNK)
            except zlib.error as error:
                raise NotTaken(400, "The body is no gzip, though its Content-Encoding says so.") from error
            whole = unpack.eof
            chunk = unpack.unused_data if whole else unpack.unconsumed_tail
    while not whole and (rest := _rest(unpack)):
        yield rest
    if not whole and not unpack.eof:
        raise NotTaken(400, "The gzip of the body ends before its end; nothing of it was written.")


def _rest(unpack: "zlib._Decompress") -> bytes:
    """What a limit of output left within the decompressor after its input was used up."""
    try:
        return unpack.decompress(b"", CHUNK)
    except zlib.error as error:
        raise NotTaken(400, "The gzip of the body is damaged; nothing of it was written.") from error


def _joined(pieces: Iterator[bytes], most: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> NotTaken:
    return NotTaken(413, f"The body is larger than {most:,} bytes; send fewer events at a time.")
