"""Entry bundles: every sealed event for a key of its own, where whoever runs the console lets it, and on record."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from core.errors import Refused
from operations.models import KeyScope
from operations.sealing import public_access
from operations.sealing.folder import LogDirectory
from tests.support.factories.events import event, write
from tests.support.factories.keys import bearer, writer_key
from tests.support.pages import audit_log, bytes_of
from trail.canonical_form import canonicalise
from trail.connection import Trail
from trail.integrity import merkle
from trail.mapping import index_for

Seal = Callable[[], object]


@pytest.fixture
def monitor(ada: User, trail: Trail, settings: Settings) -> dict[str, str]:
    """The header of a program that may read every sealed event."""
    settings.LOG_ENTRIES = True
    return bearer(writer_key(ada, scope=KeyScope.ENTRIES, writer="", dataset="")[1])


def split(bundle: bytes) -> list[bytes]:
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2])
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return entries


def test_each_entry_hashes_to_its_leaf(client: Client, monitor: dict[str, str], trail: Trail, seal: Seal) -> None:
    early, late = ([event(at=f"2026-{month}-01T00:00:00Z") for _ in range(150)] for month in ("10", "11"))
    write(trail, *early, *late)
    seal()
    newest = LogDirectory().newest()
    assert newest
    got = [*split(bytes_of(client.get("/log/tile/entries/000", headers=monitor)))]
    got += split(bytes_of(client.get(f"/log/tile/entries/001.p/{newest.size - 256}", headers=monitor)))
    assert [merkle.leaf_hash(entry) for entry in got] == list(LogDirectory().tree(newest.size).leaves())
    assert {canonicalise(document) for document in (*early, *late)} <= set(got)
    part = client.get("/log/tile/entries/000.p/7", headers=monitor)
    assert (split(bytes_of(part)), part["Cache-Control"]) == (got[:7], "no-store")
    packed = client.get("/log/tile/entries/000", headers=monitor | {"Accept-Encoding": "gzip"})
    assert split(gzip.decompress(packed.content)) == got[:256]
    for path in ("001", f"001.p/{newest.size - 255}", "x001/000", "0", "000.p/0", "000/", "../../key"):
        assert client.get(f"/log/tile/entries/{path}", headers=monitor).status_code == 404, path


def test_no_other_key_reads_them_and_no_person_and_not_everybody(
    client: Client, ada: User, lea: User, monitor: dict[str, str], trail: Trail, seal: Seal
) -> None:
    write(trail, event())
    seal()
    path = "/log/tile/entries/000.p/1"
    public_access.switch(to_open=True, by=ada)
    for headers in ({}, bearer("tk_nonsense")):
        assert client.get(path, headers=headers).status_code == 401
    for scope in (KeyScope.LOG, KeyScope.TRAIL, KeyScope.METRICS):
        key = writer_key(ada, scope=scope, writer="", dataset="")[1]
        assert client.get(path, headers=bearer(key)).status_code == 403
    assert client.get(path, headers=bearer(writer_key(ada)[1])).status_code == 403
    for person in (ada, lea):
        client.force_login(person)
        assert client.get(path).status_code == 401
    assert client.post(path, headers=monitor).status_code == 405
    assert client.get(path, headers=monitor).status_code == 200


def test_an_admin_alone_cannot_open_them(
    client: Client, ada: User, trail: Trail, seal: Seal, settings: Settings
) -> None:
    write(trail, event())
    seal()
    with pytest.raises(Refused, match="LOG_ENTRIES is off"):
        writer_key(ada, scope=KeyScope.ENTRIES, writer="", dataset="")
    client.force_login(ada)
    form: dict[str, Any] = {"name": "monitor", "scope": "log:entries"}
    assert client.post("/writers/new/", form).status_code == 400
    settings.LOG_ENTRIES = True
    key = bearer(writer_key(ada, scope=KeyScope.ENTRIES, writer="", dataset="")[1])
    settings.LOG_ENTRIES = False
    assert client.get("/log/tile/entries/000.p/1", headers=key).status_code == 404
    assert client.get("/log/tile/0/000.p/1", headers=key).status_code == 200  # one key is enough for a monitor


def test_a_bundle_that_cannot_be_written_says_why(
    client: Client, monitor: dict[str, str], trail: Trail, seal: Seal
) -> None:
    long = event(event__original="x" * 70_000)
    write(trail, event(id="altered", user__id="mallory"), long)
    seal()
    newest = LogDirectory().newest()
    assert newest
    answer = client.get(f"/log/tile/entries/000.p/{newest.size}", headers=monitor)
    assert answer.status_code == 409
    assert "and an entry of C2SP tlog-tiles at most 65,535" in answer.json()["error"]
    trail.client.indices.delete(index=index_for(trail.prefix, long["@timestamp"]))
    write(trail, event(id="altered", user__id="alice", at=long["@timestamp"]), long)
    answer = client.get("/log/tile/entries/000.p/1", headers=monitor)
    assert (answer.status_code, "is not what was sealed" in answer.json()["error"]) == (409, True)


def test_what_was_read_is_on_record(client: Client, monitor: dict[str, str], trail: Trail, seal: Seal) -> None:
    write(trail, event())
    seal()
    client.get("/log/tile/entries/000.p/1", headers=monitor)
    (read,) = audit_log(trail, "log.entries")
    assert read["resource"]["id"] == "tile/0/000"
    assert read["user"]["id"].startswith("key:")
