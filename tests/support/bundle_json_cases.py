"""Test vectors of how strictly a bundle's JSON is read: white space, texts, values and the last line."""

import json
from typing import Any

from tests.support.bundle_vector_cases import OLD_ALONE, Cases, Vector
from tests.support.bundle_vectors import refit, resealed


def list_cases(alone: bytes) -> Cases:
    """Every one, made of a sound bundle of one event."""
    yield from _spaces(alone)
    yield from _texts(alone)
    yield from _values(alone)
    yield from _ends(alone)


def _spaces(alone: bytes) -> Cases:
    """What JSON allows between its parts stands nowhere in the bundles that the console writes, and is read."""
    first = alone.splitlines(keepends=True)[0]
    between = alone.replace(b'{"index":0,', b'{ "index" :\t0 ,\r')
    yield Vector("space-between", 0, refit(between), OLD_ALONE)
    yield Vector("space-at-line-ends", 0, refit(alone.replace(b"}\n", b"} \t\r\n")), OLD_ALONE)
    yield Vector("space-before", 0, refit(alone.replace(b"\n{", b"\n  {")), OLD_ALONE)
    for name, odd in (("form-feed", b"\f"), ("no-break", b"\xc2\xa0"), ("next-line", b"\xc2\x85"), ("nul", b"\0")):
        yield Vector(f"space-that-is-a-{name}", 1, resealed(alone, b'{"index":0,', b'{"index":0,' + odd), OLD_ALONE)
    bom = b"\xef\xbb\xbf"
    yield Vector("bom-before-all", 2, bom + alone, OLD_ALONE)
    yield Vector("bom-before-a-line", 1, resealed(alone, b'{"index"', bom + b'{"index"'), OLD_ALONE)
    yield Vector("utf-16", 2, alone.decode().encode("utf-16"), OLD_ALONE)
    yield Vector("no-file-at-all", 2, b"", OLD_ALONE)
    yield Vector("a-newline-alone", 2, b"\n", OLD_ALONE)
    yield Vector("first-line-alone", 1, first, OLD_ALONE)
    yield Vector("first-line-without-its-newline", 1, first[:-1], OLD_ALONE)
    yield Vector("first-line-of-a-later-version", 2, alone.replace(b"/v1", b"/v9"), OLD_ALONE)
    yield Vector("first-line-with-another-member", 2, alone.replace(b'/v1"}', b'/v1","note":1}'), OLD_ALONE)
    yield Vector("first-line-with-its-member-twice", 2, alone.replace(b'/v1"}', b'/v1","format":"x"}'), OLD_ALONE)
    yield Vector("empty-line-between", 1, resealed(alone, b'\n{"index"', b'\n\n{"index"'), OLD_ALONE)
    yield Vector("empty-lines-behind", 1, alone + b"\n" * 3, OLD_ALONE)
    yield Vector("empty-lines-behind-very-many", 1, alone + b"\n" * 150, OLD_ALONE)
    yield Vector("zeros-behind", 1, alone + bytes(10), OLD_ALONE)


def _texts(alone: bytes) -> Cases:
    """Texts may be spelled in several ways; what was sealed is their canonical form."""
    same = {
        "escapes": (b'"vector-0"', b'"\\u0076ector\\u002D0"'),
        "escaped-slash": (b'"token.verify"', b'"token.verif\\u0079"'),
        "members-in-another-order": (b'"id":"vector-0","outcome":"success"', b'"outcome":"success","id":"vector-0"'),
    }
    for name, (old, new) in same.items():
        yield Vector(f"text-with-{name}", 0, resealed(alone, old, new), OLD_ALONE)
    wrong = {
        "a-newline": b"\\x",
        "a-tab": b"\t",
        "an-unknown-escape": b"\\x41",
        "a-short-escape": b"\\u12",
        "a-signed-escape": b"\\u+123",
        "an-overlong-slash": b"\xc0\xaf",
        "an-encoded-surrogate": b"\xed\xa0\x80",
        "a-character-beyond-the-last": b"\xf4\x90\x80\x80",
        "a-character-cut": b"\xe2\x82",
        "no-quote": b'"',
    }
    for name, letters in wrong.items():
        yield Vector(f"text-with-{name}", 1, resealed(alone, b'"vector-0', b'"vector-0' + letters), OLD_ALONE)
    yield Vector("text-of-a-name-with-half-a-character", 1, resealed(alone, b'"id"', b'"i\\udc00d"'), OLD_ALONE)


