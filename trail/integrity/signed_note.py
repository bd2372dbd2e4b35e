"""Signs, reads and verifies signed notes with Ed25519, and timestamped cosignatures of them with Ed25519 and ML-DSA-44.

Formats: https://c2sp.org/signed-note and https://c2sp.org/tlog-cosignature (`cosignature/v1`, `subtree/v1`). The text of a note
is read for ML-DSA-44 alone, which signs what a checkpoint says and not its lines.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from trail.errors import TrailError
from trail.integrity import ed25519_points
from trail.integrity.verdict import Broken

MAX_NOTE = 1_000_000  # bytes
MAX_SIGNATURES = 100
_DASH = "\N{EM DASH} "
_SECRET = "PRIVATE+KEY+"  # noqa: S105 — the published prefix, not a secret
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_CHECKPOINT = re.compile(r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[^\n]+)\n")
_TIMESTAMP = 8  # bytes before the signature proper in a cosignature
_SEED = 32  # bytes of a private key of either algorithm
_LONGEST_NAME = 255  # bytes that ML-DSA-44 signs of a name


class BadKey(TrailError):
    """A text is not the key it should be."""


class Algorithm(IntEnum):
    """The signature types of signed-note that are known here."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    ML_DSA_44 = 0x06

    @property
    def is_timed(self) -> bool:
        """Whether its signatures are cosignatures, which say when they were made."""
        return self is not Algorithm.ED25519

    @property
    def title(self) -> str:
        """As people call it."""
        return "ML-DSA-44" if self is Algorithm.ML_DSA_44 else "Ed25519"

    @property
    def key_bytes(self) -> int:
        """How long a public key is."""
        return 1_312 if self is Algorithm.ML_DSA_44 else 32


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose, and the bytes behind the key's id. `time` in seconds, of a verified cosignature."""

    name: str
    key_id: bytes
    value: bytes
    time: int | None = None

    def line(self) -> str:
        """The signature line: a dash, the key's name, and base64 of the key id and the value."""
        return f"{_DASH}{self.name} {encode(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text, ending in a newline, with its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def message(self) -> bytes:
        """The note as bytes: its text, an empty line, and the signature lines."""
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode()


