"""Witnesses are asked for cosignatures and never believed: each is verified, and what one refuses is told to a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest
from pytest_django import Settings

from operations.incidents.throttle import IncidentThrottle
from operations.maintenance.keeper import Duty, attempt_duty, list_duties
from operations.models import Checkpoint, Cosignature, Incident
from operations.sealing import feeder, signing_keys, witnesses
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.log_keys import read_key, sign_checkpoint
from tests.trail.integrity.test_log_client import Answer, serving
from trail.connection import Trail
from trail.integrity import checkpoint
from trail.integrity.checkpoint import Checkpoint as Signed
from trail.integrity.signed_note import Algorithm, Signer, Verifier
from trail.witness.rules import Witness
from trail.witness.server import WitnessServer

SIGNER = Signer("example.com/witness", b"\x02" * 32, Algorithm.COSIGNATURE)
QUANTUM_SAFE = Signer("example.com/witness", b"\x03" * 32, Algorithm.ML_DSA_44)


@contextmanager
def running(folder: Path, keys: list[Verifier], *signers: Signer) -> Iterator[str]:
    """A witness behind an address, which knows the log by these keys."""
    logs = {key.name: keys for key in keys}
    with WitnessServer(("127.0.0.1", 0), Witness(folder, signers or [SIGNER], logs)) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def seal(sealer: Sealer, trail: Trail, monkeypatch: pytest.MonkeyPatch):
    """Seal so many events more, with a checkpoint that is kept, as each minute leaves one."""

    def seal(count: int) -> Checkpoint:
        write(trail, *(event() for _ in range(count)))
        sealer.step()
        sealer._signed = float("-inf")
        sealer.step()
        return Checkpoint.objects.order_by("size", "pk").last()

    return seal


def name_witness(settings: Settings, address: str, *signers: Signer) -> Duty:
    """From now on the console asks it; the keeper's duty that does."""
    keys = " ".join(str(signer.verifier) for signer in signers or [SIGNER])
    settings.TRAIL_WITNESSES = [f"{keys} {address}"]
    (duty,) = [duty for duty in list_duties(LogDirectory()) if duty.name == "witness example.com/witness"]
    return duty


def step(duty: Duty) -> None:
    attempt_duty(duty, IncidentThrottle(), Signal())


def incident(kind: Incident.Kind = Incident.Kind.CHECK) -> Incident:
    return Incident.objects.get(kind=kind, subject="witness example.com/witness")


def log_keys() -> list[Verifier]:
    return [key for key in signing_keys.list_verifiers() if key.algorithm is Algorithm.ED25519]


def test_a_witness_cosigns_each_kept_checkpoint_once(seal, settings: Settings, tmp_path: Path) -> None:
    seal(3)
    with running(tmp_path / "witness", log_keys()) as address:
        duty = name_witness(settings, address)
        for count in (5, 300, 0):
            row = seal(count)
            step(duty)
            step(duty)
            cosigned = witnesses.find_cosigned_note(row.size)
            assert cosigned
            assert checkpoint.find_cosignatures(cosigned, [SIGNER.verifier]).keys() == {SIGNER.name}
    assert list(Cosignature.objects.order_by("size").values_list("size", flat=True).distinct()) == [8, 308]
    assert not Incident.objects.exists()


def test_a_witness_with_a_key_for_ml_dsa_cosigns_with_both(seal, settings: Settings, tmp_path: Path) -> None:
    row = seal(3)
    with running(tmp_path / "witness", log_keys(), SIGNER, QUANTUM_SAFE) as address:
        step(name_witness(settings, address, SIGNER, QUANTUM_SAFE))
    cosigned = witnesses.find_cosigned_note(row.size)
    assert cosigned
    for signer in (SIGNER, QUANTUM_SAFE):
        assert checkpoint.find_cosignatures(cosigned, [signer.verifier]).keys() == {signer.name}


def test_where_the_witness_has_seen_more_than_we_know_of_it_says_and_is_asked_from_there(
    seal, settings: Settings, tmp_path: Path
) -> None:
    seal(3)
    with running(tmp_path / "witness", log_keys()) as address:
        step(name_witness(settings, address))
        Cosignature.objects.all()._raw_delete("default")  # as where the database was put back
        seal(4)
        step(name_witness(settings, address))
    assert list(Cosignature.objects.values_list("size", flat=True)) == [7]
    assert not Incident.objects.exists()


def test_a_log_that_was_put_back_is_tampered_with_at_once(seal, settings: Settings, tmp_path: Path) -> None:
    """Folder and database both: nothing of the console's own remembers more, but the witness does."""
    first = seal(3)
    before = (settings.SEAL_DIR / "checkpoint").read_bytes()
    with running(tmp_path / "witness", log_keys()) as address:
        duty = name_witness(settings, address)
        seal(4)
        step(duty)
        (settings.SEAL_DIR / "checkpoint").write_bytes(before)
        Cosignature.objects.all()._raw_delete("default")
        Checkpoint.objects.exclude(pk=first.pk)._raw_delete("default")
        step(name_witness(settings, address))
    assert "saw 7 events of this log, which has 3" in incident(Incident.Kind.TAMPERED).what


