"""Keeps on disk in which indices each id is sealed, so that one process adds to it while any number of others read.

head            the key of the hash, how many leaves are taken in, how many of them durably, and whether all there were are
0, 1, 2 …       hash tables with linear probing, each four times as large as the one before and at most half full

An entry is one number of 64 bits: 51 of the keyed BLAKE2b (RFC 7693) of the id, and 13 that say which index, by month. Two
different ids share an entry by a chance of 2^-51 for each that is compared; who takes an answer for true reads the event there.
All of it can be made anew from the log. The files are mapped: what is read of them is the system's to keep or drop, and no
process grows.
"""

import mmap
import os
import secrets
import struct
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from trail import files
from trail.mapping import index_for, late_index, month_of

FIRST_SLOTS, TIMES = 2**18, 4
SLOT = 8  # bytes
PLACE = 2**13 - 1
UNSYNCED = 200_000  # leaves that are taken in anew after a power cut, at most
_HEAD = struct.Struct("<8s16sQQQQ")  # magic, key, leaves, durable leaves, tables, whether it was complete
_MAGIC = b"id-idx 1"
_FIRST_YEAR, _LAST_YEAR = 1970, 2310
_COUNTED = 2**16  # slots looked at together


class IdIndexDamaged(Exception):
    """The files are not what was written; they are to be made anew."""


def number_index(prefix: str, index: str) -> int | None:
    """The 13 bits of the index of a month, or of the one beside it; None for any other, and for a month of no event."""
    month = month_of(prefix, index)
    if month is None or not _FIRST_YEAR <= int(month[:4]) <= _LAST_YEAR:
        return None
    number = (int(month[:4]) - _FIRST_YEAR) * 12 + int(month[5:]) - 1
    return number << 1 | (index != index_for(prefix, month))


def name_index(prefix: str, place: int) -> str:
    """The index of a place: the opposite of `number_index`."""
    year, month = divmod(place >> 1, 12)
    index = index_for(prefix, f"{_FIRST_YEAR + year}.{month + 1:02}")
    return late_index(index) if place & 1 else index


def name_indices(prefix: str, places: Iterable[tuple[int, ...]] | None) -> list[tuple[str, ...]] | None:
    """What IdIndexReader.find answers, as Trail.find_sealed has it."""
    if places is None:
        return None
    return [tuple(name_index(prefix, place) for place in each) if each else () for each in places]


class _Table:
    """One hash table, mapped; 0 is an empty slot."""

    def __init__(self, path: Path, slots: int, *, write: bool) -> None:
        with files.open_descriptor(path, os.O_RDWR if write else os.O_RDONLY) as descriptor:
            if os.fstat(descriptor).st_size != slots * SLOT:
                raise IdIndexDamaged(f"{path} has not the size of its table.")
            access = mmap.ACCESS_WRITE if write else mmap.ACCESS_READ
            self.mapped = mmap.mmap(descriptor, slots * SLOT, access=access)
        self.slots = memoryview(self.mapped).cast("Q")
        self.mask = slots - 1

    def count_used(self) -> int:
        """How many slots are taken; it reads them all."""
        parts = range(0, len(self.slots), _COUNTED)
        return len(self.slots) - sum(self.slots[at : at + _COUNTED].tolist().count(0) for at in parts)

    def put(self, hashed: int, entry: int) -> None:
        at = hashed & self.mask
        while self.slots[at]:
            at = (at + 1) & self.mask
        self.slots[at] = entry

    def close(self) -> None:
        self.slots.release()
        self.mapped.close()


class _Files:
    """The head and the tables of a folder, mapped as they are now. Raises FileNotFoundError and IdIndexDamaged."""

    def __init__(self, folder: Path, *, write: bool) -> None:
        path = folder / "head"
        with files.open_descriptor(path, os.O_RDWR if write else os.O_RDONLY) as descriptor:
            self.inode = os.fstat(descriptor).st_ino
            if os.fstat(descriptor).st_size != _HEAD.size:
                raise IdIndexDamaged(f"{path} cannot be read.")
            access = mmap.ACCESS_WRITE if write else mmap.ACCESS_READ
            self.head = mmap.mmap(descriptor, _HEAD.size, access=access)
        magic, key, _, _, count, _ = _HEAD.unpack_from(self.head)
        if magic != _MAGIC or count > 16:
            raise IdIndexDamaged(f"{path} cannot be read.")
        self._hash = blake2b(digest_size=8, key=key)
        self.tables = [_Table(folder / str(n), FIRST_SLOTS * TIMES**n, write=write) for n in range(count)]

    def hash_all(self, ids: Iterable[str]) -> list[int]:
        """The hash of each id, 64 bits."""
        digests = []
        for event_id in ids:
            hashed = self._hash.copy()
            hashed.update(event_id.encode())
            digests.append(hashed.digest())
        return memoryview(b"".join(digests)).cast("Q").tolist()

    def find_all(self, hashes: Sequence[int]) -> list[tuple[int, ...]]:
        """The places of each id. Most ids are nowhere, and most of their slots are empty."""
        places: list[tuple[int, ...]] = [()] * len(hashes)
        for table in self.tables:
            slots, mask = table.slots, table.mask
            for number in [number for number, hashed in enumerate(hashes) if slots[hashed & mask]]:
                hashed = hashes[number]
                at = hashed & mask
                while entry := slots[at]:
                    if entry ^ hashed <= PLACE:  # the upper 51 bits are the same
                        places[number] += (entry & PLACE,)
                    at = (at + 1) & mask
        return places

    def read_head(self) -> tuple[int, int, int, bool]:
        """Leaves, durable leaves, tables, whether it was complete."""
        _, _, leaves, durable, count, complete = _HEAD.unpack_from(self.head)
        return leaves, durable, count, bool(complete)

    def close(self) -> None:
        for table in self.tables:
            table.close()
        self.head.close()


