"""Exports with proofs: a file from the console that is checked without it, and refused when anything in it was changed."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains

from accounts.models import User
from investigations.exports import services as exports
from investigations.exports.files import build_path
from investigations.models import Case, Evidence, Export
from investigations.proofs import services as proofs
from operations.models import Incident
from operations.sealing import signing_keys, witnesses
from operations.sealing.folder import LogDirectory
from tests.investigations.proofs.test_event_proof import put_in_the_place
from tests.support import bundle_vectors
from tests.support.factories.cases import export, pin, run
from tests.support.factories.events import event, use, write
from tests.support.offline_verifier import verify
from tests.support.pages import bytes_of
from trail.connection import Trail
from trail.integrity import checkpoint, signed_note
from trail.integrity.signed_note import Algorithm

Seal = Callable[[], object]
Lines = list[dict[str, Any]]


@pytest.fixture
def pinned(case: Case, alice: User, trail: Trail, seal: Seal) -> list[Evidence]:
    """Pinned in another order than sealed, before and after; one text that is hard to write canonically."""
    events = [
        use("t", id=f"e{n}", at=f"2026-11-0{9 - n}T00:00:00Z", message='Straße </script> "\u2028"') for n in range(4)
    ]
    write(trail, *events)
    seal()
    write(trail, *(event() for _ in range(300)))
    made = pin(trail, case, alice, use("t", id="later", at="2026-10-01T00:00:00Z"), reason="Reason, =cmd|")
    for one in (events[2], events[0]):
        made += pin_again(case, alice, one)
    seal()
    return made


def pin_again(case: Case, by: User, document: dict[str, Any]) -> list[Evidence]:
    from investigations.evidence import services as evidence

    return evidence.pin(case=case, event_ids=[document["event"]["id"]], reason="It matters", by=by).new


def downloaded(client: Client, page: str, by: User) -> bytes:
    """Asked for, written as the worker does, and downloaded."""
    client.force_login(by)
    client.post(page, {"format": "bundle"})
    made = Export.objects.get()
    exports.write_export(made.pk)
    made.refresh_from_db()
    assert (made.state, made.problem) == ("finished", "")
    response = client.get(f"/exports/{made.public_id}/file/")
    assert response["Content-Disposition"] == f'attachment; filename="{made.name}"'
    assert made.name.endswith(".bundle.jsonl")
    return bytes_of(response)


@pytest.fixture
def file(client: Client, alice: User, case: Case, pinned: list[Evidence]) -> bytes:
    return downloaded(client, f"/cases/{case.public_id}/export/", alice)


def test_a_cases_file_is_proved_without_the_console(file: bytes, case: Case, tmp_path: Path) -> None:
    status, said = verify(file, tmp_path / "away")
    assert (status, said.startswith("3 of 3 events proved")) == (0, True), said
    assert 'what stands under "about" was said by whoever made the bundle' in said
    lines = [json.loads(line) for line in file.splitlines()]
    assert lines[1]["about"]["case"]["id"] == case.public_id
    assert (lines[1]["about"]["times"], lines[1]["about"]["read_in_time_zone"]) == ("UTC (RFC 3339)", "UTC")
    told = [line for line in lines if "index" in line]
    assert [line["index"] for line in told] == sorted(line["index"] for line in told)
    assert {line["event"]["event"]["id"] for line in told} == {"e0", "e2", "later"}
    later = next(line for line in told if line["event"]["event"]["id"] == "later")
    assert later["about"]["evidence"]["reason"] == "Reason, =cmd|"
    assert Export.objects.get().done == 3


def test_a_cases_file_says_its_custody_and_what_its_verification_came_to(
    file: bytes, pinned: list[Evidence], tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in file.splitlines()]
    assert lines[0] == {"format": "audit-trail-bundle/v4"}
    custody = [line["custody"] for line in lines if "custody" in line]
    assert [(act["evidence"], act["action"], act["by"]) for act in custody] == [
        *((f"E{number}", "pin", "Alice") for number in (1, 2, 3)),
        *((f"E{number}", "verify", "Alice") for number in (1, 2, 3)),
    ]
    assert lines[-1]["end"]["custody"] == 6
    verification = lines[1]["about"]["verification"]
    assert (verification["compared"], verification["intact"], verification["differences"]) == (3, 3, [])
    assert "6 entries of custody, said by whoever made the bundle" in verify(file, tmp_path / "away")[1]


def test_custody_that_was_taken_out_of_a_file_is_missed(file: bytes, tmp_path: Path) -> None:
    *lines, end = file.splitlines(keepends=True)
    shorter = bundle_vectors.refit(b"".join([*lines[:-1], end]))
    assert shorter != file
    status, said = verify(shorter, tmp_path / "away")
    assert (status, "lines are missing, added or changed" in said) == (1, True)


def test_a_runs_file_has_no_custody_and_is_of_the_format_before(alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, use("t", id="a"))
    seal()
    made = export(alice, format="bundle", run=run(alice, text="token.id:t"))
    assert build_path(made).read_bytes().startswith(b'{"format":"audit-trail-bundle/v3"}')


def test_fifty_tamperings_of_the_real_file_are_all_refused(file: bytes, tmp_path: Path) -> None:
    made = dict(tamperings(file))
    assert len(made) >= 50
    accepted = [what for what, content in made.items() if verify(content, tmp_path / "away")[0] == 0]
    assert accepted == []


def tamperings(file: bytes) -> Iterator[tuple[str, bytes]]:
    """Each with an end made to fit, as somebody would who knows the format; then some who do not."""

    def edit(change: Callable[[Lines], object]) -> bytes:
        lines = [json.loads(line) for line in file.splitlines()]
        change(lines)
        return bundle_vectors.seal(lines)

    for at in (4, 5, 6):  # lines 0 format, 1 about, 2 log, 3 checkpoint, 4 to 6 events, 7 end
        for what, change in event_changes(at).items():
            yield f"{what} {at}", edit(change)
    for at in range(2):
        yield f"events exchanged {at}", edit(lambda lines, at=at: lines.insert(4 + at, lines.pop(5 + at)))
    yield "log away", edit(lambda lines: lines.pop(2))
    yield "checkpoint away", edit(lambda lines: lines.pop(3))
    for what, old, new in (("size", "\n", "\n1"), ("origin", "audit-trail", "another-log"), ("dash", "—", "-")):
        yield f"checkpoint {what}", edit(lambda lines, o=old, n=new: change_note(lines, o, n))
    parts = file.splitlines(keepends=True)
    for at in range(2, len(parts)):
        yield f"line {at} cut out", b"".join(parts[:at] + parts[at + 1 :])
    yield "cut off", file[:-40]
    yield "a line behind", file + parts[4]
    yield "a byte", file.replace(b"token.authorize", b"token.authorise", 1)


def event_changes(at: int) -> dict[str, Callable[[Lines], object]]:
    def proof(lines: Lines) -> list[str]:
        return lines[at]["proof"]

    return {
        "outcome": lambda lines: lines[at]["event"]["event"].update(outcome="failure"),
        "time": lambda lines: lines[at]["event"].update({"@timestamp": "2026-11-02T00:00:00Z"}),
        "id": lambda lines: lines[at]["event"]["event"].update(id="forged"),
        "user": lambda lines: lines[at]["event"].update(user={"id": "mallory"}),
        "field away": lambda lines: lines[at]["event"].pop("token"),
        "raw": lambda lines: lines[at]["event"].update(raw={"a": 1}),
        "leaf up": lambda lines: lines[at].update(index=lines[at]["index"] + 1),
        "leaf negative": lambda lines: lines[at].update(index=-1),
        "leaf a text": lambda lines: lines[at].update(index=str(lines[at]["index"])),
        "proof short": lambda lines: proof(lines).pop(),
        "proof long": lambda lines: proof(lines).append(proof(lines)[0]),
        "proof turned": lambda lines: proof(lines).reverse(),
        "proof forged": lambda lines: proof(lines).__setitem__(0, base64.b64encode(b"\x01" * 32).decode()),
        "twice": lambda lines: lines.insert(at, lines[at]),
        "said as proved": lambda lines: lines[at].update(note="trust me"),
    }


def change_note(lines: Lines, old: str, new: str) -> None:
    lines[3]["checkpoint"] = lines[3]["checkpoint"].replace(old, new, 1)


def test_a_runs_results_are_proved_though_they_were_found_in_another_order(
    client: Client, alice: User, trail: Trail, seal: Seal, tmp_path: Path
) -> None:
    write(trail, *(use("t", id=f"e{n}", at=f"2026-11-01T00:00:{59 - n % 60:02}.{n:09}Z") for n in range(60)))
    write(trail, *(use("t", id=f"o{n}", at=f"2026-10-01T00:00:00.{n:09}Z") for n in range(40)))
    finished = run(alice, text="token.id:t")
    seal()
    content = downloaded(client, f"/runs/{finished.public_id}/export/", alice)
    status, said = verify(content, tmp_path / "away")
    assert (status, said.startswith("100 of 100 events proved")) == (0, True), said
    assert json.loads(content.splitlines()[1])["about"]["run"]["id"] == finished.public_id


def test_a_run_without_results_is_a_bundle_without_events(
    client: Client, alice: User, trail: Trail, seal: Seal, tmp_path: Path
) -> None:
    finished = run(alice, text="token.id:nothing")
    seal()
    status, said = verify(downloaded(client, f"/runs/{finished.public_id}/export/", alice), tmp_path / "away")
    assert (status, said.startswith("0 of 0 events proved")) == (0, True), said


def test_one_that_is_not_sealed_yet_is_waited_for(case: Case, alice: User, trail: Trail, seal: Seal) -> None:
    seal()
    pin(trail, case, alice, use("t", id="e"))
    for made in (
        export(alice, format="bundle", case=case),
        export(alice, format="bundle", run=run(alice, text="token.id:t")),
    ):
        assert made.state == "queued"
        assert "not sealed yet" in made.problem
        # Of this export: tests beside this one write into the same folder.
        assert not list(exports.build_path(made).parent.glob(f"{made.public_id}*.part"))
    seal()
    exports.write_export(_due(made).pk)
    made.refresh_from_db()
    assert made.state == "finished"


def _due(made: Export) -> Export:
    Export.objects.filter(pk=made.pk).update(not_before=made.created_at)
    return made


def test_one_that_was_altered_is_no_bundle_but_an_incident(alice: User, trail: Trail, seal: Seal) -> None:
    first = event(id="a")
    write(trail, first, use("t", id="altered"))
    seal()
    put_in_the_place(trail, first, use("t", id="altered", user__id="alice"))
    made = export(alice, format="bundle", run=run(alice, text="token.id:t"))
    assert made.state == "failed"
    assert "The event altered is not what was sealed as leaf" in made.problem
    assert Incident.objects.get(kind=Incident.Kind.TAMPERED, subject="proof").over_at is None


def test_one_that_was_never_sealed_is_no_bundle(alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, event(id="a"), event(id="b"))
    seal()
    put_in_the_place(trail, use("t", id="inside"), event(id="a"), event(id="b"))
    made = export(alice, format="bundle", run=run(alice, text="token.id:t"))
    assert (made.state, "The event inside was never sealed" in made.problem) == ("failed", True)


def test_a_damaged_log_makes_no_bundle(pinned: list[Evidence], case: Case, alice: User, settings: Settings) -> None:
    for path in (settings.SEAL_DIR / "tile").rglob("*"):
        if path.is_file():
            path.unlink()
    made = export(alice, format="bundle", case=case)
    assert (made.state, "tile" in made.problem) == ("queued", True)


def test_it_can_be_cancelled_while_it_looks_for_leaves(
    alice: User, trail: Trail, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, use("t"))
    seal()
    made = exports.start(format="bundle", by=alice, run=run(alice, text="token.id:t"))
    real = proofs.read_leaves

    def asked_to_stop() -> object:
        exports.cancel(export=Export.objects.get(pk=made.pk), by=alice)
        return real()

    monkeypatch.setattr(proofs, "read_leaves", asked_to_stop)
    exports.write_export(made.pk)
    made.refresh_from_db()
    assert made.state == "cancelled"
    assert not exports.build_path(made).exists()


def test_a_copy_is_proved_though_the_trail_has_lost_its_index(
    client: Client, case: Case, alice: User, pinned: list[Evidence], trail: Trail, tmp_path: Path
) -> None:
    Evidence.objects.filter(event_id="e0").update(leaf=None)  # pinned before its leaf was known
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.10")
    client.force_login(alice)
    later = next(one for one in pinned if one.event_id == "later")
    response = client.get(f"/cases/{case.public_id}/evidence/{later.number}/")
    assertContains(response, "The copy is sealed as leaf")
    assertContains(response, "The trail no longer shows this event")
    status, said = verify(downloaded(client, f"/cases/{case.public_id}/export/", alice), tmp_path / "away")
    assert (status, said.startswith("3 of 3")) == (0, True), said


def test_the_checkpoint_that_a_witness_cosigned_is_preferred(
    client: Client,
    case: Case,
    alice: User,
    pinned: list[Evidence],
    seal: Seal,
    trail: Trail,
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.TRAIL_WITNESSES = [str(bundle_vectors.WITNESS.verifier)]
    message = LogDirectory().note() or b""
    text = signed_note.parse(message).text  # type: ignore[union-attr]
    assert witnesses.take_cosignatures(message + bundle_vectors.WITNESS.sign(text, 1_795_000_000).line().encode()) == 1
    write(trail, event())
    seal()
    content = downloaded(client, f"/cases/{case.public_id}/export/", alice)
    status, said = verify(
        content, tmp_path / "away", "--witness", str(bundle_vectors.WITNESS.verifier), "--witnesses", "1"
    )
    assert status == 0, said
    signed = json.loads(content.splitlines()[3])["checkpoint"]
    assert checkpoint.parse(signed_note.parse(signed.encode()).text) == checkpoint.parse(text)  # type: ignore[union-attr]


WITNESS = str(bundle_vectors.WITNESS.verifier)
NO_WITNESS = "example.com/witness had not cosigned"


def name_of(key: str) -> str:
    """A key as a bundle names it: name and hash, without the key itself."""
    return "+".join(key.split("+")[:2])


def cosign() -> None:
    """The witness comes by, and cosigns the newest checkpoint."""
    message = LogDirectory().note() or b""
    text = signed_note.parse(message).text  # type: ignore[union-attr]
    witnesses.take_cosignatures(message + bundle_vectors.WITNESS.sign(text, 1_795_000_000).line().encode())


def work(made: Export) -> Export:
    """What the worker does when the export's turn has come."""
    Export.objects.filter(pk=made.pk).update(not_before=timezone.now())
    exports.write_export(made.pk)
    made.refresh_from_db()
    return made


