"""Requests that nobody should send: hostile values in every part of every address, in every form, header and body."""

import json
import random
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

Words = dict[str, list[str]]

_JSON = (
    "[]",
    "{}",
    "null",
    "1",
    '"x"',
    "[1]",
    '["x"]',
    "[null,null]",
    "[1e999]",
    '["x","y","z"]',
    '[[1],{"a":2}]',
    "[" * 900,
)
VALUES = [
    "", " ", "\0", "0", "-1", "1", "on", "true", "null", "NaN", "1e999", "1.5", "9" * 19, "9" * 30, "9" * 400, "9" * 5_000, "٣" * 5, "²", "0x10",
    "\u202e", "\ufeff", "\ufffe", "\U000e0041", "💥" * 40, "é\u0301", "\r\n", "\t", "\x1b[2J", "=1+1", "<script>", "{{7*7}}", "%00", "%", "%ff",
    "../../etc/passwd", "/", "//evil.example", "\\", "'", '"', "--", ";", "|", ",", ":", "*", "?", "(", ")" * 9, "(" * 300, "[", "{", "~", "~~", "~W10",
    "a" * 300, "a" * 9_000, "user.id:ann", "user.id:", ":x", "user.id:(a OR", 'q:"', "NOT NOT", "AND", "user.id:/x/", "x~2", "event.id:*", "raw.:x", "$", "$x",
    "nosuch.field:x", "source.ip:999.1.1.1", "source.ip:10.0.0.0/99", "@timestamp:>x", "token.caveats.count:1e999", "token.caveats.count:" + "9" * 99,
    "user.id(between):|", "user.id(in):", "user.id", "-user.id:x", "source.ip(net):x", "@timestamp(between):2026|2025", "a:b:c", "event.id,,event.id",
    "2026-13-01", "2026-11-24T09:30Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z", "now-9999999999y", "now", "2262-04-12T00:00:00Z", "1677-01-01",
    "@timestamp", "desc", "asc", "csv", "json", "jsonl", "bundle", "xml", "count", "e1", "t", "mallory", "user", "case", "alice", "nobody", "10.0.0.1", "::1",
    *_JSON, *(b64encode(text.encode()).decode() for text in _JSON), b64encode(b"\xff\xfe").decode(), "W10", "====",
]  # fmt: skip
# One of each kind that a reader may forget: no text, no number, a number too long, JSON of another shape, a time at the edge.
BREAKING = ["", "\0", "9" * 5_000, "9" * 30, "٣", "NaN", "1e999", "[]", "W10=", "bnVsbA==", "WzFd", "WyJ4Il0=", "(", "a:b:c", "user.id", "user.id(between):|",
            "9999-12-31T23:59:60Z", "now-9999999999y", "\u202e" * 300]  # fmt: skip
HEADERS: list[dict[str, str]] = [
    {}, {}, {}, {"HX-Request": "true"}, {"HX-Request": "true", "HX-Current-URL": "http://[", "HX-Target": "\x7f"}, {"HX-Request": "true", "HX-Current-URL": "/?q=("},
    {"HX-Request": "true", "HX-Boosted": "true", "HX-Trigger-URI-AutoEncoded": "true", "HX-Trigger": "%ff%"}, {"HX-History-Restore-Request": "true", "HX-Request": "true"},
    {"Authorization": "Bearer"}, {"Authorization": "Bearer \xff"}, {"Authorization": "Basic !!!"}, {"Accept": "application/json;q=x"}, {"Accept-Language": "x" * 400},
    {"Range": "bytes=9-1"}, {"If-None-Match": 'W/"'}, {"If-Modified-Since": "never"}, {"Content-Encoding": "gzip"}, {"X-Forwarded-For": "'; --"}, {"Forwarded": "for=["},
    {"User-Agent": "\x01" * 900}, {"Referer": "http://["}, {"Origin": "null"}, {"Cookie": "messages=x; csrftoken=\x01"},
]  # fmt: skip
BODIES: list[tuple[str, bytes]] = [
    ("application/json", b"{"), ("application/json", b"[" * 5_000), ("application/json", b'{"a":1e999}'), ("application/json", b'"\\ud800"'), ("application/json", b""),
    ("application/json", b"\xff\xfe"), ("application/x-ndjson", b'{"index":{}}\n'), ("multipart/form-data", b"x"), ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\xff\r\n--x--\r\n"), ("text/plain; charset=nosuch", b"x"),
    ("application/x-www-form-urlencoded; charset=utf-16", b"a=%ff"), ("application/x-www-form-urlencoded", b"&" * 3_000), ("", b"\0"),
]  # fmt: skip


@dataclass
class HostileRequest:
    """One request: what a client sends."""

    method: str
    path: str
    words: Words
    headers: dict[str, str]
    body: tuple[str, bytes] | None = None

    def send(self, client: Any) -> Any:
        """The answer. Raises whatever the product raised."""
        headers = dict(self.headers)
        if self.method == "GET":
            return client.get(self.path, self.words, headers=headers)
        if self.body is None:
            return client.post(self.path, self.words, headers=headers)
        kind, content = self.body
        return client.generic("POST", self.path, content, content_type=kind, headers=headers)

    def __str__(self) -> str:
        words = {name: [text[:60] for text in values] for name, values in self.words.items()}
        return f"{self.method} {self.path[:120]} {json.dumps(words)} {self.headers} {self.body and self.body[0]}"


@dataclass
class NameRecorder:
    """Which names of an address or a form a view reads, by method, noted as it reads them."""

    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    method: str = "GET"

    @contextmanager
    def watch(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Note every read of a query or a form meanwhile. What a view gets stays as it is."""
        with monkeypatch.context() as patch:
            for name in ("__getitem__", "getlist", "__contains__"):
                patch.setattr(MultiValueDict, name, self._noting(getattr(MultiValueDict, name)), raising=False)
            yield

    def _noting(self, read: Any) -> Any:
        def note(values: Any, name: Any, *more: Any, **options: Any) -> Any:
            if isinstance(values, QueryDict) and isinstance(name, str) and len(name) < 60:
                self.names[self.method].add(name)
            return read(values, name, *more, **options)

        return note


def vary_names(method: str, path: str, good: Words, names: Iterable[str], *, whole: bool) -> Iterator[HostileRequest]:
    """One request for each name, the other words as they are, with a value that breaks readers; `whole`: with each such value."""
    for name in names:
        place = sum(name.encode()) % len(BREAKING)
        for value in BREAKING if whole else BREAKING[place : place + 1]:
            yield HostileRequest(method, path, good | {name: [value]}, {})


def make_requests(seed: str, path: str, good: Words, names: set[str], count: int) -> Iterator[HostileRequest]:
    """So many requests for one address: `good` words with hostile ones among them. The same each time."""
    chance = random.Random(seed)
    for _ in range(count):
        words = {name: list(values) for name, values in good.items() if chance.random() < 0.8}
        for name in chance.sample(sorted(names), min(len(names), chance.choice((0, 1, 1, 2, 3)))):
            words[name] = [chance.choice(VALUES) for _ in range(chance.choice((1, 1, 1, 2)))]
        if chance.random() < 0.1:
            words[chance.choice(VALUES)] = [chance.choice(VALUES)]
        method = chance.choice(("GET", "GET", "POST"))
        body = chance.choice(BODIES) if method == "POST" and chance.random() < 0.15 else None
        yield HostileRequest(method, path, words, chance.choice(HEADERS), body)
