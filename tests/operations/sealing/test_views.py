"""The sealed log for programs, as C2SP tlog-tiles has it, and for people: what is sealed, and that it goes on."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from operations.maintenance.services import run_checks_of_trail
from operations.models import Checkpoint, Cosignature, KeyScope
from operations.sealing import signing_keys
from operations.sealing.folder import LogDirectory
from operations.sealing.intervals import SILENT_AFTER
from operations.sealing.publication import publish_checkpoints
from tests.support import bundle_vectors
from tests.support.browser_verifier import PAGE
from tests.support.factories.events import event, write
from tests.support.factories.keys import bearer, writer_key
from tests.support.log_keys import read_key, sign_checkpoint
from tests.support.pages import at_sign_in, bytes_of, text_of
from trail.connection import Trail
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.signed_note import Algorithm
from trail.integrity.tiles import FileStore, Tree
from trail.maintenance.checks.check import CheckState
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

Seal = Callable[[], object]
WITNESS = bundle_vectors.WITNESS


@pytest.fixture
def reader(ada: User, trail: Trail) -> dict[str, str]:
    """The header of a program that may read the log."""
    return bearer(writer_key(ada, scope=KeyScope.LOG, writer="", dataset="")[1])


def sealed(trail: Trail, seal: Seal, count: int) -> None:
    """So many events are sealed, with what the console itself has put on record."""
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    there = execute.count(trail, Search(), WHOLE_TRAIL)
    write(trail, *(event() for _ in range(count - there)))
    seal()


def test_a_program_with_a_key_reads_all_that_it_needs_for_every_proof(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal, tmp_path: Path
) -> None:
    sealed(trail, seal, 300)
    got = client.get("/log/checkpoint", headers=reader)
    assert (got["Content-Type"], got["Cache-Control"]) == ("text/plain; charset=utf-8", "no-store")
    signed = checkpoint.verify(got.content, signing_keys.list_verifiers()[0].name, signing_keys.list_verifiers())
    assert isinstance(signed, checkpoint.Checkpoint)
    assert signed.size == 300

    class Remote(FileStore):
        def read(self, name: str) -> bytes | None:
            answer = client.get(f"/log/{name}", headers=reader)
            assert answer["Content-Type"] == "application/octet-stream"
            return bytes_of(answer)

    remote = Tree(Remote(tmp_path / "unused"), 300)
    assert remote.root() == signed.root
    assert merkle.verify_consistency(
        100, 300, LogDirectory().tree(300).root_at(100), signed.root, remote.consistency_proof(100)
    )


def test_tiles_are_those_on_disk_byte_for_byte_and_may_be_kept_for_ever(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 300)
    for name in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"):
        answer = client.get(f"/log/{name}", headers=reader)
        assert answer.content == (settings.SEAL_DIR / name).read_bytes(), name
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    part = client.get("/log/tile/0/000.p/7", headers=reader)  # of a size that was signed once, or could have been
    assert part.content == (settings.SEAL_DIR / "tile/0/000").read_bytes()[: 7 * 32]


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001", "tile/0/001.p/45", "tile/0/002", "tile/1/000", "tile/1/000.p/2", "tile/2/000.p/1", "tile/0/x001/000",
        "tile/0/1", "tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/../../key",
        "tile/../key", "tile/0/%2e%2e/%2e%2e/key", "tile//etc/passwd", "tile/0/000/", "tile/8/000",
        "tile/0/x" + "999/x" * 40 + "999", "tile/0/../000", "tile/0/..%2f000",
    ],
)  # fmt: skip
def test_what_is_no_tile_or_not_signed_is_404(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal, path: str
) -> None:
    sealed(trail, seal, 300)
    assert client.get(f"/log/{path}", headers=reader).status_code == 404


def test_a_tile_whose_name_holds_a_nul_is_refused_as_every_address_with_one(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal
) -> None:
    sealed(trail, seal, 300)
    assert client.get("/log/tile/0/000%00", headers=reader).status_code == 400


def test_what_was_appended_and_not_signed_is_404(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal
) -> None:
    sealed(trail, seal, 3)
    LogDirectory().tree(3).append([b"\x01" * 32] * 400)
    assert client.get("/log/tile/0/000", headers=reader).status_code == 404
    assert client.get("/log/tile/0/000.p/4", headers=reader).status_code == 404
    assert client.get("/log/tile/0/000.p/3", headers=reader).status_code == 200


def test_nobody_else_reads_it(client: Client, ada: User, rae: User, trail: Trail, seal: Seal) -> None:
    sealed(trail, seal, 1)
    for path in ("/log/checkpoint", "/log/tile/0/000.p/1"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=bearer("tk_nonsense")).status_code == 401
        assert client.get(path, headers=bearer(writer_key(ada)[1])).status_code == 403
        assert client.post(path).status_code == 405
    client.force_login(rae)
    assert client.get("/log/checkpoint").status_code == 200
    assert client.post("/log/cosignatures", b"", content_type="text/plain").status_code == 401


def test_before_anything_is_sealed_there_is_none(client: Client, reader: dict[str, str], seal: Seal) -> None:
    assert client.get("/log/checkpoint", headers=reader).status_code == 404
    assert client.get("/log/tile/0/000.p/1", headers=reader).status_code == 404


def test_a_log_that_was_damaged_is_503_and_says_so_on_the_page(
    client: Client, rae: User, trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 300)
    path = settings.SEAL_DIR / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n300\n", b"\n301\n"))
    client.force_login(rae)
    answer = client.get("/log/tile/0/000")
    assert (answer.status_code, "not a checkpoint of this log" in answer.json()["error"]) == (503, True)
    assertContains(client.get("/log/"), "Nothing can be proved until this is mended")


# --- Witnesses


def cosigned(at: int = 1_795_000_000, signer: signed_note.Signer = WITNESS) -> bytes:
    message = LogDirectory().note() or b""
    return message + signer.sign(signed_note.parse(message).text, at).line().encode()  # type: ignore[union-attr]


def give(client: Client, reader: dict[str, str], message: bytes) -> tuple[int, dict]:
    answer = client.post("/log/cosignatures", message, content_type="text/plain; charset=utf-8", headers=reader)
    return answer.status_code, answer.json()


def test_a_witnesss_cosignature_is_taken_once_and_shown(
    client: Client, reader: dict[str, str], rae: User, trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 5)
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]
    assert give(client, reader, cosigned()) == (200, {"new": 1})
    assert give(client, reader, cosigned()) == (200, {"new": 0})
    got = client.get("/log/checkpoint", headers=reader).content
    assert checkpoint.find_cosignatures(got, [WITNESS.verifier]) == {WITNESS.name: 1_795_000_000}
    assert give(client, reader, cosigned(1_795_000_060)) == (200, {"new": 1})
    got = client.get("/log/checkpoint", headers=reader).content
    assert checkpoint.find_cosignatures(got, [WITNESS.verifier]) == {WITNESS.name: 1_795_000_060}
    client.force_login(rae)
    assertContains(client.get("/log/"), "a witness")
    row = Checkpoint.objects.get(size=5)  # kept, though it was one between those of each minute
    assert signing_keys.open_checkpoint(row.note.encode()) == signing_keys.open_checkpoint(LogDirectory().note() or b"")
    assert WITNESS.name not in row.note
    assert abs(row.at - timezone.now()) < timedelta(hours=1)


def test_a_witness_gives_back_what_it_knows_of_the_logs_signatures_and_the_row_has_its_time_all_the_same(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 5)
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]
    key = read_key(LogDirectory())
    plain = signed_note.open_note(LogDirectory().note() or b"", key.verifiers[:1])
    assert isinstance(plain, signed_note.SignedNote)
    line = WITNESS.sign(plain.text, 1_795_000_000).line().encode()
    write(trail, event())
    seal()  # the log has gone on
    assert give(client, reader, plain.message() + line) == (200, {"new": 1})
    row = Checkpoint.objects.get(size=5)
    assert abs(row.at - timezone.now()) < timedelta(hours=1)


def test_what_is_no_cosignature_of_a_witness_that_was_named_is_not_taken(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 5)
    assert give(client, reader, cosigned())[0] == 409  # nobody was named
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]
    stranger = signed_note.Signer(WITNESS.name, b"\x09" * 32, signed_note.Algorithm.COSIGNATURE)
    forged = cosigned().replace(b"\n5\n", b"\n6\n")
    for message in (
        cosigned(signer=stranger),
        LogDirectory().note() or b"",
        forged,
        b"",
        b"\xff",
        bundle_vectors.signed(LogDirectory().tree(5), 5, bundle_vectors.LOG, witness=True),
    ):
        status, told = give(client, reader, message)
        assert (status, set(told)) == (409, {"error", "status"})
    assert give(client, reader, b"x" * 100_001)[0] == 413
    assert not Cosignature.objects.exists()
    assert client.get("/log/cosignatures", headers=reader).status_code == 405


def test_a_checkpoint_of_another_history_is_not_taken(
    client: Client, reader: dict[str, str], trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 5)
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]
    key = read_key(LogDirectory())
    for size in (5, 9):
        signed = checkpoint.Checkpoint(key.origin, size, b"\x07" * 32)
        message = sign_checkpoint(signed, [key], 1) + WITNESS.sign(signed.text(), 1).line().encode()
        assert "not of the history" in give(client, reader, message)[1]["error"]


# --- For people


def test_the_page_shows_the_newest_checkpoint_its_keys_and_who_else_holds_it(
    client: Client, rae: User, trail: Trail, seal: Seal, settings: Settings, tmp_path: Path
) -> None:
    sealed(trail, seal, 300)
    (tmp_path / "elsewhere").mkdir()
    settings.CHECKPOINTS_TO = str(tmp_path / "elsewhere")
    publish_checkpoints()
    client.force_login(rae)
    response = client.get("/log/")
    for text in (
        "the newest checkpoint holds <b>300 events</b>",
        signed_note.encode(LogDirectory().tree(300).root()),
        "verify_bundle.py",
        f"folder {tmp_path / 'elsewhere'}",
        "No witness is named",
    ):
        assertContains(response, text)
    (key,) = [str(one) for one in signing_keys.list_verifiers() if one.algorithm is signed_note.Algorithm.ED25519]
    assertContains(response, f'data-copy="{key}"'.replace("+", "+"))
    assert "PRIVATE" not in text_of(response)


def test_the_page_says_up_to_which_size_a_retired_key_counts(
    client: Client, rae: User, ada: User, trail: Trail, seal: Seal, settings: Settings
) -> None:
    """In the command that it offers, so that who copies it is safe from whoever has an old key."""
    sealed(trail, seal, 3)
    call_command("rotate_seal_key", by="ada", stdout=StringIO())
    seal()
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]
    old, new = [span for span in signing_keys.read_history().spans if span.key.algorithm is Algorithm.ED25519]
    client.force_login(rae)
    command = f"--key '{old.key}@{old.last}' --key '{new.key}' --witness '{WITNESS.verifier}' --witnesses 1"
    assert command in re.sub("<[^>]*>", "", unescape(text_of(client.get("/log/"))))


def test_the_page_hands_out_the_verifier_for_the_browser_as_a_file(
    client: Client, rae: User, trail: Trail, seal: Seal
) -> None:
    """Never as a page: its script would be the console's, and it is its own."""
    sealed(trail, seal, 3)
    client.force_login(rae)
    page = text_of(client.get("/log/"))
    address = static("verifier/verify_bundle.html")
    assert f'href="{address}" download="verify_bundle.html"' in page
    response = client.get(address)
    assert response["Content-Disposition"] == 'attachment; filename="verify_bundle.html"'
    assert bytes_of(response) == PAGE.read_bytes()


