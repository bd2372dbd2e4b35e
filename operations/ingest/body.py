"""Reads the body of a request whole, unpacked and within a limit, and refuses one that is cut off, damaged or too large."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from operations.ingest.errors import RequestRefused

CHUNK = 64 * 1024
GZIP = 31  # zlib's wbits for a stream with gzip's header and trailer, whatever its window


def read_body(request: HttpRequest, limit: int) -> bytes:
    """At most `limit` bytes, before and after unpacking. Raises RequestRefused."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise RequestRefused(415, f"The body is packed as {encoding[:40]}; send it as it is or packed by gzip.")
    packed = _receive(request, limit)
    body = _join(_unpack(packed) if "gzip" in encoding else packed, limit)
    if not body.strip():
        raise RequestRefused(400, "The body is empty.")
    return body


def discard_body(request: HttpRequest, limit: int) -> None:
    """Read what is left of a body that is refused: a client whose connection closes early may lose the answer (RFC 9112, 9.6)."""
    with suppress(RequestRefused, UnreadablePostError, OSError):
        stream = _get_stream(request)
        while limit > 0 and (chunk := stream.read(CHUNK)):
            limit -= len(chunk)


def split_lines(body: bytes) -> Iterator[bytes]:
    """The lines of a body, without the empty ones."""
    return (line for part in body.split(b"\n") if (line := part.strip(b" \t\r")))  # the space of JSON, no other


def _receive(request: HttpRequest, limit: int) -> Iterator[bytes]:
    """What comes over the wire. A body without a length ends with its last chunk, which the server recognises."""
    length = _read_length(request)
    if length is not None and length > limit:
        raise _too_large(limit)
    stream = _get_stream(request)
    received = 0
    try:
        while chunk := stream.read(CHUNK):
            received += len(chunk)
            yield chunk
    except (UnreadablePostError, OSError) as error:
        raise RequestRefused(400, "The body was cut off on its way; nothing of it was written.") from error
    if length is not None and received < length:
        raise RequestRefused(400, "The body is shorter than its Content-Length; nothing of it was written.")


def _get_stream(request: HttpRequest) -> Any:
    return request if _read_length(request) is not None else request.META["wsgi.input"]


def _read_length(request: HttpRequest) -> int | None:
    """The length that the request declares; None for one that comes in chunks."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower() and request.META.get("wsgi.input_terminated"):
        return None
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise RequestRefused(400, "Content-Length is no number.") from error


def _unpack(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip (RFC 1952, several members too) piece by piece, so that a bomb never unfolds beyond the limit."""
    decompressor, is_finished = zlib.decompressobj(GZIP), False
    for chunk in packed:
        while chunk:
            if is_finished:
                decompressor, is_finished = zlib.decompressobj(GZIP), False
            try:
                yield decompressor.decompress(chunk, CHUNK)
            except zlib.error as error:
                raise RequestRefused(400, "The body is no gzip, though its Content-Encoding says so.") from error
            is_finished = decompressor.eof
            chunk = decompressor.unused_data if is_finished else decompressor.unconsumed_tail
    while not is_finished and (remainder := _flush(decompressor)):
        yield remainder
    if not is_finished and not decompressor.eof:
        raise RequestRefused(400, "The gzip of the body ends before its end; nothing of it was written.")


def _flush(decompressor: "zlib._Decompress") -> bytes:
    """What a limit of output left within the decompressor after its input was used up."""
    try:
        return decompressor.decompress(b"", CHUNK)
    except zlib.error as error:
        raise RequestRefused(400, "The gzip of the body is damaged; nothing of it was written.") from error


def _join(pieces: Iterator[bytes], limit: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> RequestRefused:
    return RequestRefused(413, f"The body is larger than {limit:,} bytes; send fewer events at a time.")
