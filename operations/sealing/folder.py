"""Reads and writes the sealed log's folder: the newest checkpoint, the tiles, the ids of the leaves, the pending batch.

checkpoint      the newest signed note            tile/…   the tree (C2SP tlog-tiles)
pending         a batch that is being sealed      ids/…    which event is which leaf, laid out as the tiles
key  keys       the private key, all public ones  lock     held by the one process that seals
arrivals        the socket that wakes that process (core.arrival_signal)
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.conf import settings

from operations.sealing.batch import LeafBatch
from operations.sealing.errors import LogBusy, LogDamaged
from operations.sealing.signing_keys import Keys
from trail import files
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import WIDTH, FileStore, Tree, tile_name
from trail.integrity.verdict import Broken

_LENGTH = 2  # bytes before each id, as before the entries of tlog-tiles


class LogDirectory:
    """One log's folder, made where it is not there, for nobody but us."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(settings.SEAL_DIR)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = FileStore(self.folder)
        self.keys = Keys(self.folder)
        self._checkpoint, self._pending = self.folder / "checkpoint", self.folder / "pending"

    def locked(self) -> AbstractContextManager[None]:
        """While nobody else seals. Raises LogBusy."""
        return self.alone("lock", f"Another process seals into {self.folder}; there must be one only.")

    @contextmanager
    def alone(self, name: str, busy: str) -> Iterator[None]:
        """While no other process holds the lock of this name; LogBusy says `busy` where one does."""
        with (self.folder / name).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LogBusy(busy) from None
            yield

    def note(self) -> bytes | None:
        """The newest checkpoint as it stands in the folder, or None in a new log."""
        try:
            return self._checkpoint.read_bytes()
        except FileNotFoundError:
            return None

    def newest(self) -> Checkpoint | None:
        """The same, verified. Raises LogDamaged."""
        message = self.note()
        checkpoint = self.keys.history().open_checkpoint(message) if message is not None else None
        if isinstance(checkpoint, Broken):
            raise LogDamaged(f"{self._checkpoint} is not a checkpoint of this log: {checkpoint.reason}.")
        return checkpoint

    def put(self, message: bytes) -> None:
        """Make a note the newest checkpoint, durably."""
        files.replace(self._checkpoint, message)

    def tree(self, size: int) -> Tree:
        return Tree(self.store, size)

    def pending(self) -> LeafBatch | None:
        """The batch that was under way when the process ended. Raises LogDamaged."""
        try:
            return LeafBatch.decode(self._pending.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise LogDamaged(f"{self._pending} cannot be read: {error!r}.") from error

    def begin(self, batch: LeafBatch) -> None:
        """Write a batch down before it is sealed, durably. Raises LogDamaged while another one is not finished."""
        if self._pending.exists():
            raise LogDamaged(f"{self._pending} is a batch that is not finished; another cannot be begun over it.")
        files.replace(self._pending, batch.encode())

    def finished(self) -> None:
        """Remove the batch that is sealed, durably."""
        self._pending.unlink(missing_ok=True)
        files.sync_folder(self.folder)

    # --- Which event is which leaf -------------------------------------------------------------------------------

    def append_ids(self, first: int, ids: Sequence[str]) -> None:
        """Keep the ids of leaves from `first` on. The same again is no harm; raises TileConflict for others."""
        start = first - first % WIDTH
        whole = [*self.ids(start, first), *ids]
        bundles = {}
        for at in range(0, len(whole), WIDTH):
            bundle = whole[at : at + WIDTH]
            bundles[_name_bundle((start + at) // WIDTH, len(bundle))] = b"".join(map(_encode_id, bundle))
        self.store.write(bundles)
        for at in range(0, len(whole) - WIDTH + 1, WIDTH):
            self.store.remove(f"{_name_bundle((start + at) // WIDTH, WIDTH)}.p")

    def ids(self, start: int, end: int) -> Iterator[str]:
        """The ids of leaves from one to before another, bundle by bundle. Raises LogDamaged."""
        while start < end:
            stop = min(end, (start // WIDTH + 1) * WIDTH)
            first = start - start % WIDTH
            yield from self._bundle(start // WIDTH, stop - first)[start - first :]
            start = stop

    def _bundle(self, number: int, count: int) -> list[str]:
        """The first ids of a bundle, from the file that has as many, or from a wider one."""
        for width in range(count, WIDTH + 1):
            content = self.store.read(_name_bundle(number, width))
            if content is not None:
                return list(_decode_ids(content, _name_bundle(number, width)))[:count]
        raise LogDamaged(f"{self.folder / _name_bundle(number, count)}, which says which events are there, is missing.")


def _name_bundle(number: int, width: int) -> str:
    return tile_name(0, number, width).replace("tile/0/", "ids/", 1)


def _encode_id(event_id: str) -> bytes:
    content = event_id.encode()
    return len(content).to_bytes(_LENGTH) + content


def _decode_ids(content: bytes, name: str) -> Iterator[str]:
    at = 0
    while at < len(content):
        end = at + _LENGTH + int.from_bytes(content[at : at + _LENGTH])
        try:
            yield content[at + _LENGTH : end].decode()
        except UnicodeDecodeError as error:
            raise LogDamaged(f"{name}, which says which events are there, cannot be read.") from error
        at = end