def test_the_page_shows_what_the_last_comparison_found(client: Client, rae: User, trail: Trail, seal: Seal) -> None:
    sealed(trail, seal, 3)
    client.force_login(rae)
    assertContains(client.get("/log/"), "The trail was not compared yet")
    call_command("verify_trail", stdout=StringIO(), stderr=StringIO())
    assertContains(client.get("/log/"), "3 events were compared (asked for), and are what was sealed")
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    with pytest.raises(SystemExit):
        call_command("verify_trail", stdout=StringIO(), stderr=StringIO())
    assertContains(client.get("/log/"), "The trail is <b>not</b> what was sealed")


def test_a_checkpoint_that_is_old_is_red(
    client: Client, rae: User, trail: Trail, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(trail, seal, 1)
    later = timezone.now() + timedelta(minutes=4)
    monkeypatch.setattr("operations.sealing.status.timezone.now", lambda: later)
    client.force_login(rae)
    assertContains(client.get("/log/"), "Events are written and not sealed")


def test_any_two_sizes_are_proved_to_go_on(client: Client, rae: User, trail: Trail, seal: Seal) -> None:
    sealed(trail, seal, 300)
    client.force_login(rae)
    for old, new in ((0, 300), (7, 300), (128, 256), (300, 300)):
        address = f"/log/consistency/?old={old}&new={new}"
        assertContains(client.get(address), f"The log of {new} events begins with the log of {old}")
        told = client.get(f"{address}&format=json").json()
        proof = [signed_note.decode(one) for one in told["proof"]]
        roots = [signed_note.decode(told[name]) for name in ("old_root", "new_root")]
        assert merkle.verify_consistency(old, new, *roots, proof)
        assert (told["holds"], told["reason"]) == (True, None)
    assertContains(client.get("/log/consistency/?old=7&new=300"), "No checkpoint of 7 events was kept")


def test_two_that_do_not_go_on_are_red(client: Client, rae: User, trail: Trail, seal: Seal) -> None:
    sealed(trail, seal, 300)
    Checkpoint.objects.create(size=7, root="07" * 32, at=timezone.now(), note="signed once, of another history\n")
    client.force_login(rae)
    assertContains(client.get("/log/consistency/?old=7&new=300"), "The log does not go on from 7 to 300 events")
    assert client.get("/log/consistency/?old=7&new=300&format=json").json()["holds"] is False


def test_the_form_of_two_sizes_opens_without_a_reproach(client: Client, rae: User, trail: Trail, seal: Seal) -> None:
    client.force_login(rae)
    assertNotContains(client.get("/log/consistency/"), "This field is required")
    assert client.get("/log/consistency/?format=json").status_code == 400


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("old=", "This field is required"), ("old=9&new=3", "not smaller than the older"), ("old=-1&new=3", "greater than or equal"),
        ("old=x&new=3", "whole number"), ("old=1&new=9999", "The tree has 3 leaves"), ("old=1&new=99999999999999999999", "less than"),
    ],
)  # fmt: skip
def test_a_size_that_is_none_is_said(
    client: Client, rae: User, trail: Trail, seal: Seal, query: str, what: str
) -> None:
    sealed(trail, seal, 3)
    client.force_login(rae)
    response = client.get(f"/log/consistency/?{query}")
    assert response.status_code == 400
    assertContains(response, what, status_code=400)
    told = client.get(f"/log/consistency/?{query}&format=json")
    assert (told.status_code, "errors" in json.loads(told.content)) == (400, True)