def test_a_bundle_waits_until_the_witnesses_have_cosigned(
    client: Client, case: Case, alice: User, pinned: list[Evidence], settings: Settings, tmp_path: Path
) -> None:
    settings.TRAIL_WITNESSES = [WITNESS]
    client.force_login(alice)
    client.post(f"/cases/{case.public_id}/export/", {"format": "bundle"})
    made = work(Export.objects.get())
    assert (made.state, NO_WITNESS in made.problem) == ("queued", True)
    assertContains(client.get(f"/exports/{made.public_id}/"), "the export waits for that, until")
    cosign()
    made = work(made)
    assert (made.state, made.problem, made.uncosigned) == ("finished", "", [])
    content = exports.build_path(made).read_bytes()
    status, said = verify(content, tmp_path / "away", "--witness", WITNESS)
    assert (status, "cosigned by 1 of 1 witnesses given" in said) == (0, True), said
    assert json.loads(content.splitlines()[2])["log"]["witnesses"] == [{"key": name_of(WITNESS), "cosigned": True}]


def test_a_bundle_that_no_witness_vouches_for_says_so_in_the_page_the_file_and_the_verifiers_words(
    client: Client, case: Case, alice: User, pinned: list[Evidence], settings: Settings, tmp_path: Path
) -> None:
    """After a quarter of an hour, for a witness that never comes must not keep a case from its evidence."""
    settings.TRAIL_WITNESSES = [WITNESS]
    client.force_login(alice)
    client.post(f"/cases/{case.public_id}/export/", {"format": "bundle"})
    Export.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    made = work(Export.objects.get())
    assert (made.state, made.uncosigned) == ("finished", ["example.com/witness"])
    assertContains(client.get(f"/exports/{made.public_id}/"), f"{NO_WITNESS} the checkpoint in this file")
    content = exports.build_path(made).read_bytes()
    status, said = verify(content, tmp_path / "away")
    assert (status, "the bundle says that 1 of the log's 1 witnesses had not cosigned" in said) == (0, True), said
    status, said = verify(content, tmp_path / "away", "--witness", WITNESS)
    assert (status, "cosigned by 0 of the witnesses given, not 1" in said) == (1, True), said


