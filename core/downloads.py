"""Sends a file as a download, or the part of it that a browser lacks (RFC 9110, 14)."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
PART = 1 << 20  # bytes that are read at once


class Unsatisfiable(ValueError):
    """A range begins behind the file's end."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte of a range and the one behind its last; None for what is no single range of bytes, which is left aside.

    Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:  # so many from the end
        if not int(last) or not size:
            raise Unsatisfiable
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return int(first), min(size, int(last) + 1) if last else size


def send_file(request: HttpRequest, path: Path, *, name: str, content_type: str, digest: str) -> HttpResponseBase:
    """The file as a download, whole, or from where the browser was broken off. `digest` is its SHA-256, by which a browser knows
    that it is the same file still."""
    etag = f'"{digest}"'
    size = path.stat().st_size
    header = request.headers.get("Range", "") if request.method == "GET" else ""
    if request.headers.get("If-Range", etag) != etag:
        header = ""
    try:
        part = read_range(header, size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response: HttpResponseBase
    if part is None:
        response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=content_type)
    else:
        first, end = part
        response = StreamingHttpResponse(_read_part(path, first, end - first), status=206, content_type=content_type)
        response["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        response["Content-Length"] = str(end - first)
        response["Content-Disposition"] = content_disposition_header(True, name) or ""
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    return response


def _read_part(path: Path, first: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while length and (part := file.read(min(length, PART))):
            length -= len(part)
            yield part
