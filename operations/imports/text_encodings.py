"""Decodes the bytes of a source as text: UTF-8, UTF-16 or UTF-32, told by a mark of byte order or by where the zeros are.

Bytes that are no UTF-8 become lone surrogates (PEP 383), so that nothing of them is lost. Where files were joined the encoding
may change behind a mark of byte order.
"""

import codecs
import re
from collections.abc import Iterator

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A bracket, white space or a quotation mark of JSON, among the zeros that stand beside it in each encoding.
_BEGINNINGS = (
    (re.compile(rb"[\[{\s\"]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[\[{\s\"]"), "utf-32-be"),
    (re.compile(rb"[\[{\s\"]\0"), "utf-16-le"),
    (re.compile(rb"\0[\[{\s\"]"), "utf-16-be"),
)
# These bytes are in no text of UTF-8, and a bracket follows: a file of UTF-16 that was joined to it.
_SWITCH = re.compile(rb"\xff\xfe(?=(?:\s\0)*[\[{]\0)|\xfe\xff(?=(?:\0\s)*\0[\[{])")
# And back: a line's end of UTF-16 before a bracket, a quotation mark and a letter that are single bytes.
_BACK = {
    "utf-16-le": re.compile(rb"(?<=[\n}\]]\0)(?:\xef\xbb\xbf)?(?=[\[{]\s*[\"{][\w\"])"),
    "utf-16-be": re.compile(rb"(?<=\0[\n}\]])(?:\xef\xbb\xbf)?(?=[\[{]\s*[\"{][\w\"])"),
}
_OVERLAP = 64


def decode_chunks(chunks: Iterator[bytes]) -> Iterator[str]:
    """The text of a source, piece by piece."""
    pending, encoding = b"", ""
    decoder = _make_decoder("utf-8")
    for chunk, is_last in _mark_last(chunks):
        pending += chunk
        if not encoding:
            encoding = find_encoding(pending)
            decoder = _make_decoder(encoding)
        while match := _find_switch(encoding, pending):
            yield _finish(decoder, pending[: match.start()])
            pending = pending[match.start() :]
            encoding = find_encoding(pending)
            decoder = _make_decoder(encoding)
        end = len(pending) if is_last else len(pending) - _OVERLAP
        if end > 0:
            yield _finish(decoder, pending) if is_last else decoder.decode(pending[:end])
            pending = pending[end:]


def _mark_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk and whether it is the last. The first has enough for its encoding to be told, if there is so much."""
    head = b""
    for chunk in chunks:
        if len(head) >= _OVERLAP:
            yield head, False
            head = b""
        head += chunk
    yield head, True


def _make_decoder(encoding: str) -> codecs.IncrementalDecoder:
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    return codecs.getincrementaldecoder(encoding)(errors)


def _finish(decoder: codecs.IncrementalDecoder, last: bytes) -> str:
    """The text of the last bytes; half a character at the end stands as U+FFFD."""
    try:
        return decoder.decode(last, True)
    except UnicodeDecodeError as error:
        decoder.reset()
        return last[: error.start].decode(error.encoding, "surrogatepass") + "\ufffd"


def _find_switch(encoding: str, content: bytes) -> re.Match[bytes] | None:
    if encoding == "utf-8":
        if content.isascii():
            return None
        return _SWITCH.search(content) if b"\xff\xfe" in content or b"\xfe\xff" in content else None
    form = _BACK.get(encoding)
    return form.search(content) if form else None


def find_encoding(head: bytes) -> str:
    """The encoding that a text begins as."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return next((encoding for form, encoding in _BEGINNINGS if form.match(head)), "utf-8")
