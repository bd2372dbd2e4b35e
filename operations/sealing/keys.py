"""The log's keys: who signs its checkpoints now, who comes next, and whose signature counts at which size.

A key is a pair under the log's name: an Ed25519 key, which every reader of signed notes knows, and one that makes timestamped
cosignatures (`cosignature/v1`), so that a checkpoint of the same size says that nothing came until then.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from operations.models import SealKey
from operations.sealing.errors import LogDamaged
from trail import disk
from trail.integrity import checkpoint, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.note import Algorithm, Note, Signer, Verifier
from trail.integrity.verdict import Broken


@dataclass(frozen=True, slots=True)
class Key:
    """What the log signs with."""

    signer: Signer
    cosigner: Signer

    @classmethod
    def generate(cls, origin: str) -> "Key":
        return cls(Signer.generate(origin), Signer.generate(origin, Algorithm.COSIGNATURE))

    @classmethod
    def read(cls, path: Path) -> "Key":
        """From a file of two lines. Raises LogDamaged."""
        try:
            signer, cosigner = map(Signer.parse, path.read_text().split())
        except (OSError, ValueError, note.BadKey) as error:
            raise LogDamaged(f"{path} does not hold the two keys of the log: {error}") from error
        return cls(signer, cosigner)

    def write(self, path: Path) -> None:
        """Durably, readable by us alone (as every file that `disk` makes)."""
        disk.replace(path, f"{self.signer.secret()}\n{self.cosigner.secret()}\n".encode())

    @property
    def origin(self) -> str:
        return self.signer.name

    @property
    def verifiers(self) -> tuple[Verifier, Verifier]:
        return self.signer.verifier, self.cosigner.verifier


@dataclass(frozen=True, slots=True)
class Rotation:
    """A key that waits until the event that announces it, dated `at`, is sealed under the one before."""

    event_id: str
    at: datetime
    key: Key


class Keys:
    """The keys in a log's folder: `key` (or TRAIL_KEY), `key.next` and `key.event` while one waits, `keys` of all."""

    def __init__(self, folder: Path) -> None:
        self._path = Path(settings.TRAIL_KEY) if settings.TRAIL_KEY else folder / "key"
        self._next, self._event, self._known = folder / "key.next", folder / "key.event", folder / "keys"

    def current(self) -> Key:
        """Raises LogDamaged, where it is another log's too."""
        key = Key.read(self._path)
        if settings.TRAIL_ORIGIN and key.origin != settings.TRAIL_ORIGIN:
            raise LogDamaged(f"{self._path} is a key of {key.origin}, and TRAIL_ORIGIN is {settings.TRAIL_ORIGIN}.")
        return key

    def ensure(self, *, new: bool) -> Key:
        """The key, made at the first start. Raises LogDamaged where the log is not `new` and its key is gone."""
        if not self._path.exists():
            if not new:
                raise LogDamaged(
                    f"The log's key {self._path} is gone; put it back, for another cannot go on with the log."
                )
            Key.generate(settings.TRAIL_ORIGIN or f"audit-trail/{secrets.token_hex(8)}").write(self._path)
        key = self.current()
        if not SealKey.objects.exists():
            self.publish(key, 0)
        return key

    def publish(self, key: Key, size: int) -> None:
        """Keep a public key for ever, in a row and in the folder. The same again is no harm."""
        for verifier in key.verifiers:
            SealKey.objects.get_or_create(vkey=str(verifier), defaults={"first_size": size})
        lines = (f"{one.first_size} {one.vkey}\n" for one in SealKey.objects.all())
        disk.replace(self._known, "".join(lines).encode())

    def announce(self, rotation: Rotation) -> None:
        """Let a key wait. Its event is written afterwards, so that the event never comes before the key."""
        rotation.key.write(self._next)
        disk.replace(self._event, json.dumps([rotation.event_id, rotation.at.isoformat()]).encode())

    def waiting(self) -> Rotation | None:
        if not self._event.exists() or not self._next.exists():
            return None
        event_id, at = json.loads(self._event.read_bytes())
        return Rotation(event_id, datetime.fromisoformat(at), Key.read(self._next))

    def rotate(self, rotation: Rotation) -> None:
        """From now on the new key signs. May be repeated after a crash."""
        rotation.key.write(self._path)
        self.withdraw()

    def withdraw(self) -> None:
        """No key waits any more."""
        self._event.unlink(missing_ok=True)
        self._next.unlink(missing_ok=True)
        disk.sync_folder(self._event.parent)


def sign(what: Checkpoint, keys: Sequence[Key], at: int) -> bytes:
    """A checkpoint as a note, signed and dated by each key; `at` in seconds since 1970."""
    text = what.text()
    signatures = [one for key in keys for one in (key.signer.sign(text), key.cosigner.sign(text, at))]
    return Note(text, tuple(signatures)).message()


def verifiers() -> list[Verifier]:
    """Every key the log ever had, the oldest first."""
    return [Verifier.parse(vkey) for vkey in SealKey.objects.values_list("vkey", flat=True)]


def opened(message: bytes) -> Checkpoint | Broken:
    """The checkpoint in a note, if a key of ours signed it that signed at that size."""
    read = note.parse(message)
    unverified = checkpoint.parse(read.text) if isinstance(read, Note) else read
    if isinstance(unverified, Broken):
        return unverified
    known = list(SealKey.objects.values_list("first_size", "vkey"))
    starts = sorted({first for first, _ in known})
    following = dict(zip(starts, [*starts[1:], 2**63], strict=True))
    valid = [Verifier.parse(vkey) for first, vkey in known if first <= unverified.size <= following[first]]
    return checkpoint.verify(message, valid[0].name if valid else "", valid)


def signed_at(message: bytes) -> int | None:
    """When the log says it signed, in seconds since 1970."""
    return max(checkpoint.cosigned(message, verifiers()).values(), default=None)
