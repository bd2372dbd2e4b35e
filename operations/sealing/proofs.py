"""Proves that an event is in the trail as it was sealed, and that one checkpoint went on from another."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from core.connection import trail
from operations.models import Cursor, SealedRange
from operations.sealing import signing_keys
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from trail import arrivals
from trail.integrity import merkle
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.verdict import Broken, Verdict
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL


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


def read_newest_checkpoint(log: LogDirectory) -> tuple[Checkpoint, bytes]:
    """The newest checkpoint, verified, with its note. Raises LogDamaged, where there is none yet too."""
    message = log.note()
    if message is None:
        raise LogDamaged("Nothing is sealed yet: manage.py keep_trail does that, and has not begun.")
    checkpoint = signing_keys.open_checkpoint(message)
    if isinstance(checkpoint, Broken):
        raise LogDamaged(f"The newest checkpoint is not one of this log: {checkpoint.reason}.")
    return checkpoint, message


def find_leaf(event_id: str) -> Leaf | None:
    """The leaf of an event that the trail holds; None where it holds none, or none that is sealed.

    Raises TrailUnavailable and LogDamaged.
    """
    leaf = _look_up(event_id, LogDirectory())
    return leaf if isinstance(leaf, Leaf) else None


def prove_event(event_id: str, index: str = "") -> Proof | NotSealed | NeverSealed | None:
    """What the log says of an event, the one in `index` where several have its id; None where the trail has none.

    Raises TrailUnavailable, LogDamaged and TileMissing.
    """
    log = LogDirectory()
    leaf = _look_up(event_id, log, index)
    if not isinstance(leaf, Leaf):
        return leaf
    return prove_document(event_id, leaf.number, leaf.document)


def prove_document(event_id: str, number: int, document: dict[str, Any]) -> Proof | NotSealed:
    """The same of a document that is at hand, a frozen copy for one; the engine is not asked.

    Raises LogDamaged and TileMissing.
    """
    log = LogDirectory()
    signed, message = read_newest_checkpoint(log)
    if number >= signed.size:
        return NotSealed(event_id, signed.size)
    form = arrivals.build_sealed_form(document)
    path = log.tree(signed.size).inclusion_proof(number)
    verdict = merkle.verify_inclusion(merkle.leaf_hash(form), number, signed.size, path, signed.root)
    return Proof(
        event_id,
        number,
        signed.size,
        signed.root,
        message,
        tuple(path),
        form,
        verdict,
        signing_keys.read_signing_time(message),
    )


class DocumentProver:
    """Judges many documents by the newest checkpoint, which is read once. Raises LogDamaged."""

    def __init__(self) -> None:
        self._signed, _ = read_newest_checkpoint(log := LogDirectory())
        self._tree = log.tree(self._signed.size)

    @property
    def size(self) -> int:
        """How many events are sealed."""
        return self._signed.size

    def verify_document(self, number: int, document: dict[str, Any]) -> Verdict:
        """Whether a document is what was sealed as this leaf, which is one of `size`. Raises LogDamaged, TileMissing."""
        leaf = merkle.leaf_hash(arrivals.build_sealed_form(document))
        path = self._tree.inclusion_proof(number)
        return merkle.verify_inclusion(leaf, number, self._signed.size, path, self._signed.root)


def list_waiting(places: Mapping[str, tuple[str, int]]) -> set[str]:
    """The ids of those events that the log has not come to yet, each with its index and the engine's number of it.

    Raises TrailUnavailable.
    """
    if not places:
        return set()
    cursors: dict[str, list[Cursor]] = defaultdict(list)
    for cursor in Cursor.objects.filter(index__in={index for index, _ in places.values()}):
        cursors[cursor.index].append(cursor)
    uuids = arrivals.list_indices(trail())
    return {
        event_id
        for event_id, (index, number) in places.items()
        if all(number > cursor.seq and cursor.uuid == uuids.get(index) for cursor in cursors[index])
    }


def search_leaf(index: str, event_id: str) -> int | None:
    """The leaf of an event by the log's own list of ids, for one whose index is lost. Reads the list of all the index."""
    return search_leaves(index, [event_id]).get(event_id)


def search_leaves(index: str, event_ids: Collection[str]) -> dict[str, int]:
    """The same of several events, with one reading of the list."""
    wanted, log, leaves = set(event_ids), LogDirectory(), dict[str, int]()
    for sealed_range in SealedRange.objects.filter(index=index).iterator():
        if leaves.keys() == wanted:
            break
        for number, sealed_id in enumerate(log.ids(sealed_range.first_leaf, sealed_range.end), sealed_range.first_leaf):
            if sealed_id in wanted:
                leaves.setdefault(sealed_id, number)
    return leaves


def prove_consistency(old_size: int, new_size: int) -> Consistency:
    """The proof between two sizes of the log. Raises ValueError for sizes it does not have, LogDamaged, TileMissing."""
    log = LogDirectory()
    tree = log.tree(read_newest_checkpoint(log)[0].size)
    path = tree.consistency_proof(old_size, new_size)
    return Consistency(old_size, new_size, tree.root_at(old_size), tree.root_at(new_size), tuple(path))


def _look_up(event_id: str, log: LogDirectory, wanted: str = "") -> Leaf | NotSealed | NeverSealed | None:
    places = [place for place in arrivals.find_event(trail(), event_id) if wanted in ("", place[0])]
    if not places:
        execute.find_event(trail(), event_id, WHOLE_TRAIL)  # raises where events are missing, of which it may be one
        return None
    for index, seq, document in places:
        for number in _list_candidates(index, seq):
            if _read_id(log, number) == event_id:
                return Leaf(number, event_id, index, document)
    index, seq, _ = places[0]
    if _is_waiting(index, seq):
        return NotSealed(event_id, read_newest_checkpoint(log)[0].size)
    for index, _, document in places:  # its index was made anew, so that the numbers are others now
        if (searched := search_leaf(index, event_id)) is not None:
            return Leaf(searched, event_id, index, document)
    return NeverSealed(event_id, f"events of {index} up to a later number are sealed, and this one is not among them")


def _is_waiting(index: str, seq: int) -> bool:
    """Whether the log has not come so far in this very index."""
    cursors = list(Cursor.objects.filter(index=index))
    uuid = arrivals.list_indices(trail()).get(index)
    return all(seq > cursor.seq and cursor.uuid == uuid for cursor in cursors)


def _list_candidates(index: str, seq: int) -> Iterator[int]:
    """The leaves that an event with this number can be: one, unless the index has several shards or was restored."""
    shards = SealedRange.objects.filter(index=index).values_list("uuid", "shard").order_by().distinct()
    for uuid, shard in shards:
        before = SealedRange.objects.filter(index=index, uuid=uuid, shard=shard, first_seq__lte=seq)
        sealed_range = before.order_by("-first_seq").first()
        if sealed_range is None or sealed_range.leaf(seq) is None:  # or in one before, where a batch was begun twice
            sealed_range = before.filter(first_seq__gt=seq - F("count")).first()
        if sealed_range and (leaf := sealed_range.leaf(seq)) is not None:
            yield leaf


def _read_id(log: LogDirectory, number: int) -> str:
    return next(log.ids(number, number + 1))
