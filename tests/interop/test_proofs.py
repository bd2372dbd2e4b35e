"""The proof of one event as torchwood, formats and merkle judge it, who know nothing of the console."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from operations.sealing import witnesses
from operations.sealing.folder import LogDirectory
from tests.interop.test_tiles import find_keys
from tests.support import bundle_vectors
from tests.support.factories.events import event, write
from tests.support.go_programs import BuildProgram
from tests.support.pages import bytes_of
from trail.connection import Trail
from trail.integrity import signed_note
from trail.integrity.signed_note import Algorithm, SignedNote

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db]  # Go compiles the first time
WITNESS = bundle_vectors.WITNESS


@dataclass
class Judge:
    """Runs check-proof over files; an empty answer accepts."""

    program: Path
    folder: Path

    def __call__(self, proof: bytes, entry: bytes, *options: str) -> str:
        for name, content in (("proof", proof), ("entry", entry)):
            (self.folder / name).write_bytes(content)
        given = ["-key", find_keys()[Algorithm.ED25519], *options, self.folder / "proof", self.folder / "entry"]
        done = subprocess.run([self.program, *given], capture_output=True, text=True, check=False)
        assert bool(done.returncode) == bool(done.stderr), done
        return done.stderr


@pytest.fixture
def judge(build_program: BuildProgram, tmp_path: Path) -> Judge:
    return Judge(build_program("./check-proof"), tmp_path)


def take_away(client: Client, event_id: str) -> tuple[bytes, bytes]:
    """The proof of an event, and the event as it was sealed."""
    answers = [client.get(f"/events/{event_id}/proof/?format={format}") for format in ("tlog-proof", "sealed")]
    assert [answer.status_code for answer in answers] == [200, 200]
    return bytes_of(answers[0]), bytes_of(answers[1])


def test_each_proof_is_accepted_and_none_of_another_event(
    client: Client, alice: User, trail: Trail, seal: Callable[[], object], judge: Judge
) -> None:
    long = event(id="long", event__original="x" * 200_000)  # longer than a line that formats reads
    write(trail, *(event(id=f"e{number}") for number in range(300)), long)
    seal()
    client.force_login(alice)
    taken = {name: take_away(client, name) for name in ("e0", "e1", "e255", "e256", "e299", "long")}
    for proof, entry in taken.values():
        assert judge(proof, entry) == ""
        assert "torchwood" in judge(proof, entry[:-1])
    assert "torchwood" in judge(taken["e0"][0], taken["e1"][1])
    proof, entry = taken["e255"]
    for part, other in ((b"index 255", b"index 254"), (b"\n301\n", b"\n302\n"), (b"@v1", b"@v2")):
        assert part in proof
        assert judge(proof.replace(part, other, 1), entry), part


def test_a_proof_carries_what_the_witnesses_signed(
    client: Client, alice: User, trail: Trail, seal: Callable[[], object], judge: Judge, settings: Settings
) -> None:
    write(trail, *(event(id=f"e{number}") for number in range(9)))
    seal()
    client.force_login(alice)
    asks_for_it = ("-witness", str(WITNESS.verifier))
    assert judge(*take_away(client, "e3"), *asks_for_it)
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]
    message = LogDirectory().note() or b""
    read = signed_note.parse(message)
    assert isinstance(read, SignedNote)
    witnesses.take_cosignatures(message + WITNESS.sign(read.text, 1_795_000_000).line().encode())
    write(trail, event(id="later"))
    seal()  # the newest checkpoint is not cosigned yet, and the proof is under the one before
    assert judge(*take_away(client, "e3"), *asks_for_it) == ""
    assert judge(*take_away(client, "later"), *asks_for_it)
