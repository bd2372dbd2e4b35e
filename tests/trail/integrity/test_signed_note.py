"""Signed notes are those of the specification and of Go's reference package, and what is none is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.integrity import note
from trail.integrity.note import Algorithm, BadKey, Note, Signer, Verifier, open_note
from trail.integrity.verdict import Broken

# The published example of golang.org/x/mod/sumdb/note.
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
MESSAGE = f"{TEXT}\n{PETER}".encode()
KNOWN = [Verifier.parse(VKEY)]
WITNESS = Signer("example.com/witness", b"\x05" * 32, Algorithm.COSIGNATURE)


def test_the_reference_key_makes_the_reference_signature() -> None:
    signer = Signer.parse(SKEY)
    assert note.sign(TEXT, signer) == MESSAGE
    assert signer.secret() == SKEY
    assert str(signer.verifier) == VKEY
    assert SKEY[-20:] not in repr(signer)


def test_the_reference_note_opens() -> None:
    opened = open_note(MESSAGE, KNOWN)
    assert isinstance(opened, Note)
    assert opened.text == TEXT
    assert [signature.name for signature in opened.signatures] == ["PeterNeumann"]
    assert opened.message() == MESSAGE


def test_the_specifications_own_example_opens() -> None:
    verifier = Verifier.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    message = (
        "This is an example message.\n\n— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert isinstance(open_note(message.encode(), [verifier]), Note)


def test_a_second_signer_is_added_as_the_reference_does() -> None:
    enoch = Signer("EnochRoot", b"\x00" * 32)
    assert note.sign(TEXT, Signer.parse(SKEY), enoch) == f"{TEXT}\n{PETER}{ENOCH}".encode()


def test_signatures_of_unknown_keys_are_ignored_though_name_or_hash_be_known() -> None:
    renamed = PETER.replace("PeterNeumann", "CarmenSandiego")
    rehashed = PETER.replace("x08g", "xxxx")
    opened = open_note(f"{TEXT}\n{renamed}{ENOCH}{rehashed}{PETER}".encode(), KNOWN)
    assert isinstance(opened, Note)
    assert len(opened.signatures) == 1
    assert open_note(f"{TEXT}\n{renamed}{ENOCH}{rehashed}".encode(), KNOWN) == Broken(
        "the note has no signature of a known key"
    )


def test_the_text_may_have_empty_lines_and_ends_at_the_last() -> None:
    signer = Signer.parse(SKEY)
    for text in ("a\n\n\nb\n", "\n", "\n\n", "\u2028\u0085\n"):
        opened = open_note(note.sign(text, signer), KNOWN)
        assert isinstance(opened, Note)
        assert opened.text == text


@pytest.mark.parametrize(
    "message",
    [
        b"",
        TEXT.encode(),
        f"{TEXT}\n".encode(),
        f"{TEXT}\n{PETER[:-1]}".encode(),
        f"{TEXT}\n{PETER}\n".encode(),
        f"{TEXT}{PETER}".encode(),
        f"\x01{TEXT}\n{PETER}".encode(),
        f"{TEXT}\r\n{PETER}".encode(),
        f"\t{TEXT}\n{PETER}".encode(),
        b"\xff" + MESSAGE,
        f"{TEXT}\n{PETER}Unexpected line.\n".encode(),
        f"{TEXT}\n{PETER.replace('—', '-')}".encode(),
        f"{TEXT}\n{PETER.replace('— ', '—')}".encode(),
        f"{TEXT}\n— Bad Name {PETER.split()[2]}\n".encode(),
        f"{TEXT}\n— Bad+Name {PETER.split()[2]}\n".encode(),
        f"{TEXT}\n— Bad\u00a0Name {PETER.split()[2]}\n".encode(),
        f"{TEXT}\n—  {PETER.split()[2]}\n".encode(),
        f"{TEXT}\n— PeterNeumann\n".encode(),
        f"{TEXT}\n— PeterNeumann x08goA==\n{PETER}".encode(),
        f"{TEXT}\n— PeterNeumann x08g\n{PETER}".encode(),
        f"{TEXT}\n— PeterNeumann %%%%\n{PETER}".encode(),
        f"{TEXT}\n{PETER.replace('nAM=', 'nAN=')}".encode(),
        f"{TEXT}\n{PETER[:60]}ABCD{PETER[60:]}".encode(),
        f"{TEXT}\n{PETER}{PETER[:60]}ABCD{PETER[60:]}".encode(),
        f"{TEXT}\n{PETER * 101}".encode(),
        f"x{TEXT}\n{PETER}".encode(),
        f"{TEXT}{'x' * 1_000_000}\n\n{PETER}".encode(),
    ],
)
def test_what_is_no_note_or_not_this_one_is_refused(message: bytes) -> None:
    assert isinstance(open_note(message, KNOWN), Broken)


@given(st.binary(max_size=40), st.integers(0, len(MESSAGE)), st.integers(0, 40))
def test_whatever_bytes_come_nothing_else_opens(noise: bytes, at: int, cut: int) -> None:
    message = MESSAGE[:at] + noise + MESSAGE[at + cut :]
    opened = open_note(message, KNOWN)
    assert isinstance(opened, Broken) or opened.text == TEXT


def test_only_whole_keys_are_keys() -> None:
    for start in range(len(VKEY)):
        for end in range(start, len(VKEY)):
            with pytest.raises(BadKey):
                Verifier.parse(VKEY[start:end])
    for at in range(len(VKEY)):
        with pytest.raises(BadKey):
            Verifier.parse(VKEY[:at] + chr(ord(VKEY[at]) + 1) + VKEY[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        VKEY.replace("c74f20a3", "C74F20A3"),
    ],
)
def test_keys_of_a_wrong_length_type_or_hash_are_refused(text: str) -> None:
    with pytest.raises(BadKey):
        Verifier.parse(text)


@pytest.mark.parametrize("text", [VKEY, SKEY[1:], SKEY.replace("c74f20a3", "c74f20a4"), SKEY[:-4]])
def test_what_is_no_private_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(BadKey) as caught:
        Signer.parse(text)
    assert text[-12:] not in str(caught.value)


def test_a_new_key_signs_and_has_a_sound_name() -> None:
    signer = Signer.generate("example.com/log")
    assert Signer.parse(signer.secret()) == signer
    assert open_note(note.sign("text\n", signer), [Verifier.parse(str(signer.verifier))])
    with pytest.raises(BadKey):
        Signer.generate("a name")


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\r\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        note.sign(text, Signer.parse(SKEY))


def test_a_cosignature_is_over_the_time_too() -> None:
    line = WITNESS.sign(TEXT, 1_679_315_147).line()
    known = [WITNESS.verifier]
    opened = open_note(f"{TEXT}\n{line}".encode(), known)
    assert isinstance(opened, Note)
    assert opened.signatures[0].time == 1_679_315_147
    data = bytearray(base64.b64decode(line.split()[2]))
    assert len(data) == 4 + 8 + 64
    data[11] ^= 1  # one second
    later = line.replace(line.split()[2], base64.b64encode(data).decode())
    assert open_note(f"{TEXT}\n{later}".encode(), known) == Broken("the signature of example.com/witness does not hold")


def test_a_cosignature_is_what_the_specification_has_it_sign() -> None:
    plain = Signer(WITNESS.name, b"\x05" * 32)
    signed = plain.sign(f"cosignature/v1\ntime 1679315147\n{TEXT}").value
    assert WITNESS.sign(TEXT, 1_679_315_147).value == (1_679_315_147).to_bytes(8) + signed
    assert WITNESS.verifier.key_id != plain.verifier.key_id


def test_a_cosignature_out_of_time_or_too_short_is_refused() -> None:
    signed = Signer(WITNESS.name, b"\x05" * 32).sign(f"cosignature/v1\ntime {2**63}\n{TEXT}").value
    for value in ((2**63).to_bytes(8) + signed, b"\x00" * 3):
        line = note.Signature(WITNESS.name, WITNESS.verifier.key_id, value).line()
        assert isinstance(open_note(f"{TEXT}\n{line}".encode(), [WITNESS.verifier]), Broken)


def test_only_a_cosignature_has_a_time() -> None:
    with pytest.raises(ValueError, match="time"):
        WITNESS.sign(TEXT)
    with pytest.raises(ValueError, match="time"):
        Signer.parse(SKEY).sign(TEXT, 1)
