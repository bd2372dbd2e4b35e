"""A checkpoint is exactly the note that tlog-checkpoint describes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import Algorithm, Signer
from trail.integrity.verdict import Broken

LOG = Signer("example.com/trail", b"\x01" * 32)
WITNESS = Signer("example.com/witness", b"\x02" * 32, Algorithm.COSIGNATURE)
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
EXAMPLE = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"


def test_the_specifications_example_is_read_and_written() -> None:
    parsed = checkpoint.parse(EXAMPLE)
    assert isinstance(parsed, Checkpoint)
    assert (parsed.origin, parsed.size, signed_note.encode(parsed.root)) == (
        "example.com/behind-the-sofa",
        20_852_163,
        ROOT,
    )
    assert parsed.text() == EXAMPLE


def test_extension_lines_are_kept() -> None:
    parsed = checkpoint.parse(f"{EXAMPLE}one\ntwo\n")
    assert isinstance(parsed, Checkpoint)
    assert parsed.extensions == ("one", "two")
    assert parsed.text() == f"{EXAMPLE}one\ntwo\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n1\n",
        EXAMPLE[:-1],
        f"{EXAMPLE}\n",
        f"{EXAMPLE}\nextension\n",
        f"{EXAMPLE}extension",
        f"\n1\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"log\n01\n{ROOT}\n",
        f"log\n00\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n+1\n{ROOT}\n",
        f"log\n1 \n{ROOT}\n",
        f"log\n1_0\n{ROOT}\n",
        f"log\n0x1\n{ROOT}\n",
        f"log\n1.0\n{ROOT}\n",
        f"log\n١\n{ROOT}\n",
        f"log\nbananas\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n3438945738945739845734895735\n{ROOT}\n",
        "log\n1\nThisIsn'tBase64\n",
        "log\n1\nYmFuYW5hcw==\n",
        f"log\n1\n{ROOT[:-1]}\n",
        f"log\n1\n{ROOT} \n",
        f"log\n1\n{ROOT.replace('/', '_')}\n",
        f"log\n1\n{ROOT.replace('q2I=', 'q2J=')}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    assert isinstance(checkpoint.parse(text), Broken)


@given(
    origin=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
def test_every_checkpoint_is_read_as_it_was_signed(origin: str, size: int, root: bytes) -> None:
    made = Checkpoint(origin, size, root)
    assert checkpoint.verify(made.sign(LOG), origin, [LOG.verifier]) == made


@pytest.mark.parametrize(
    "made",
    [
        Checkpoint("", 1, b"\x00" * 32),
        Checkpoint("two\nlines", 1, b"\x00" * 32),
        Checkpoint("log", -1, b"\x00" * 32),
        Checkpoint("log", 2**63, b"\x00" * 32),
        Checkpoint("log", 1, b"\x00" * 31),
        Checkpoint("log", 1, b"\x00" * 32, ("",)),
    ],
)
def test_what_could_not_be_read_back_is_not_signed(made: Checkpoint) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        made.sign(LOG)


def test_only_the_logs_own_key_and_name_count() -> None:
    made = Checkpoint(LOG.name, 3, b"\x03" * 32)
    other = Signer("example.com/other", b"\x04" * 32)
    assert isinstance(checkpoint.verify(made.sign(other), LOG.name, [LOG.verifier]), Broken)
    assert isinstance(checkpoint.verify(made.sign(LOG), "example.com/else", [LOG.verifier]), Broken)
    assert isinstance(checkpoint.verify(signed_note.sign("no checkpoint\n", LOG), LOG.name, [LOG.verifier]), Broken)
    assert checkpoint.verify(made.sign(other, LOG), LOG.name, [LOG.verifier]) == made


def test_a_rotated_key_is_one_more_key_of_the_log() -> None:
    after = Signer(LOG.name, b"\x09" * 32)
    made = Checkpoint(LOG.name, 3, b"\x03" * 32)
    for message in (made.sign(LOG), made.sign(after), made.sign(LOG, after)):
        assert checkpoint.verify(message, LOG.name, [LOG.verifier, after.verifier]) == made


def test_cosignatures_say_who_and_when() -> None:
    made = Checkpoint(LOG.name, 3, b"\x03" * 32)
    message = made.sign(LOG) + WITNESS.sign(made.text(), 1_700_000_000).line().encode()
    assert checkpoint.verify(message, LOG.name, [LOG.verifier]) == made
    assert checkpoint.find_cosignatures(message, [WITNESS.verifier, LOG.verifier]) == {WITNESS.name: 1_700_000_000}
    assert checkpoint.find_cosignatures(made.sign(LOG), [WITNESS.verifier]) == {}
