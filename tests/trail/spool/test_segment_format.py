"""Whatever happened to the bytes of a segment, what is read of it was written so, and every byte is accounted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.spool.segment_format import HEAD, MAGIC, MAX_PAYLOAD, BrokenBytes, Frame, decode, encode, find_settled

PAYLOADS = st.lists(st.binary(max_size=60), min_size=1, max_size=8)


def _segment(payloads: list[bytes], first: int = 0) -> bytes:
    return MAGIC + b"".join(encode(first + n, payload, settled=first + n) for n, payload in enumerate(payloads))


def _frames(segment: bytes) -> list[tuple[int, bytes]]:
    return [(one.number, one.payload) for one in decode(segment) if isinstance(one, Frame)]


@given(PAYLOADS, st.integers(0, 2**60))
def test_what_is_written_is_read_back(payloads: list[bytes], first: int) -> None:
    found = list(decode(_segment(payloads, first)))
    assert [(one.number, one.payload, one.settled) for one in found if isinstance(one, Frame)] == [
        (first + n, payload, first + n) for n, payload in enumerate(payloads)
    ]
    assert find_settled(found) == first + len(payloads) - 1


@given(PAYLOADS, st.data())
def test_a_cut_at_any_byte_leaves_the_whole_frames_before_it(payloads: list[bytes], data: st.DataObject) -> None:
    whole = _segment(payloads)
    cut = data.draw(st.integers(0, len(whole)))
    kept = [n for n in range(len(payloads)) if len(_segment(payloads[: n + 1])) <= cut]
    assert _frames(whole[:cut]) == [(n, payloads[n]) for n in kept]


@given(PAYLOADS, st.data())
def test_a_flipped_byte_breaks_one_frame_and_no_other(payloads: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(_segment(payloads))
    at = data.draw(st.integers(len(MAGIC), len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    broken = next(n for n in range(len(payloads)) if at < len(_segment(payloads[: n + 1])))
    assert _frames(bytes(whole)) == [(n, payload) for n, payload in enumerate(payloads) if n != broken]
    (hole,) = [one for one in decode(bytes(whole)) if isinstance(one, BrokenBytes)]
    assert hole.start == len(_segment(payloads[:broken]))
    assert hole.end == len(_segment(payloads[: broken + 1]))


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_without_an_error_and_none_is_passed_over(content: bytes, with_magic: bool) -> None:
    segment = (MAGIC if with_magic else b"") + content
    here = len(MAGIC) if segment.startswith(MAGIC) else 0
    for one in decode(segment):
        assert one.start == here
        here = one.end
    assert here == len(segment)


@given(st.binary(min_size=1, max_size=200), PAYLOADS)
def test_frames_are_found_again_after_bytes_that_are_none(noise: bytes, payloads: list[bytes]) -> None:
    segment = MAGIC + noise + _segment(payloads)[len(MAGIC) :]
    assert _frames(segment)[-len(payloads) :] == list(enumerate(payloads))


def test_a_frame_inside_a_payload_is_no_frame_of_the_segment() -> None:
    inner = encode(7, b"inner", settled=0)
    segment = bytearray(MAGIC + encode(0, inner, settled=0) + encode(1, b"next", settled=1))
    assert _frames(bytes(segment)) == [(0, inner), (1, b"next")]
    segment[len(MAGIC) + HEAD + len(inner) - 1] ^= 1
    assert _frames(bytes(segment)) == [(1, b"next")]


def test_a_payload_too_long_for_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        encode(0, bytes(MAX_PAYLOAD + 1), settled=0)
