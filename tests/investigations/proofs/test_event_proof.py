"""The proof of one event: a page, JSON, and a file that is checked without the console."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from operations.sealing.folder import LogDirectory
from tests.support.factories.events import event, use, write
from tests.support.offline_verifier import verify
from tests.support.pages import at_sign_in, audit_log, bytes_of, text_of
from trail.connection import Trail
from trail.integrity import merkle, signed_note
from trail.mapping import index_for

Seal = Callable[[], object]


def put_in_the_place(trail: Trail, *documents: dict[str, Any]) -> None:
    """What only an admin of the cluster can do: make the index anew, with other events."""
    trail.client.indices.delete(index=index_for(trail.prefix, documents[0]["@timestamp"]))
    write(trail, *documents)


def test_a_sealed_event_is_proved_on_the_page(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, *(event(id=f"e{number}") for number in range(7)))
    seal()
    client.force_login(alice)
    response = client.get("/events/e3/proof/")
    assertContains(response, "Sealed as leaf 3 of 7, and unchanged since")
    assertContains(response, "<td>left</td>", html=True)
    assertContains(response, "the log")
    assertContains(response, "Download the proof")
    assertContains(client.get("/events/e3/"), "Sealed, leaf 3")


def test_looking_at_it_is_on_record(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, use("t", id="e"))
    seal()
    client.force_login(alice)
    for query in ("", "?format=json", "?format=bundle", "?format=tlog-proof", "?format=sealed"):
        client.get(f"/events/e/proof/{query}")
    recorded = audit_log(trail, "event.prove")
    assert [(one["user"]["id"], one["resource"]["id"]) for one in recorded] == [("alice", "e")] * 5


def test_a_program_can_follow_the_proof(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, *(event(id=f"e{number}") for number in range(5)))
    seal()
    client.force_login(alice)
    told = client.get("/events/e4/proof/?format=json").json()
    assert (told["state"], told["leaf"], told["size"], told["reason"]) == ("sealed", 4, 5, None)
    leaf, root = signed_note.decode(told["leaf_hash"]), signed_note.decode(told["root"])
    assert merkle.verify_inclusion(leaf, 4, 5, list(map(signed_note.decode, told["proof"])), root)
    assert told["checkpoint"].split("\n")[1:3] == ["5", told["root"]]


def test_the_file_is_checked_without_the_console(
    client: Client, alice: User, trail: Trail, seal: Seal, tmp_path: Path
) -> None:
    write(trail, event(id="é/../x", raw={"a": 0.5}, event__original='{"a":0.5}'), event(id="other"))
    seal()
    client.force_login(alice)
    response = client.get("/events/~w6kvLi4veA==/proof/?format=bundle")
    assert response["Content-Disposition"] == 'attachment; filename="event-ex.bundle.jsonl"'
    status, said = verify(bytes_of(response), tmp_path / "away")
    assert (status, said.startswith("1 of 1 events proved")) == (0, True), said


def test_the_proof_is_a_tlog_proof_as_c2sp_has_it(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, *(event(id=f"e{number}") for number in range(5)))
    seal()
    client.force_login(alice)
    assertContains(client.get("/events/e3/proof/"), 'href="?format=tlog-proof"')
    response = client.get("/events/e3/proof/?format=tlog-proof")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="event-e3.tlog-proof"'
    head, checkpoint = bytes_of(response).decode().split("\n\n", 1)
    first, index, *path = head.split("\n")
    assert (first, index, len(path)) == ("c2sp.org/tlog-proof@v1", "index 3", 3)
    assert checkpoint.encode() == LogDirectory().note()
    sealed = client.get("/events/e3/proof/?format=sealed")
    assert sealed["Content-Disposition"] == 'attachment; filename="event-e3.sealed.json"'
    root = signed_note.decode(checkpoint.split("\n")[2])
    leaf = merkle.leaf_hash(bytes_of(sealed))
    assert merkle.verify_inclusion(leaf, 3, 5, list(map(signed_note.decode, path)), root)


def test_one_that_waits_says_so_and_is_no_file(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, event(id="sealed"))
    seal()
    write(trail, event(id="waits"))
    client.force_login(alice)
    assertContains(client.get("/events/waits/proof/"), "Not sealed yet. The log seals what arrives within a second")
    assertContains(client.get("/events/waits/"), "Not sealed yet")
    assert client.get("/events/waits/proof/?format=json").json()["state"] == "waiting"
    answer = client.get("/events/waits/proof/?format=bundle")
    assert (answer.status_code, answer.json()["reason"]) == (409, "Not sealed yet.")


def test_one_that_was_altered_is_red_everywhere(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    first, last = event(id="a"), event(id="c")
    write(trail, first, event(id="altered", user__id="mallory"), last)
    seal()
    put_in_the_place(trail, first, event(id="altered", user__id="alice"), last)
    client.force_login(alice)
    for address in ("/events/altered/", "/events/altered/proof/"):
        assertContains(client.get(address), "This does NOT match what was sealed.")
        assertContains(client.get(address), "tell whoever runs the console: this is an incident")
    response = client.get("/events/altered/proof/")
    assertContains(response, "altered after it was sealed as leaf 1")
    assertNotContains(response, "Download the proof")
    assert client.get("/events/altered/proof/?format=json").json()["state"] == "broken"
    for format in ("bundle", "tlog-proof", "sealed"):
        assert client.get(f"/events/altered/proof/?format={format}").status_code == 409
    assertContains(client.get("/events/a/proof/"), "Sealed as leaf 0")


def test_one_that_was_put_in_past_the_log_is_red(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, event(id="a"), event(id="b"))
    seal()
    put_in_the_place(trail, event(id="inside"), event(id="a"), event(id="b"))
    client.force_login(alice)
    assertContains(client.get("/events/inside/proof/"), "It was put in past the log")


def test_before_anything_is_sealed_it_says_who_seals(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, event(id="e"))
    client.force_login(alice)
    assertContains(client.get("/events/e/proof/"), "manage.py keep_trail does that, and has not begun")
    assertContains(client.get("/events/e/"), "Seal not checked")


def test_a_log_without_its_tiles_says_so(
    client: Client, alice: User, trail: Trail, seal: Seal, settings: Settings
) -> None:
    write(trail, event(id="a"), event(id="b"))
    seal()
    for path in (settings.SEAL_DIR / "tile").rglob("*"):
        if path.is_file():
            path.unlink()
    client.force_login(alice)
    assertContains(client.get("/events/a/proof/"), "It cannot be checked just now")


def test_the_record_of_a_case_is_its_peoples_alone(
    client: Client, case: Case, rae: User, charlie: User, trail: Trail, seal: Seal
) -> None:
    seal()
    address = f"/events/{audit_log(trail, 'case.open')[0]['event']['id']}/proof/"
    client.force_login(rae)
    assertContains(client.get(address), "Sealed as leaf")
    client.force_login(charlie)
    for query in ("", "?format=json", "?format=bundle", "?format=tlog-proof", "?format=sealed"):
        assert client.get(address + query).status_code == 404


def test_an_event_that_is_not_there_is_404(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    client.force_login(alice)
    assert client.get("/events/nobody/proof/").status_code == 404


def test_what_an_intruder_wrote_is_shown_and_never_run(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, event(id="<script>alert(1)</script>"))
    seal()
    client.force_login(alice)
    assert "<script>alert(1)" not in text_of(client.get("/events/~PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==/proof/"))
    told = client.get("/events/~PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==/proof/?format=json")
    assert json.loads(bytes_of(told))["event_id"] == "<script>alert(1)</script>"
    assert told["Content-Type"] == "application/json"


def test_anonymous_signs_in_first(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/events/e/proof/"), "/events/e/proof/")


def test_it_is_only_read(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/events/e/proof/").status_code == 405
