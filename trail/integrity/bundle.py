"""Write a bundle: events with all that is needed to check them offline (docs/bundle-format.md, verify_bundle.py)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import rfc8785

from trail.errors import TrailError
from trail.events import canonical, get
from trail.integrity import checkpoint, merkle, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import Tree
from trail.integrity.verdict import Broken

FORMAT = "audit-trail-bundle/v1"
WITH_STATEMENTS = "audit-trail-bundle/v2"
_REMEMBERED = 4_096  # nodes of the tree


class Unproved(TrailError):
    """Something does not belong to the tree it should be proved by, so no bundle of it would hold."""


class Entry(NamedTuple):
    """An event with its leaf's number, and what is said of it by who makes the bundle: that is not proved.

    `statement` is what the event put on record by its digest: that nothing was found, see trail.absence.
    """

    leaf: int
    document: dict[str, Any]
    about: dict[str, Any] | None = None
    statement: dict[str, Any] | None = None


def lines(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: Iterable[note.Verifier],
    entries: Iterable[Entry],
    about: dict[str, Any] | None = None,
    format: str = FORMAT,
) -> Iterator[bytes]:
    """The bundle, line by line, for a stream of events in ascending order of their leaves; with statements of WITH_STATEMENTS.

    `checkpoints` are signed notes, from old to new; the events are proved by the last, and it by what leads there from
    each before. `about` says what the bundle is, and is not proved. Raises Unproved for a checkpoint or an event that
    does not fit the tree.
    """
    digest = sha256()
    count = 0
    for line in _lines(tree, checkpoints, list(keys), entries, about, format):
        count += 1
        digest.update(line)
        yield line
    events = count - 1 - len(checkpoints) - (about is not None)
    yield _line({"end": {"checkpoints": len(checkpoints), "events": events, "sha256": digest.hexdigest()}})


def _lines(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: list[note.Verifier],
    entries: Iterable[Entry],
    about: dict[str, Any] | None,
    format: str,
) -> Iterator[bytes]:
    yield _line({"format": format})
    if about is not None:
        yield _line({"about": about})
    last: Checkpoint | None = None
    for message in checkpoints:
        one = _read(message, keys)
        if tree.root_at(one.size) != one.root:
            raise Unproved(f"The checkpoint of {one.size} leaves is not of this tree.")
        consistency = tree.consistency_proof(last.size, one.size) if last else []
        yield _line({"checkpoint": message.decode(), "consistency": list(map(note.encode, consistency))})
        last = one
    if last is None:
        raise Unproved("There is no checkpoint to prove anything by.")
    subtree = lru_cache(maxsize=_REMEMBERED)(tree.subtree)  # neighbours share most of their way up
    for entry in entries:
        yield _event(subtree, last, entry)


def _event(subtree: merkle.Subtree, last: Checkpoint, entry: Entry) -> bytes:
    """The line of an event. The canonical form stands in it as it was hashed: it is JSON, and shorter than any other."""
    sealed = canonical(entry.document)
    if entry.leaf >= last.size:
        raise Unproved(f"Leaf {entry.leaf} is not under the checkpoint of {last.size} leaves.")
    proof = merkle.inclusion_proof(entry.leaf, last.size, subtree)
    verdict = merkle.verify_inclusion(merkle.leaf_hash(sealed), entry.leaf, last.size, proof, last.root)
    if isinstance(verdict, Broken):
        event_id = get(entry.document, "event.id")
        raise Unproved(f"The event {event_id} is not what was sealed as leaf {entry.leaf}: {verdict.reason}.")
    path = b",".join(b'"%b"' % note.encode(one).encode() for one in proof)
    about = b"" if entry.about is None else b',"about":' + _line(entry.about).rstrip(b"\n")
    stated = b"" if entry.statement is None else b',"statement":' + rfc8785.dumps(entry.statement)
    return b'{"index":%d,"event":%b,"proof":[%b]%b%b}\n' % (entry.leaf, sealed, path, stated, about)


def _read(message: bytes, keys: list[note.Verifier]) -> Checkpoint:
    """A log's key has the log's name, so whoever checks the bundle needs to be told nothing but keys."""
    read = note.parse(message)
    parsed = checkpoint.parse(read.text) if isinstance(read, note.Note) else read
    if isinstance(parsed, Checkpoint):
        parsed = checkpoint.verify(message, parsed.origin, [key for key in keys if key.name == parsed.origin])
    if isinstance(parsed, Broken):
        raise Unproved(f"A checkpoint cannot be used: {parsed.reason}.")
    return parsed


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
