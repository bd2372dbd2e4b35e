"""Signed notes (https://c2sp.org/signed-note) with Ed25519, and timestamped cosignatures of them
(https://c2sp.org/tlog-cosignature, `cosignature/v1`). What the text of a note says is not known here."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trail.errors import TrailError
from trail.integrity.verdict import Broken

MAX_NOTE = 1_000_000  # bytes
MAX_SIGNATURES = 100
_DASH = "\N{EM DASH} "
_SECRET = "PRIVATE+KEY+"  # noqa: S105 — the published prefix, not a secret
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_TIMESTAMP = 8  # bytes before the signature proper in a cosignature


class BadKey(TrailError):
    """A text is not the key it should be."""


class Algorithm(IntEnum):
    """The signature types of signed-note that are known here."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose, and the bytes behind the key's id. `time` in seconds, of a verified cosignature."""

    name: str
    key_id: bytes
    value: bytes
    time: int | None = None

    def line(self) -> str:
        return f"{_DASH}{self.name} {encode(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, with its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def message(self) -> bytes:
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode()


@dataclass(frozen=True, slots=True)
class Verifier:
    """Whose signatures are believed: a name, a signature type, and 32 bytes of public key."""

    name: str
    key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """From `name+hash+base64`, a vkey. Raises BadKey."""
        name, key_id, algorithm, key = _parse_key(text)
        verifier = cls(name, key, algorithm)
        if verifier.key_id.hex() != key_id:
            raise BadKey("The key does not belong to its hash.")
        return verifier

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode(bytes([self.algorithm]) + self.key)}"

    def knows(self, signature: Signature) -> bool:
        return (self.name, self.key_id) == (signature.name, signature.key_id)

    def verify(self, text: str, signature: Signature) -> Signature | Broken:
        """The signature, with its time if it has one, where it holds for the text."""
        value, time = signature.value, None
        if self.algorithm is Algorithm.COSIGNATURE:
            time, value = int.from_bytes(value[:_TIMESTAMP]), value[_TIMESTAMP:]
            if time >= 2**63:
                return Broken(f"the time of {self.name}'s signature is out of range")
            text = _timed(text, time)
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(value, text.encode())
        except InvalidSignature:
            return Broken(f"the signature of {self.name} does not hold")
        return Signature(signature.name, signature.key_id, signature.value, time)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a name, a signature type, and 32 bytes of Ed25519 seed, which never appear in a repr."""

    name: str
    _seed: bytes
    algorithm: Algorithm = Algorithm.ED25519

    def __repr__(self) -> str:
        return f"Signer({self.name!r}, {self.algorithm.name})"

    @classmethod
    def generate(cls, name: str, algorithm: Algorithm = Algorithm.ED25519) -> "Signer":
        """A new key. Raises BadKey for a name that cannot stand in a note."""
        _check_name(name)
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw(), algorithm)

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """From `PRIVATE+KEY+name+hash+base64`, a skey. Raises BadKey."""
        if not text.startswith(_SECRET):
            raise BadKey("This is no private key.")
        name, key_id, algorithm, seed = _parse_key(text.removeprefix(_SECRET))
        signer = cls(name, seed, algorithm)
        if signer.verifier.key_id.hex() != key_id:
            raise BadKey("The key does not belong to its hash.")
        return signer

    def secret(self) -> str:
        """The skey, for the file that keeps it."""
        key_id = self.verifier.key_id.hex()
        return f"{_SECRET}{self.name}+{key_id}+{encode(bytes([self.algorithm]) + self._seed)}"

    @property
    def verifier(self) -> Verifier:
        public = Ed25519PrivateKey.from_private_bytes(self._seed).public_key()
        return Verifier(self.name, public.public_bytes_raw(), self.algorithm)

    def sign(self, text: str, time: int | None = None) -> Signature:
        """A signature of a text; a cosignature says when, in seconds since 1970. Raises ValueError for the wrong mix."""
        if (time is not None) != (self.algorithm is Algorithm.COSIGNATURE):
            raise ValueError("a cosignature has a time, another signature none")
        signed = text if time is None else _timed(text, time)
        value = Ed25519PrivateKey.from_private_bytes(self._seed).sign(signed.encode())
        before = b"" if time is None else time.to_bytes(_TIMESTAMP)
        return Signature(self.name, self.verifier.key_id, before + value, time)


def sign(text: str, *signers: Signer) -> bytes:
    """A signed note. Raises ValueError for a text that a note cannot hold."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("the text of a note ends in a newline and has no other control characters")
    return Note(text, tuple(signer.sign(text) for signer in signers)).message()


def parse(message: bytes) -> Note | Broken:
    """A note as it stands, nothing verified."""
    if len(message) > MAX_NOTE:
        return Broken("the note is too long")
    try:
        whole = message.decode()
    except UnicodeDecodeError:
        return Broken("the note is not UTF-8")
    if _CONTROL.search(whole):
        return Broken("the note has control characters")
    text, separator, rest = whole.rpartition("\n\n")
    lines = rest.split("\n")
    if not separator or lines.pop() != "" or not lines:
        return Broken("the note has no signatures")
    if len(lines) > MAX_SIGNATURES:
        return Broken("the note has too many signatures")
    signatures = []
    for line in lines:
        if (signature := _parse_signature(line)) is None:
            return Broken("a signature line is malformed")
        signatures.append(signature)
    return Note(text + "\n", tuple(signatures))


def open_note(message: bytes, verifiers: Iterable[Verifier]) -> Note | Broken:
    """A note with those of its signatures that are from somebody known, where each of these holds and there is one.

    Signatures of unknown keys are ignored, as signed-note has it.
    """
    note = parse(message)
    if isinstance(note, Broken):
        return note
    verified: list[Signature] = []
    for verifier in dict.fromkeys(verifiers):
        for signature in filter(verifier.knows, note.signatures):
            result = verifier.verify(note.text, signature)
            if isinstance(result, Broken):
                return result
            verified.append(result)
    return Note(note.text, tuple(verified)) if verified else Broken("the note has no signature of a known key")


def encode(data: bytes) -> str:
    """Base64 as all these formats have it: RFC 4648 §4, padded."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes | None:
    """The bytes of such a text, or None where it is not exactly what `encode` writes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if encode(data) == text else None


def _timed(text: str, time: int) -> str:
    return f"cosignature/v1\ntime {time}\n{text}"


def _parse_signature(line: str) -> Signature | None:
    name, _, value = line.removeprefix(_DASH).partition(" ")
    data = decode(value)
    if not line.startswith(_DASH) or not _is_name(name) or data is None or len(data) <= 4:
        return None
    return Signature(name, data[:4], data[4:])


def _parse_key(text: str) -> tuple[str, str, Algorithm, bytes]:
    """Name, hash, signature type and 32 bytes of key, the hash not compared."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    _check_name(name)
    data = decode(encoded)
    if data is None or len(data) != 33 or data[0] not in list(Algorithm):
        raise BadKey("A key is name+hash+base64 of a known type and 32 bytes.")
    return name, key_id, Algorithm(data[0]), data[1:]


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise BadKey("A key's name is text without spaces and plus signs.")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)