def _values(alone: bytes) -> Cases:
    """What a line may hold: the same everywhere in it, for `about` is read by the same people."""

    def about(value: bytes) -> bytes:
        return resealed(alone, b'{"checkpoint"', b'{"about":{"x":' + value + b'}}\n{"checkpoint"')

    good = {
        "deep": b"[" * 126 + b"]" * 126,
        "brackets-in-a-text": b'"' + b"[{" * 200 + b'\\"' + b"[" * 200 + b'"',
        "many-lists": b"[" + b"[],{}," * 200 + b"0]",
        "largest": b"9007199254740991",
        "smallest": b"-9007199254740991",
        "zero": b"0",
        "words": b"[true,false,null]",
        "a-pair": b'"\\ud83d\\udd11"',
        "separators": '"\u2028\u2029\x7f\x85"'.encode(),
        "no-name": b'{"":{}}',
        "names-of-a-language": b'{"__proto__":1,"constructor":2,"toString":3,"hasOwnProperty":4}',
    }
    for name, value in good.items():
        yield Vector(f"value-{name}", 0, about(value), OLD_ALONE)
    wrong = {
        "deeper": b"[" * 127 + b"]" * 127,
        "deeper-than-any-stack": b"[" * 100_000 + b"]" * 100_000,
        "deep-and-unfinished": b'{"":' * 5_000,
        "larger": b"9007199254740992",
        "smaller": b"-9007199254740992",
        "very-large": b"1" * 5_000,
        "fraction": b"1.0",
        "exponent": b"1E2",
        "minus-zero": b"-0",
        "leading-zero": b"01",
        "plus": b"+1",
        "minus": b"-",
        "point": b"1.",
        "hexadecimal": b"0x10",
        "nan": b"NaN",
        "infinity": b"Infinity",
        "minus-infinity": b"-Infinity",
        "wide-digit": "\uff11".encode(),
        "comma-behind-in-a-list": b"[1,]",
        "comma-behind-in-an-object": b'{"a":1,}',
        "comment": b"1/* */",
        "single-quotes": b"'x'",
        "word": b"True",
        "nothing": b"",
        "two": b"1 2",
        "name-twice": b'{"a":1,"a":1}',
        "name-twice-spelled-otherwise": b'{"a":1,"\\u0061":1}',
        "name-twice-of-a-language": b'{"__proto__":1,"__proto__":1}',
        "name-not-a-text": b"{1:1}",
        "half-a-character": b'"\\ud83d"',
        "the-other-half": b'"\\udd11\\ud83d"',
    }
    for name, value in wrong.items():
        yield Vector(f"value-{name}", 1, about(value), OLD_ALONE)


def _ends(alone: bytes) -> Cases:
    *body, end = alone.splitlines(keepends=True)
    told = json.loads(end)["end"]

    def ended(value: Any) -> bytes:
        return b"".join(body) + json.dumps({"end": value}).encode() + b"\n"

    deep: Any = []
    for _ in range(699):
        deep = [deep]
    yield Vector("end-in-another-order", 0, ended(dict(reversed(told.items()))), OLD_ALONE)
    wrong = {
        "in-capitals": told | {"sha256": told["sha256"].upper()},
        "with-another-member": told | {"note": 1},
        "without-its-digest": {"checkpoints": 1, "events": 1},
        "null": None,
        "nested-700-deep": deep,
        "fraction": told | {"events": 1.0},
    }
    for name, value in wrong.items():
        yield Vector(f"end-{name}", 1, ended(value), OLD_ALONE)
    yield Vector("end-twice", 1, alone + end, OLD_ALONE)
    yield Vector("end-missing", 1, b"".join(body), OLD_ALONE)