class IdIndexReader:
    """Reads the index of a folder, which another process adds to. For any number of threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: _Files | None = None

    def find(self, ids: Sequence[str]) -> list[tuple[int, ...]] | None:
        """The places at which each id is sealed, nearly always none; None where the index is not there or not complete."""
        mapped = self._open()
        if mapped is None or not mapped.read_head()[3]:
            return None
        return mapped.find_all(mapped.hash_all(ids))

    def _open(self) -> _Files | None:
        """As it is on the disk. What was mapped before is left to whoever reads it still."""
        mapped = self._files
        try:
            inode = os.stat(self._folder / "head").st_ino
            if mapped is None or mapped.inode != inode or mapped.read_head()[2] != len(mapped.tables):
                self._files = mapped = _Files(self._folder, write=False)
        except (FileNotFoundError, IdIndexDamaged):
            return None
        return mapped


class IdIndex:
    """The one that adds. Raises OSError wherever the disk does not take it."""

    def __init__(self, folder: Path) -> None:
        files.make_folder(folder)
        self._folder = folder
        self.added = 0  # entries since it was opened
        try:
            self._files = _Files(folder, write=True)
        except (FileNotFoundError, IdIndexDamaged):
            self.begin_anew()
            return
        _, durable, _, _ = self._files.read_head()
        self._durable = durable
        self._write_head(durable, complete=False)  # until what came since is taken in again
        self._used = self._files.tables[-1].count_used() if self._files.tables else 0

    @property
    def leaves(self) -> int:
        """How many leaves of the log are taken in."""
        return self._files.read_head()[0]

    def begin_anew(self) -> None:
        """Forget everything, and hash by another key. Who reads meanwhile is told that nothing is known."""
        (self._folder / "head").unlink(missing_ok=True)
        for path in self._folder.iterdir():
            path.unlink()
        files.replace(self._folder / "head", _HEAD.pack(_MAGIC, secrets.token_bytes(16), 0, 0, 0, 0))
        self._files = _Files(self._folder, write=True)
        self._used = self._durable = 0

    def add(self, ids: Sequence[str], places: Sequence[int | None]) -> Iterator[tuple[str, int, int, bool]]:
        """Take in where leaves are sealed, None being no place; each id that is in another place too, with both, and whether
        it was not known in this one.

        The leaves count as taken in when `advance` says so; the same again is no harm, and answers the same but for the last.
        """
        for event_id, place, hashed in zip(ids, places, self._files.hash_all(ids), strict=True):
            if place is None:
                continue
            (there,) = self._files.find_all((hashed,))  # one after the other: two may be of one id
            is_new = place not in there
            if is_new:
                self._put(hashed, place)
                self.added += 1
            for other in set(there) - {place}:
                yield event_id, other, place, is_new

    def advance(self, leaves: int) -> None:
        """So many leaves are taken in."""
        if leaves - self._durable >= UNSYNCED:
            self._sync(leaves)
        self._write_head(leaves, complete=self._files.read_head()[3])

    def complete(self) -> None:
        """The log has no more, so that others may rely on the index. It stays so while they are taken in as they come."""
        self._write_head(self.leaves, complete=True)

    def close(self) -> None:
        self._sync(self.leaves)
        self._files.close()

    def _put(self, hashed: int, place: int) -> None:
        tables = self._files.tables
        if not tables or 2 * self._used > tables[-1].mask:
            self._add_table()
        tables[-1].put(hashed, hashed & ~PLACE | place)
        self._used += 1

    def _add_table(self) -> None:
        """One that is four times as large. Its room is taken at once: a full disk is an error here, not a signal later."""
        number = len(self._files.tables)
        slots = FIRST_SLOTS * TIMES**number
        for table in self._files.tables[-1:]:
            table.mapped.flush()
        with files.open_descriptor(self._folder / str(number), os.O_RDWR | os.O_CREAT | os.O_TRUNC) as descriptor:
            os.posix_fallocate(descriptor, 0, slots * SLOT)
            os.fsync(descriptor)
        files.sync_folder(self._folder)
        self._files.tables.append(_Table(self._folder / str(number), slots, write=True))
        self._used = 0
        leaves, _, _, complete = self._files.read_head()
        self._write_head(leaves, complete=complete)

    def _sync(self, leaves: int) -> None:
        for table in self._files.tables[-1:]:
            table.mapped.flush()
        self._durable = leaves
        self._write_head(leaves, complete=self._files.read_head()[3])
        self._files.head.flush()

    def _write_head(self, leaves: int, *, complete: bool) -> None:
        count = len(self._files.tables)
        struct.pack_into("<QQQQ", self._files.head, 24, leaves, self._durable, count, complete)