@dataclass(frozen=True, slots=True)
class Verifier:
    """Whose signatures are believed: a name, a signature type, and the bytes of the public key."""

    name: str
    key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """From `name+hash+base64`, a vkey. Raises BadKey."""
        name, key_id, algorithm, key = _parse_key(text)
        if len(key) != algorithm.key_bytes:
            raise BadKey(f"A public key of this type has {algorithm.key_bytes:,} bytes.")
        if algorithm is not Algorithm.ML_DSA_44 and not ed25519_points.is_sound(key):
            raise BadKey("This is a point for which anybody can sign, or it is not written as RFC 8032 has it.")
        verifier = cls(name, key, algorithm)
        if verifier.key_id.hex() != key_id:
            raise BadKey("The key does not belong to its hash.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature line names the key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode(bytes([self.algorithm]) + self.key)}"

    @property
    def fingerprint(self) -> str:
        """By which people compare it: the SHA-256 of the whole `name+hash+base64` in hexadecimal, in groups of four digits."""
        digest = sha256(str(self).encode()).hexdigest()
        return " ".join(digest[place : place + 4] for place in range(0, len(digest), 4))

    def knows(self, signature: Signature) -> bool:
        """Whether a signature names this key."""
        return (self.name, self.key_id) == (signature.name, signature.key_id)

    def verify(self, text: str, signature: Signature) -> Signature | Broken:
        """The signature, with its time if it has one, where it holds for the text."""
        value, time = signature.value, None
        if self.algorithm.is_timed:
            time, value = int.from_bytes(value[:_TIMESTAMP]), value[_TIMESTAMP:]
            if time >= 2**63:
                return Broken(f"the time of {self.name}'s signature is out of range")
        is_ml_dsa = self.algorithm is Algorithm.ML_DSA_44
        public = MLDSA44PublicKey if is_ml_dsa else Ed25519PublicKey
        if not is_ml_dsa and not ed25519_points.is_sound(value[:32]):  # which verifiers disagree about
            return Broken(f"the signature of {self.name} does not hold")
        try:
            public.from_public_bytes(self.key).verify(value, _signed_bytes(self, text, time))
        except (InvalidSignature, ValueError):
            return Broken(f"the signature of {self.name} does not hold")
        return Signature(signature.name, signature.key_id, signature.value, time)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: a name, a signature type, and 32 bytes of seed, which never appear in a repr."""

    name: str
    _seed: bytes
    algorithm: Algorithm = Algorithm.ED25519

    def __repr__(self) -> str:
        return f"Signer({self.name!r}, {self.algorithm.name})"

    @classmethod
    def generate(cls, name: str, algorithm: Algorithm = Algorithm.ED25519) -> "Signer":
        """A new key. Raises BadKey for a name that cannot stand in a note."""
        _check_name(name)
        if algorithm is Algorithm.ML_DSA_44 and len(name.encode()) > _LONGEST_NAME:
            raise BadKey(f"The name of a key for ML-DSA-44 has at most {_LONGEST_NAME} bytes.")
        private = MLDSA44PrivateKey if algorithm is Algorithm.ML_DSA_44 else Ed25519PrivateKey
        return cls(name, private.generate().private_bytes_raw(), algorithm)

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """From `PRIVATE+KEY+name+hash+base64`, a skey. Raises BadKey."""
        if not text.startswith(_SECRET):
            raise BadKey("This is no private key.")
        name, key_id, algorithm, seed = _parse_key(text.removeprefix(_SECRET))
        if len(seed) != _SEED:
            raise BadKey(f"A private key has {_SEED} bytes.")
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
        """The public half of the key."""
        return Verifier(self.name, self._private().public_key().public_bytes_raw(), self.algorithm)

    def sign(self, text: str, time: int | None = None) -> Signature:
        """A signature of a text; a cosignature says when, in seconds since 1970.

        Raises ValueError for the wrong mix, and for ML-DSA-44 where the text is no checkpoint.
        """
        if (time is not None) != self.algorithm.is_timed:
            raise ValueError("a cosignature has a time, another signature none")
        verifier = self.verifier
        value = self._private().sign(_signed_bytes(verifier, text, time))
        before = b"" if time is None else time.to_bytes(_TIMESTAMP)
        return Signature(self.name, verifier.key_id, before + value, time)

    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.algorithm is Algorithm.ML_DSA_44:
            return MLDSA44PrivateKey.from_seed_bytes(self._seed)
        return Ed25519PrivateKey.from_private_bytes(self._seed)


def sign(text: str, *signers: Signer) -> bytes:
    """A signed note. Raises ValueError for a text that a note cannot hold."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("the text of a note ends in a newline and has no other control characters")
    return SignedNote(text, tuple(signer.sign(text) for signer in signers)).message()


def parse(message: bytes) -> SignedNote | Broken:
    """A note as it stands, nothing verified."""
    if len(message) > MAX_NOTE:
        return Broken("the note is too long")
    try:
        whole = message.decode()
    except UnicodeDecodeError:
        return Broken("the note is not UTF-8")
    if _CONTROL.search(whole):
        return Broken("the note has control characters")
    text, separator, signature_lines = whole.rpartition("\n\n")
    lines = signature_lines.split("\n")
    if not separator or lines.pop() != "" or not lines:
        return Broken("the note has no signatures")
    if len(lines) > MAX_SIGNATURES:
        return Broken("the note has too many signatures")
    signatures = []
    for line in lines:
        if (signature := _parse_signature(line)) is None:
            return Broken("a signature line is malformed")
        signatures.append(signature)
    return SignedNote(text + "\n", tuple(signatures))


def open_note(message: bytes, verifiers: Iterable[Verifier]) -> SignedNote | Broken:
    """A note with those of its signatures that these keys made; Broken unless there is one and each of them holds.

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
    return SignedNote(note.text, tuple(verified)) if verified else Broken("the note has no signature of a known key")


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


def _signed_bytes(key: Verifier, text: str, time: int | None) -> bytes:
    """What a key signs of a text. Raises ValueError for ML-DSA-44 where the text is no checkpoint."""
    if time is None:
        return text.encode()
    if key.algorithm is Algorithm.COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    return _encode_cosigned_message(key.name, text, time)


def _encode_cosigned_message(name: str, text: str, time: int) -> bytes:
    """The structure `cosigned_message` of tlog-cosignature for a whole tree.

    Raises ValueError for anything but the three lines of a checkpoint: what it says beyond them would not be signed.
    """
    lines = _CHECKPOINT.fullmatch(text)
    digest = decode(lines["root"]) if lines else None
    if lines is None or digest is None or len(digest) != 32 or int(lines["size"]) >= 2**63:
        raise ValueError("ML-DSA-44 signs a checkpoint without extension lines")
    names = [name.encode(), lines["origin"].encode()]
    if max(map(len, names)) > _LONGEST_NAME:
        raise ValueError(f"ML-DSA-44 signs names of at most {_LONGEST_NAME} bytes")
    cosigner, origin = (len(name).to_bytes() + name for name in names)
    at, start, end = (number.to_bytes(8) for number in (time, 0, int(lines["size"])))
    return b"subtree/v1\n\0" + cosigner + at + origin + start + end + digest


def _parse_signature(line: str) -> Signature | None:
    name, _, value = line.removeprefix(_DASH).partition(" ")
    data = decode(value)
    if not line.startswith(_DASH) or not _is_name(name) or data is None or len(data) <= 4:
        return None
    return Signature(name, data[:4], data[4:])


def _parse_key(text: str) -> tuple[str, str, Algorithm, bytes]:
    """Name, hash, signature type and the bytes of the key, neither the hash nor their number looked at."""
    name, _, key = text.partition("+")
    key_id, _, encoded = key.partition("+")
    _check_name(name)
    data = decode(encoded)
    if not data or data[0] not in list(Algorithm):
        raise BadKey("A key is name+hash+base64 of a known type and the key's bytes.")
    return name, key_id, Algorithm(data[0]), data[1:]


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise BadKey("A key's name is text without spaces and plus signs.")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)