def test_a_bundle_names_the_sizes_for_which_each_key_counts(
    client: Client, case: Case, alice: User, ada: User, pinned: list[Evidence], trail: Trail, seal: Seal, tmp_path: Path
) -> None:
    call_command("rotate_seal_key", by="ada", stdout=StringIO())
    seal()
    write(trail, event())
    seal()
    content = downloaded(client, f"/cases/{case.public_id}/export/", alice)
    old, new = (str(key) for key in signing_keys.list_verifiers() if key.algorithm is Algorithm.ED25519)
    first, second = json.loads(content.splitlines()[2])["log"]["keys"]
    end = first["last"]
    assert (first, second) == (
        {"key": name_of(old), "first": 0, "last": end},
        {"key": name_of(new), "first": end, "last": None},
    )
    for keys, status in (((old, new), 0), ((f"{old}@{end}", f"{new}@{end}-"), 0), ((old,), 1)):
        assert verify(content, tmp_path / "away", keys=keys)[0] == status, keys
    assert "without the size up to which they count" in verify(content, tmp_path / "away")[1]


def test_the_record_of_an_absence_comes_with_its_statement_from_a_run_and_from_its_own_page(
    client: Client, case: Case, alice: User, trail: Trail, seal: Seal, tmp_path: Path
) -> None:
    write(trail, event(id="some"))
    seal()
    client.force_login(alice)
    words = {"case": case.public_id, "search": "f=user.id:nobody", "reason": "Never seen", "provisional": "on"}
    client.post("/evidence/absence/", words)
    absence = Evidence.objects.get()
    trail.client.indices.refresh(index=trail.events)
    seal()
    single = bytes_of(client.get(f"/events/{absence.event_id}/proof/?format=bundle"))
    results = exports.build_path(export(alice, format="bundle", run=run(alice, text="event.action:case.evidence.pin")))
    for content in (single, results.read_bytes()):
        status, said = verify(content, tmp_path / "away")
        assert (status, "1 of them put on record that nothing was found" in said) == (0, True), said
        lines = [json.loads(line) for line in content.splitlines()]
        assert next(line for line in lines if "statement" in line)["statement"] == absence.document
