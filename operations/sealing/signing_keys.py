"""Keeps the log's public keys: which one signs its checkpoints now, which comes next, and whose signature counts at which size.

The key in `key` (or TRAIL_KEY) is the one that is believed. It signs the list of all keys, `keys`; nothing else says whose
signature counts, no row of the database least of all.
"""

import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from operations.models import SealKey
from operations.sealing.errors import KeyUnusable, LogDamaged
from operations.sealing.secret_key import Key
from trail import files
from trail.integrity import checkpoint, signed_note
from trail.integrity.bundle import KeySpan
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import Algorithm, SignedNote, Verifier
from trail.integrity.verdict import Broken

PublicKey = tuple[Verifier, ...]  # of one key: of its signature, then of its cosignatures
UNNAMED = "audit-trail/"  # begins the name of a log whose console knew no address at the first seal
_FORMAT = "audit-trail-keys/v1"
_LINE = re.compile(r"(0|[1-9][0-9]{0,18}) (\S+)")


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """Every key the log ever had, with the size from which it signs, the oldest first."""

    keys: tuple[tuple[int, PublicKey], ...]

    @classmethod
    def parse(cls, text: str) -> "KeyHistory | Broken":
        """From what `text` writes."""
        _, origin, *lines = text.removesuffix("\n").split("\n") if text.count("\n") > 1 else ("", "")
        history = cls.parse_lines(origin, lines)
        return history if isinstance(history, Broken) or history.text() == text else Broken("it is not well formed")

    @classmethod
    def parse_lines(cls, origin: str, lines: Sequence[str]) -> "KeyHistory | Broken":
        """From the lines of the keys, which are those of one log."""
        matches = list(map(_LINE.fullmatch, lines))
        pairs = [(int(match[1]), match[2]) for match in matches if match]
        if not pairs or len(pairs) < len(matches):
            return Broken("a line of it is not a size and a key")
        try:
            keys = tuple(
                (first, tuple(Verifier.parse(vkey) for _, vkey in group))
                for first, group in groupby(pairs, key=lambda pair: pair[0])
            )
        except signed_note.BadKey as error:
            return Broken(f"a key in it cannot be read: {error}")
        history = cls(keys)
        if history.origin != origin or not history._is_sound():
            return Broken("sizes do not ascend from 0, or a key is of another log or cannot sign a checkpoint")
        return history

    def text(self) -> str:
        """The format's name, the log's name, and a line for each key: the size from which it signs, and the key."""
        return f"{_FORMAT}\n{self.origin}\n{self.lines()}"

    def lines(self) -> str:
        """The lines of the keys alone."""
        return "".join(f"{first} {verifier}\n" for first, key in self.keys for verifier in key)

    @property
    def origin(self) -> str:
        return self.keys[-1][1][0].name

    @property
    def spans(self) -> list[KeySpan]:
        """Each key with the sizes for which it counts; two count for the size at which one follows the other."""
        ends = [*(first for first, _ in self.keys[1:]), None]
        return [
            KeySpan(verifier, first, last)
            for (first, key), last in zip(self.keys, ends, strict=True)
            for verifier in key
        ]

    @property
    def verifiers(self) -> list[Verifier]:
        return [span.key for span in self.spans]

    def list_at(self, size: int) -> list[Verifier]:
        """The keys that sign checkpoints of a size."""
        return [span.key for span in self.spans if span.first <= size and (span.last is None or size <= span.last)]

    def extend(self, key: PublicKey, size: int) -> "KeyHistory":
        """With a key that signs from a size on. The same again is no harm."""
        return self if key == self.keys[-1][1] else KeyHistory((*self.keys, (size, key)))

    def open_checkpoint(self, message: bytes) -> Checkpoint | Broken:
        """The checkpoint in a note, if a key signed it that signs at that size."""
        unverified = checkpoint.parse_note(message)
        if isinstance(unverified, Broken):
            return unverified
        return checkpoint.verify(message, self.origin, self.list_at(unverified.size))

    def _is_sound(self) -> bool:
        """Sizes ascend from 0, and each key can sign a note, all under one name."""
        starts = [first for first, _ in self.keys]
        return (
            starts[0] == 0
            and starts == sorted(set(starts))
            and {verifier.name for verifier in self.verifiers} == {self.origin}
            and all(key[0].algorithm is Algorithm.ED25519 for _, key in self.keys)
        )


