"""Reads the members of a zip archive in order, by the headers before them, for an archive whose directory is cut off.

The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7.
"""

import struct
import zlib
from collections.abc import Iterator

from operations.imports.byte_stream import CHUNK, ByteStream

_HEADER = struct.Struct("<4s5HIIIHH")
_MAGIC, _DESCRIPTOR = b"PK\x03\x04", b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_IS_ENCRYPTED, _HAS_DESCRIPTOR, _IS_UTF8 = 1, 8, 1 << 11
_RAW = -15  # zlib's wbits for deflate without a header


def read_local_members(stream: ByteStream) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each member's name and content; the content is read before the next is taken. It ends where it is no longer certain."""
    while (head := stream.read(_HEADER.size)).startswith(_MAGIC) and len(head) == _HEADER.size:
        _, _, flags, method, _, _, _, packed, _, name_size, extra_size = _HEADER.unpack(head)
        name = stream.read(name_size).decode("utf-8" if flags & _IS_UTF8 else "cp437", "replace")
        stream.read(extra_size)
        if flags & _IS_ENCRYPTED or not (method == _DEFLATED or (method == _STORED and not flags & _HAS_DESCRIPTOR)):
            return
        if not name.endswith("/"):
            yield name, _inflate(stream) if method == _DEFLATED else _read_stored(stream, packed)
        if flags & _HAS_DESCRIPTOR:
            stream.read(16 if stream.peek(4).startswith(_DESCRIPTOR) else 12)


def _inflate(stream: ByteStream) -> Iterator[bytes]:
    """Raises EOFError where the member is cut off, and OSError where it is damaged."""
    decompressor = zlib.decompressobj(_RAW)
    try:
        while not decompressor.eof:
            data = decompressor.unconsumed_tail or stream.read_chunk()
            piece = decompressor.decompress(data, CHUNK)
            if not (piece or data):
                raise EOFError("the member is cut off")
            yield piece
    except zlib.error as error:
        raise OSError(f"the member is damaged: {error}") from error
    stream.unread(decompressor.unused_data)


def _read_stored(stream: ByteStream, size: int) -> Iterator[bytes]:
    """Raises EOFError where the member is cut off."""
    while size:
        content = stream.read(min(size, CHUNK))
        if not content:
            raise EOFError("the member is cut off")
        size -= len(content)
        yield content
