"""Bodies of requests: whole or refused, and never unpacked beyond the limit."""

import gzip
import zlib

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from operations.ingest.body import CHUNK, discard_body, read_body
from operations.ingest.errors import RequestRefused

MOST = 300_000


def _read(content: bytes, *, most: int = MOST, **headers: str) -> bytes:
    request = RequestFactory().post("/", content, content_type="application/json", headers=headers)
    return read_body(request, most)


@given(
    parts=st.lists(
        st.binary(min_size=1, max_size=200) | st.integers(1, 3).map(lambda n: b"x" * n * CHUNK), min_size=1, max_size=4
    ),
    level=st.integers(0, 9),
)
def test_what_was_packed_comes_out_as_it_was(parts: list[bytes], level: int) -> None:
    whole = b"{" + b"".join(parts)
    packed = b"".join(gzip.compress(part, level) for part in (b"{", *parts))
    if len(whole) > MOST:
        with pytest.raises(RequestRefused):
            _read(packed, **{"Content-Encoding": "gzip"})
    else:
        assert _read(packed, **{"Content-Encoding": "gzip"}) == whole


@given(content=st.binary(min_size=1, max_size=2_000), at=st.integers(0, 2_000), bit=st.integers(0, 7))
def test_no_changed_bit_of_a_gzip_is_taken_for_something_else(content: bytes, at: int, bit: int) -> None:
    whole = b"{" + content
    packed = bytearray(gzip.compress(whole, mtime=0))
    at %= len(packed)
    packed[at] ^= 1 << bit
    try:
        body = _read(bytes(packed), **{"Content-Encoding": "gzip"})
    except RequestRefused as refusal:
        assert refusal.status == 400
    else:
        assert body == whole


@given(content=st.binary(min_size=1, max_size=2_000), cut=st.integers(1, 2_000))
def test_no_gzip_that_is_cut_is_taken(content: bytes, cut: int) -> None:
    packed = gzip.compress(content)
    with pytest.raises(RequestRefused, match=r"ends before its end|is empty"):
        _read(packed[: max(1, len(packed) - cut)], **{"Content-Encoding": "gzip"})


def test_a_bomb_is_not_unfolded() -> None:
    squeeze = zlib.compressobj(wbits=31)
    bomb = b"".join(squeeze.compress(bytes(10**6)) for _ in range(200)) + squeeze.flush()
    with pytest.raises(RequestRefused) as caught:
        _read(bomb, **{"Content-Encoding": "gzip"})
    assert caught.value.status == 413


def test_a_length_beyond_the_limit_is_refused_before_it_is_read() -> None:
    request = RequestFactory().post("/", b"x" * 11, content_type="application/json")
    with pytest.raises(RequestRefused) as caught:
        read_body(request, 10)
    assert caught.value.status == 413
    assert request.read(1) == b"x"
    discard_body(request, 4)
    assert request.read() == b""


@pytest.mark.parametrize("length", ["nonsense", "12"])
def test_a_length_that_is_not_the_bodys_is_refused(length: str) -> None:
    request = RequestFactory().post("/", b"x" * 11, content_type="application/json")
    request.META["CONTENT_LENGTH"] = length
    with pytest.raises(RequestRefused) as caught:
        read_body(request, 100)
    assert caught.value.status == 400
    discard_body(request, 100)