def test_another_history_signed_with_the_logs_own_key_is_tampered_with_at_once(
    seal, log: LogDirectory, settings: Settings, tmp_path: Path
) -> None:
    """The witness saw a fork that somebody with the key has made; the console's own looks whole."""
    row = seal(3)
    key = read_key(log)
    fork = sign_checkpoint(Signed(key.origin, row.size, b"\x07" * 32), [key], 1)
    witness = Witness(tmp_path / "witness", [SIGNER], {key.origin: log_keys()})
    assert witness.add_checkpoint(b"old 0\n\n" + fork)
    with running(tmp_path / "witness", log_keys()) as address:
        duty = name_witness(settings, address)
        step(duty)
        assert "saw another history of this log: one size, but two roots" in incident(Incident.Kind.TAMPERED).what
        seal(4)
        step(duty)
    assert incident(Incident.Kind.TAMPERED).over_at is None
    assert not Cosignature.objects.exists()


def test_a_witness_that_does_not_know_the_log_is_an_incident_that_says_what_to_give_its_operator(
    seal, settings: Settings, tmp_path: Path
) -> None:
    seal(3)
    with running(tmp_path / "witness", [Signer("example.com/other", b"\x01" * 32).verifier]) as address:
        step(name_witness(settings, address))
    (key,) = log_keys()
    assert f"does not know this log: give its operator the public key {key}" in incident().what


def test_after_a_rotation_the_witness_is_given_the_new_key_and_goes_on(
    seal, sealer: Sealer, log: LogDirectory, ada, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from operations.sealing.services import rotate_key

    monkeypatch.setattr(feeder, "LASTS", timedelta(0))
    seal(3)
    old = log_keys()
    with running(tmp_path / "witness", old) as address:
        step(name_witness(settings, address))
        rotate_key(by=ada)
        sealer.step()
        seal(1)
        step(name_witness(settings, address))
    new = log.keys.current()[0]
    assert f"does not know the key that this log signs with: give its operator the public key {new}" in incident().what
    with running(tmp_path / "witness", [*old, new]) as address:
        row = seal(1)
        step(name_witness(settings, address))
    assert incident().over_at is not None
    assert witnesses.find_cosigned_note(row.size)


def answering(status: int, body: bytes = b"") -> Answer:
    return lambda request, asked: (status, body)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"", "No cosignature was taken: the note has no signature of a known key"),
        (200, b"<html>hello</html>\n", "a signature line is malformed"),
        (
            200,
            "\N{EM DASH} example.com/witness {forged}\n".encode(),
            "the signature of example.com/witness does not hold",
        ),
        pytest.param(200, b"x" * (feeder.MAX_ANSWER + 1), "answers more than", id="too long"),
        (409, b"hello\n", "answers 409 without the size"),
        (409, b"1\n", "answers 409"),
        (302, b"", "answers 302"),
        (500, b"ouch", "answers 500: ouch"),
    ],
)
def test_whatever_a_witness_answers_nothing_but_a_sound_cosignature_is_kept(
    seal, settings: Settings, status: int, body: bytes, said: str
) -> None:
    forged = SIGNER.sign("another text\n", 1_700_000_000).line().encode().split()[-1]
    seal(3)
    with serving(answering(status, body.replace(b"{forged}", forged))) as address:
        step(name_witness(settings, address))
    assert said in incident().what
    assert not Cosignature.objects.exists()


@pytest.mark.parametrize("at", [0, 2**40])
def test_a_cosignature_of_no_time_or_one_to_come_is_not_kept(seal, settings: Settings, at: int) -> None:
    row = seal(3)
    text = row.note.partition("\n\n")[0] + "\n"
    with serving(answering(200, SIGNER.sign(text, at).line().encode())) as address:
        step(name_witness(settings, address))
    assert "says no time at which it can have been made" in incident().what
    assert not Cosignature.objects.exists()


def test_trouble_is_an_incident_only_when_it_lasts_and_says_when_it_is_over(
    seal, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(3)
    with running(tmp_path / "witness", log_keys()) as address:
        duty = name_witness(settings, address)
        step(duty)
    seal(1)
    step(duty)
    assert not Incident.objects.exists()
    monkeypatch.setattr(feeder, "LASTS", timedelta(0))
    step(duty)
    assert "does not answer at" in incident().what
    with running(tmp_path / "witness", log_keys()) as address:
        step(name_witness(settings, address))
    assert incident().over_at is not None


def test_a_witness_that_comes_by_itself_is_not_asked(seal, settings: Settings) -> None:
    settings.TRAIL_WITNESSES = [str(SIGNER.verifier)]
    assert not any(duty.name.startswith("witness") for duty in list_duties(LogDirectory()))


def test_nothing_is_asked_before_the_first_checkpoint(log: LogDirectory, settings: Settings) -> None:
    step(name_witness(settings, "http://127.0.0.1:1"))
    assert not Incident.objects.exists()
