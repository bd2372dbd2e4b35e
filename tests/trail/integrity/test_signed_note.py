"""Signed notes are those of the specification and of Go's reference package, and what is none is refused."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tests.support import bundle_vector_cases
from trail.integrity import signed_note
from trail.integrity.signed_note import Algorithm, BadKey, SignedNote, Signer, Verifier, open_note
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
ML_DSA_EXAMPLE = Path(__file__).parents[2] / "data" / "ml_dsa"


def test_the_reference_key_makes_the_reference_signature() -> None:
    signer = Signer.parse(SKEY)
    assert signed_note.sign(TEXT, signer) == MESSAGE
    assert signer.secret() == SKEY
    assert str(signer.verifier) == VKEY
    assert SKEY[-20:] not in repr(signer)


def test_the_reference_note_opens() -> None:
    opened = open_note(MESSAGE, KNOWN)
    assert isinstance(opened, SignedNote)
    assert opened.text == TEXT
    assert [signature.name for signature in opened.signatures] == ["PeterNeumann"]
    assert opened.message() == MESSAGE


def test_the_specifications_own_example_opens() -> None:
    verifier = Verifier.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    message = (
        "This is an example message.\n\n— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert isinstance(open_note(message.encode(), [verifier]), SignedNote)


def test_a_second_signer_is_added_as_the_reference_does() -> None:
    enoch = Signer("EnochRoot", b"\x00" * 32)
    assert signed_note.sign(TEXT, Signer.parse(SKEY), enoch) == f"{TEXT}\n{PETER}{ENOCH}".encode()


def test_signatures_of_unknown_keys_are_ignored_though_name_or_hash_be_known() -> None:
    renamed = PETER.replace("PeterNeumann", "CarmenSandiego")
    rehashed = PETER.replace("x08g", "xxxx")
    opened = open_note(f"{TEXT}\n{renamed}{ENOCH}{rehashed}{PETER}".encode(), KNOWN)
    assert isinstance(opened, SignedNote)
    assert len(opened.signatures) == 1
    assert open_note(f"{TEXT}\n{renamed}{ENOCH}{rehashed}".encode(), KNOWN) == Broken(
        "the note has no signature of a known key"
    )


def test_the_text_may_have_empty_lines_and_ends_at_the_last() -> None:
    signer = Signer.parse(SKEY)
    for text in ("a\n\n\nb\n", "\n", "\n\n", "\u2028\u0085\n"):
        opened = open_note(signed_note.sign(text, signer), KNOWN)
        assert isinstance(opened, SignedNote)
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
    assert open_note(signed_note.sign("text\n", signer), [Verifier.parse(str(signer.verifier))])
    with pytest.raises(BadKey):
        Signer.generate("a name")


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\r\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        signed_note.sign(text, Signer.parse(SKEY))


def test_a_cosignature_is_over_the_time_too() -> None:
    line = WITNESS.sign(TEXT, 1_679_315_147).line()
    known = [WITNESS.verifier]
    opened = open_note(f"{TEXT}\n{line}".encode(), known)
    assert isinstance(opened, SignedNote)
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
        line = signed_note.Signature(WITNESS.name, WITNESS.verifier.key_id, value).line()
        assert isinstance(open_note(f"{TEXT}\n{line}".encode(), [WITNESS.verifier]), Broken)


def test_only_a_cosignature_has_a_time() -> None:
    with pytest.raises(ValueError, match="time"):
        WITNESS.sign(TEXT)
    with pytest.raises(ValueError, match="time"):
        Signer.parse(SKEY).sign(TEXT, 1)


CHECKPOINT = "example.com/mldsa-log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
QUANTUM_SAFE = Signer("example.com/witness", b"\x06" * 32, Algorithm.ML_DSA_44)


def test_a_checkpoint_of_another_program_signed_with_ml_dsa_opens() -> None:
    """litewitness's own example (filippo.io/torchwood v0.10.0, cmd/litewitness/testdata/mldsa.txt)."""
    note, vkey = (ML_DSA_EXAMPLE / "checkpoint").read_bytes(), (ML_DSA_EXAMPLE / "vkey").read_text().strip()
    key = Verifier.parse(vkey)
    assert (key.algorithm, str(key)) == (Algorithm.ML_DSA_44, vkey)
    opened = open_note(note, [key])
    assert isinstance(opened, SignedNote)
    assert opened.message() == note
    assert open_note(note.replace(b"mldsa-log\n1\n", b"mldsa-log\n2\n"), [key]) == Broken(
        "the signature of example.com/mldsa-log does not hold"
    )


