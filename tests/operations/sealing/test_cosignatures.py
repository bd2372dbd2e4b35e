"""A row of a cosignature is worth what its signature is: who writes the database makes no witness say anything."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from operations.models import Checkpoint, Cosignature
from operations.sealing import verification, witnesses
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from trail.connection import Trail
from trail.integrity import checkpoint, signed_note
from trail.integrity.signed_note import Algorithm, Signer

WITNESS = Signer.generate("example.com/witness", Algorithm.COSIGNATURE)
STRANGER = Signer.generate("example.com/witness", Algorithm.COSIGNATURE)
AT = 1_795_000_000


@pytest.fixture(autouse=True)
def _named(settings: Settings) -> None:
    settings.TRAIL_WITNESSES = [str(WITNESS.verifier)]


@pytest.fixture
def note(sealer: Sealer, log: LogDirectory, trail: Trail) -> bytes:
    """The newest checkpoint of a log of two events, which is kept as a row."""
    write(trail, event(), event())
    sealer.step()
    sealer._signed = float("-inf")
    sealer.step()
    message = log.note()
    assert message is not None
    return message


def cosign(note: bytes, at: int = AT, signer: Signer = WITNESS) -> str:
    read = signed_note.parse(note)
    assert isinstance(read, signed_note.SignedNote)
    return signer.sign(read.text, at).line()


def forge_row(line: str, at: int) -> None:
    """A row that says that the witness signed, written past the console."""
    row = Checkpoint.objects.latest()
    Cosignature.objects.create(
        size=row.size, root=row.root, witness=str(WITNESS.verifier), at=datetime.fromtimestamp(at, UTC), line=line
    )


def forge_lines(note: bytes) -> list[str]:
    """By another key under the witness's name; the witness's own of another text; and no signature at all."""
    own = signed_note.parse(cosign(note, signer=STRANGER).join(["text\n\n", ""]).encode())
    assert isinstance(own, signed_note.SignedNote)
    value = own.signatures[0].value
    renamed = signed_note.Signature(WITNESS.name, WITNESS.verifier.key_id, value).line()
    another = WITNESS.sign("another text\n", AT).line()
    return [cosign(note, signer=STRANGER), renamed, another, "no signature line\n"]


@pytest.mark.parametrize("kind", range(4), ids=["another key", "renamed", "another text", "no line"])
def test_a_forged_cosignature_is_not_served_and_hides_none_that_holds(note: bytes, kind: int) -> None:
    forge_row(forge_lines(note)[kind], AT + 60)
    assert witnesses.add_cosignatures(note) == note
    assert witnesses.find_cosigned_note(1) is None
    assert witnesses.take_cosignatures(note + cosign(note).encode()) == 1
    served = witnesses.add_cosignatures(note)
    assert served == note + cosign(note).encode()
    assert checkpoint.find_cosignatures(served, [WITNESS.verifier]) == {WITNESS.name: AT}
    cosigned = witnesses.find_cosigned_note(1)
    assert cosigned is not None
    assert checkpoint.find_cosignatures(cosigned, [WITNESS.verifier]) == {WITNESS.name: AT}


def test_a_witness_that_is_named_no_more_is_not_served(note: bytes, settings: Settings) -> None:
    witnesses.take_cosignatures(note + cosign(note).encode())
    settings.TRAIL_WITNESSES = []
    assert witnesses.add_cosignatures(note) == note


def test_a_verification_finds_the_forged_row(note: bytes, log: LogDirectory) -> None:
    witnesses.take_cosignatures(note + cosign(note).encode())

    def verify() -> list[str]:
        ranges = verification.choose_whole_log(log)
        done = verification.run_verification(log, verification.begin_verification(log, "command", ranges))
        return [finding["what"] for finding in done.findings]

    assert verify() == []
    forge_row(forge_lines(note)[1], int(timedelta(days=20_000).total_seconds()))
    (what,) = verify()
    assert what == f"the row of a cosignature of {WITNESS.name} for 2 events holds none of it"
