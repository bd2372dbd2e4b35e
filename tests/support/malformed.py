"""Bodies that nobody should send, made of good ones. The same number makes the same body."""

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from tests.support.factories.events import event
from tests.support.factories.ingest import BULK, EVENTS, LINES, lines

HOSTILE = [
    b"1e999", b"-0", b"18446744073709551616", b"9007199254740993", b"-9223372036854775809", b"NaN", b"Infinity", b"null", b"true",
    b"[]", b"{}", b'""', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\x00"', b'"\xff\xfe"', b'"\xed\xa0\x80"', b"0.1", b"1" * 400,
    b"[" * 1_100, b'{"a":' * 40 + b"1" + b"}" * 40, b'"' + b"x" * 40_000 + b'"', b'"2026-11-31T00:00:00Z"', b'"$where"',
    b'{"delete":{"_id":"x"}}', b'"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"', b"[[[[[[[[]]]]]]]]",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One request."""

    address: str
    content_type: str
    encoding: str
    body: bytes


def case(number: int) -> Case:
    rng = random.Random(number)
    address, kind, body = _good(number, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        body = rng.choice(WAYS)(body, rng)
    encoding = "identity"
    if rng.random() < 0.2:
        encoding, body = "gzip", _packed(body, rng)
    if rng.random() < 0.02:
        kind = rng.choice(("text/plain", "application/json; charset=utf-16", "", "application/x-www-form-urlencoded"))
    return Case(address, kind, encoding, body)


def _good(number: int, rng: random.Random) -> tuple[str, str, bytes]:
    documents = [
        event(
            id=f"fuzz-{number if rng.random() < 0.9 else number // 10}-{one}",
            user__name="Ünal",
            token__caveats__count=3,
            labels={"a": "b"},
            raw={"a": [1, 2.5, {"b": None}]},
            event__original='{"a": [1, 2.5, {"b": null}]}',
            source__ip="2001:db8::1",
        )
        for one in range(rng.choice((1, 1, 2, 5)))
    ]
    what = rng.randrange(4)
    if what == 0:
        return EVENTS, "application/json", orjson.dumps(documents[0])
    if what == 1:
        pairs = [part for one in documents for part in ({rng.choice(("create", "index")): {}}, one)]
        return BULK, LINES, lines(*pairs)
    return EVENTS, LINES, lines(*documents)


def _cut(body: bytes, rng: random.Random) -> bytes:
    return body[: rng.randrange(len(body) + 1)]


def _flip(body: bytes, rng: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.choice((1, 1, 3, 20)) if body else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _insert(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return (
        body[:at]
        + rng.choice((rng.randbytes(rng.randrange(1, 9)), b"\r", b"\x00", b"\n", b'"', b"}", b","))
        + body[at:]
    )


def _remove(body: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(body) + 1)
    return body[:at] + body[at + rng.randrange(1, 30) :]


def _double(body: bytes, rng: random.Random) -> bytes:
    start, end = sorted((rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)))
    return body[:end] + body[start:end] + body[end:]


def _replace(body: bytes, rng: random.Random) -> bytes:
    """A hostile value in the place of one that stands behind a colon."""
    colons = [at for at, byte in enumerate(body) if byte == ord(":")]
    if not colons:
        return body
    at = rng.choice(colons) + 1
    end = min((found for mark in b",}\n" if (found := body.find(mark, at)) >= 0), default=len(body))
    return body[:at] + rng.choice(HOSTILE) + body[end:]


def _twice(body: bytes, rng: random.Random) -> bytes:
    return (
        body.replace(b"{", b'{"event":{"id":"twice"},', 1)
        if rng.random() < 0.5
        else body.replace(b'"id":', b'"id":"a","id":')
    )


def _recode(body: bytes, rng: random.Random) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-be", "utf-7")))


def _line_ends(body: bytes, rng: random.Random) -> bytes:
    return body.replace(b"\n", rng.choice((b"\r", b"\r\n", b"", b"\x1e", b"\n\n\n", "\u2028".encode())))


def _shuffle(body: bytes, rng: random.Random) -> bytes:
    parts = body.split(b"\n")
    rng.shuffle(parts)
    return b"\n".join(parts)


def _packed(body: bytes, rng: random.Random) -> bytes:
    packed = gzip.compress(body, mtime=0)
    way = rng.choice((None, None, _cut, _flip, _double))
    return (
        rng.choice((body, gzip.compress(packed, mtime=0)))
        if rng.random() < 0.1
        else way(packed, rng)
        if way
        else packed
    )


WAYS: list[Callable[[bytes, random.Random], bytes]] = [
    _cut, _flip, _flip, _insert, _remove, _double, _replace, _replace, _replace, _twice, _recode, _line_ends, _shuffle,
]  # fmt: skip