def test_ml_dsa_signs_size_root_origin_time_and_its_own_name() -> None:
    signature = QUANTUM_SAFE.sign(CHECKPOINT, 1_700_000_000)
    key = Verifier.parse(str(QUANTUM_SAFE.verifier))
    assert Signer.parse(QUANTUM_SAFE.secret()) == QUANTUM_SAFE
    note = SignedNote(CHECKPOINT, (signature,))
    opened = open_note(note.message(), [key])
    assert isinstance(opened, SignedNote)
    assert [one.time for one in opened.signatures] == [1_700_000_000]
    for altered in (
        CHECKPOINT.replace("\n7\n", "\n8\n"),
        CHECKPOINT.replace("mldsa-log", "other-log"),
        CHECKPOINT.replace("CsUY", "DsUY"),
        CHECKPOINT + "an extension line\n",
        CHECKPOINT.replace("\n7\n", "\n07\n"),
        CHECKPOINT.replace("\n7\n", "\n\N{ARABIC-INDIC DIGIT SEVEN}\n"),
    ):
        assert isinstance(open_note(SignedNote(altered, (signature,)).message(), [key]), Broken)
    later = signed_note.Signature(signature.name, signature.key_id, b"\0" * 7 + b"\1" + signature.value[8:])
    assert isinstance(key.verify(CHECKPOINT, later), Broken)
    renamed = Verifier("example.com/other", key.key, key.algorithm)
    assert isinstance(
        renamed.verify(CHECKPOINT, signed_note.Signature(renamed.name, renamed.key_id, signature.value)), Broken
    )


@pytest.mark.parametrize("text", ["no checkpoint\n", f"{'x' * 256}\n7\n{'A' * 43}=\n", f"log\n{2**63}\n{'A' * 43}=\n"])
def test_ml_dsa_signs_nothing_but_checkpoints(text: str) -> None:
    with pytest.raises(ValueError, match="ML-DSA-44 signs"):
        QUANTUM_SAFE.sign(text, 1)


def test_a_key_has_the_length_of_its_type() -> None:
    ed25519, ml_dsa = str(KNOWN[0]), str(QUANTUM_SAFE.verifier)
    for key in (Verifier("x", QUANTUM_SAFE.verifier.key), Verifier("x", KNOWN[0].key, Algorithm.ML_DSA_44)):
        with pytest.raises(BadKey, match="public key of this type has"):
            Verifier.parse(str(key))
    assert Verifier.parse(ed25519) != Verifier.parse(ml_dsa)
    with pytest.raises(BadKey, match="A private key has 32 bytes"):
        Signer.parse("PRIVATE+KEY+x+00000000+" + signed_note.encode(bytes([Algorithm.ML_DSA_44]) + b"\x01" * 33))


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.COSIGNATURE])
@pytest.mark.parametrize("point", bundle_vector_cases.SMALL_ORDER, ids=bytes.hex)
def test_a_point_for_which_anybody_can_sign_is_no_key(algorithm: Algorithm, point: bytes) -> None:
    with pytest.raises(BadKey, match="anybody can sign"):
        Verifier.parse(str(Verifier("example.com/anybody", point, algorithm)))


def test_a_signature_that_only_some_verifiers_accept_is_refused_by_all() -> None:
    """A witness could make one, and by it every bundle be refused that it stands in."""
    text = "example.com/trail\n1\n" + "A" * 43 + "=\n"
    value = bundle_vector_cases.sign_with_identity(text)
    log = bundle_vector_cases.LOG.verifier
    assert isinstance(log.verify(text, signed_note.Signature(log.name, log.key_id, value)), Broken)
    Ed25519PublicKey.from_public_bytes(log.key).verify(value, text.encode())  # as the library alone would have it