def test_a_log_that_cannot_be_read_proves_nothing(
    client: Client, rae: User, trail: Trail, seal: Seal, settings: Settings
) -> None:
    sealed(trail, seal, 300)
    (settings.SEAL_DIR / "tile/0/000").unlink()
    client.force_login(rae)
    response = client.get("/log/consistency/?old=7&new=300")
    assertContains(response, "tile/0/000 is not there")
    assertNotContains(response, "begins with")
    assert "tile/0/000" in client.get("/log/consistency/?old=7&new=300&format=json").json()["problem"]


def test_anonymous_signs_in_first(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/log/"), "/log/")
    assert at_sign_in(client.get("/log/consistency/"), "/log/consistency/")


def test_the_pages_change_nothing_for_who_is_no_admin(client: Client, rae: User) -> None:
    client.force_login(rae)
    assert client.post("/log/consistency/").status_code == 405
    assert client.post("/log/", {"to_open": "yes"}).status_code == 403


@pytest.mark.parametrize(("late_by", "silent"), [(timedelta(0), False), (timedelta(microseconds=1), True)])
def test_every_page_and_command_calls_the_keeper_silent_from_the_same_instant_on(
    client: Client,
    alice: User,
    trail: Trail,
    seal: Seal,
    monkeypatch: pytest.MonkeyPatch,
    late_by: timedelta,
    silent: bool,
) -> None:
    seal()
    clock = Checkpoint.objects.latest().at + SILENT_AFTER + late_by
    monkeypatch.setattr(timezone, "now", lambda: clock)
    client.force_login(alice)
    state = next(finding.state for finding in run_checks_of_trail() if finding.check == "sealing")
    assert (state == CheckState.WRONG) == silent
    assert ("has signed nothing for 3 minutes" in text_of(client.get("/status/"))) == silent
    assert ("Events are written and not sealed" in text_of(client.get("/log/"))) == silent


def test_the_page_of_two_checkpoints_opens_without_complaint(client: Client, rae: User, db: None) -> None:
    client.force_login(rae)
    assertNotContains(client.get("/log/consistency/"), "field__error")
    assertContains(client.get("/log/consistency/?old=7"), "field__error", status_code=400)
    assert client.get("/log/consistency/?format=json").status_code == 400