@dataclass(frozen=True, slots=True)
class Rotation:
    """A key that waits until the event that announces it, dated `at`, is sealed under the one before."""

    event_id: str
    at: datetime
    verifiers: PublicKey


class Keys:
    """The keys in a log's folder: `key` (or TRAIL_KEY), `key.next` and `key.event` while one waits, `keys` of all."""

    def __init__(self, folder: Path) -> None:
        self.path = Path(settings.TRAIL_KEY) if settings.TRAIL_KEY else folder / "key"
        self.next_path = folder / "key.next"
        self._event, self._known = folder / "key.event", folder / "keys"

    def current(self) -> PublicKey:
        """The public halves of the key that signs now. Raises KeyUnusable, where it is another log's too.

        Who may not read the key is given its public halves in a file beside it, `.pub` behind its name, a line each.
        """
        try:
            key: PublicKey = Key.read(self.path).verifiers
        except KeyUnusable as error:
            if not isinstance(error.__cause__, PermissionError):
                raise
            key = _read_public(self.path.with_name(f"{self.path.name}.pub"))
        if settings.TRAIL_ORIGIN and key[0].name != settings.TRAIL_ORIGIN:
            raise KeyUnusable(f"{self.path} is a key of {key[0].name}, and TRAIL_ORIGIN is {settings.TRAIL_ORIGIN}.")
        return key

    def history(self) -> KeyHistory:
        """All keys, as the one that signs now says. Raises KeyUnusable; LogDamaged where the list is not what it signed."""
        current = self.current()
        try:
            message = self._known.read_bytes()
        except OSError as error:
            raise KeyUnusable(f"{self._known}, the list of the log's keys, cannot be read: {error}.") from error
        history = _open_history(message, current)
        if isinstance(history, KeyHistory):
            return history
        if message and all(map(_LINE.fullmatch, message.decode(errors="replace").splitlines())):
            raise KeyUnusable(
                f"{self._known} names keys that {self.path} has not signed yet. If the key was rotated before this version, "
                "manage.py pin_seal_keys tells what to do; if not, somebody changed the file: put it back from a copy."
            )
        raise LogDamaged(
            f"{self._known} is not the list of keys that {self.path} signed: {history.reason}. Put both back from a copy."
        )

    def ensure(self, *, new: bool) -> KeyHistory:
        """The keys, the first made for a `new` log. Raises KeyUnusable where the log is not new and its key is gone."""
        if not self.path.exists():
            if not new:
                raise KeyUnusable(
                    f"The log's key {self.path} is gone; put it back, for another cannot go on with the log."
                )
            Key.generate(choose_origin()).write(self.path)
        begun = KeyHistory(((0, self.current()),))
        if (new and not self._known.exists()) or self._read_known() == begun.lines().encode():
            self.pin(begun)
        history = self.history()
        _keep_rows(history)
        return history

    def pin(self, history: KeyHistory, *others: Key) -> None:
        """Sign a list of keys that ends with the one that signs now, or with the next. Durable when it returns."""
        text = history.text()
        signatures = tuple(key.sign_statement(text) for key in (Key.read(self.path), *others))
        files.replace(self._known, SignedNote(text, signatures).message())

    def sign_statement(self, text: str) -> bytes:
        """A note of something the console must believe later: anything but a checkpoint. Raises KeyUnusable, ValueError."""
        return SignedNote(text, (Key.read(self.path).sign_statement(text),)).message()

    def announce(self, event_id: str, at: datetime) -> Rotation:
        """Make a key that waits. Its event is written afterwards, so that the event never comes before the key."""
        Key.generate(self.current()[0].name).write(self.next_path)
        files.replace(self._event, json.dumps([event_id, at.isoformat()]).encode())
        return Rotation(event_id, at, Key.read(self.next_path).verifiers)

    def waiting(self) -> Rotation | None:
        """The key that waits for its event to be sealed, or None."""
        if not self._event.exists() or not self.next_path.exists():
            return None
        event_id, at = json.loads(self._event.read_bytes())
        return Rotation(event_id, datetime.fromisoformat(at), Key.read(self.next_path).verifiers)

    def publish(self, rotation: Rotation, size: int) -> None:
        """List the waiting key, signed by it and by the one before. The same again is no harm."""
        history = self.history().extend(rotation.verifiers, size)
        self.pin(history, Key.read(self.next_path))
        _keep_rows(history)

    def rotate(self) -> None:
        """From now on the waiting key signs. May be repeated after a crash."""
        Key.read(self.next_path).write(self.path)
        self.withdraw()

    def withdraw(self) -> None:
        """No key waits any more."""
        self._event.unlink(missing_ok=True)
        self.next_path.unlink(missing_ok=True)
        files.sync_folder(self._event.parent)

    def read_unsigned_lines(self) -> list[str]:
        """The lines of the list that look like keys, believed or not."""
        return [line for line in self._read_known().decode(errors="replace").splitlines() if _LINE.fullmatch(line)]

    def _read_known(self) -> bytes:
        return self._known.read_bytes() if self._known.exists() else b""


