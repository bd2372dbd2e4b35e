"""Prove that an event is in the trail as it was sealed, and that one checkpoint went on from another."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.journal import trail
from operations.models import Cursor, Stretch
from operations.sealing import keys
from operations.sealing.errors import LogDamaged
from operations.sealing.log import Log
from trail import arrivals
from trail.integrity import merkle
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.verdict import Broken, Verdict


@dataclass(frozen=True, slots=True)
class Leaf:
    """An event as the log knows it: its number, where it stands in the engine, and its document as it is now."""

    number: int
    event_id: str
    index: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """All that shows what became of an event: who has the log's public key can follow it without the console.

    `path` leads from the hash of `form`, the event's canonical bytes, to the root in `checkpoint`, a signed note; where
    the event was altered it does not, and `verdict` says so.
    """

    event_id: str
    leaf: int
    size: int
    root: bytes
    checkpoint: bytes
    path: tuple[bytes, ...]
    form: bytes
    verdict: Verdict
    signed_at: int | None  # seconds since 1970


@dataclass(frozen=True, slots=True)
class NotSealed:
    """The event is there and has no leaf yet; it will have one within a second or so. `size` events are sealed."""

    event_id: str
    size: int


@dataclass(frozen=True, slots=True)
class NeverSealed:
    """The event is there, events after it are sealed, and it is none of the log's: it was put in past the log."""

    event_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Consistency:
    """The hashes that lead from the root of the first `old` events to that of `new`, both roots as the tree has them."""

    old: int
    new: int
    old_root: bytes
    new_root: bytes
    path: tuple[bytes, ...]


def newest(log: Log) -> tuple[Checkpoint, bytes]:
    """The newest checkpoint, verified, with its note. Raises LogDamaged, where there is none yet too."""
    message = log.note()
    if message is None:
        raise LogDamaged("Nothing is sealed yet: manage.py keep_trail does that, and has not begun.")
    found = keys.opened(message)
    if isinstance(found, Broken):
        raise LogDamaged(f"The newest checkpoint is not one of this log: {found.reason}.")
    return found, message


def leaf_of(event_id: str) -> Leaf | None:
    """The leaf of an event that the trail holds; None where it holds none, or none that is sealed.

    Raises TrailUnavailable and LogDamaged.
    """
    found = _look_up(event_id, Log())
    return found if isinstance(found, Leaf) else None


def prove(event_id: str) -> Proof | NotSealed | NeverSealed | None:
    """What the log says of an event; None where the trail has none of this id.

    Raises TrailUnavailable, LogDamaged and TileMissing.
    """
    log = Log()
    found = _look_up(event_id, log)
    if not isinstance(found, Leaf):
        return found
    return prove_document(event_id, found.number, found.document)


def prove_document(event_id: str, number: int, document: dict[str, Any]) -> Proof | NotSealed:
    """The same of a document that is at hand, a frozen copy for one; the engine is not asked.

    Raises LogDamaged and TileMissing.
    """
    log = Log()
    signed, message = newest(log)
    if number >= signed.size:
        return NotSealed(event_id, signed.size)
    form = arrivals.sealed_form(document)
    path = log.tree(signed.size).inclusion_proof(number)
    verdict = merkle.verify_inclusion(merkle.leaf_hash(form), number, signed.size, path, signed.root)
    return Proof(
        event_id, number, signed.size, signed.root, message, tuple(path), form, verdict, keys.signed_at(message)
    )


def leaf_in(index: str, event_id: str) -> int | None:
    """The leaf of an event by the log's own list of ids, for one whose index is lost. Reads the list of all the index."""
    return _search(Log(), index, event_id)


def consistency(old_size: int, new_size: int) -> Consistency:
    """The proof between two sizes of the log. Raises ValueError for sizes it does not have, LogDamaged, TileMissing."""
    log = Log()
    tree = log.tree(newest(log)[0].size)
    path = tree.consistency_proof(old_size, new_size)
    return Consistency(old_size, new_size, tree.root_at(old_size), tree.root_at(new_size), tuple(path))


def _look_up(event_id: str, log: Log) -> Leaf | NotSealed | NeverSealed | None:
    places = arrivals.find(trail(), event_id)
    if not places:
        return None
    for index, seq, document in places:
        for number in _leaves(index, seq):
            if _id_of(log, number) == event_id:
                return Leaf(number, event_id, index, document)
    index, seq, _ = places[0]
    if _waits(index, seq):
        return NotSealed(event_id, newest(log)[0].size)
    for index, _, document in places:  # its index was made anew, so that the numbers are others now
        if (searched := _search(log, index, event_id)) is not None:
            return Leaf(searched, event_id, index, document)
    return NeverSealed(event_id, f"events of {index} up to a later number are sealed, and this one is not among them")


def _waits(index: str, seq: int) -> bool:
    """Whether the log has not come so far in this very index."""
    cursors = list(Cursor.objects.filter(index=index))
    uuid = arrivals.indices(trail()).get(index)
    return all(seq > cursor.seq and cursor.uuid == uuid for cursor in cursors)


def _leaves(index: str, seq: int) -> Iterator[int]:
    """The leaves that an event with this number can be: one, unless the index has several shards or was restored."""
    shards = Stretch.objects.filter(index=index).values_list("uuid", "shard").order_by().distinct()
    for uuid, shard in shards:
        before = Stretch.objects.filter(index=index, uuid=uuid, shard=shard, first_seq__lte=seq)
        stretch = before.order_by("-first_seq").first()
        if stretch and (leaf := stretch.leaf(seq)) is not None:
            yield leaf


def _id_of(log: Log, number: int) -> str:
    return next(log.ids(number, number + 1))


def _search(log: Log, index: str, event_id: str) -> int | None:
    """The leaf with this id among all of an index: for an event that is not where it was sealed; it reads them all."""
    for stretch in Stretch.objects.filter(index=index).iterator():
        for number, known in enumerate(log.ids(stretch.first_leaf, stretch.end), stretch.first_leaf):
            if known == event_id:
                return number
    return None