def choose_origin() -> str:
    """The name of a new log: what the settings say, or where the console is reached, as C2SP tlog-checkpoint wants it (a URL
    without its scheme); else one that is nobody else's, and that no public witness takes."""
    parts = urlsplit(settings.PUBLIC_ADDRESS)
    address = f"{parts.netloc}{parts.path.rstrip('/')}/log" if parts.netloc else ""
    return settings.TRAIL_ORIGIN or address or f"{UNNAMED}{secrets.token_hex(8)}"


def _read_public(path: Path) -> PublicKey:
    try:
        return tuple(map(Verifier.parse, path.read_text().split()))
    except (OSError, ValueError, signed_note.BadKey) as error:
        raise KeyUnusable(
            f"The log's key may not be read here, and {path} does not hold its public halves: {error}."
        ) from error


@lru_cache(maxsize=8)
def _open_history(message: bytes, current: PublicKey) -> KeyHistory | Broken:
    """The list of keys in a note that the current key signed; also of the version before, where there is that key alone."""
    begun = KeyHistory(((0, current),))
    if message == begun.lines().encode():
        return begun
    note = signed_note.open_note(message, current[:1])
    history = KeyHistory.parse(note.text) if isinstance(note, SignedNote) else note
    if isinstance(history, KeyHistory) and current not in [key for _, key in history.keys[-2:]]:
        return Broken("the key that signs is not the last in it")
    return history


def _keep_rows(history: KeyHistory) -> None:
    """Copies for people to look at, with the time at which each was made; nothing is believed of them."""
    for span in history.spans:
        SealKey.objects.get_or_create(vkey=str(span.key), defaults={"first_size": span.first})


def find_foreign_rows(history: KeyHistory) -> Iterator[str]:
    """What rows of keys say that the log's own list does not, as sentences."""
    known = {str(span.key): span.first for span in history.spans}
    for row in SealKey.objects.all():
        if known.get(row.vkey) != row.first_size:
            yield f"{row.vkey} from {row.first_size:,} events on"


def read_history() -> KeyHistory:
    """The keys of the log in SEAL_DIR. Raises KeyUnusable, LogDamaged."""
    return Keys(Path(settings.SEAL_DIR)).history()


def list_verifiers() -> list[Verifier]:
    """Every key the log ever had, the oldest first. Raises KeyUnusable, LogDamaged."""
    return read_history().verifiers


def open_checkpoint(message: bytes) -> Checkpoint | Broken:
    """The checkpoint in a note, if a key of ours signed it that signs at that size. Raises KeyUnusable, LogDamaged."""
    return read_history().open_checkpoint(message)


def read_signing_time(message: bytes) -> int | None:
    """When the log says it signed, in seconds since 1970. Raises KeyUnusable, LogDamaged."""
    return max(checkpoint.find_cosignatures(message, list_verifiers()).values(), default=None)
