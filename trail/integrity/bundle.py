"""Write a bundle: events with all that is needed to check them offline (docs/bundle-format.md, verify_bundle.py)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from trail.errors import TrailError
from trail.events import canonical
from trail.integrity import checkpoint, merkle, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import Tree
from trail.integrity.verdict import Broken

FORMAT = "audit-trail-bundle/v1"


class Unproved(TrailError):
    """Something does not belong to the tree it should be proved by, so no bundle of it would hold."""


def lines(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: Iterable[note.Verifier],
    events: Iterable[tuple[int, dict[str, Any]]],
) -> Iterator[bytes]:
    """The bundle, line by line, for a stream of events with their leaf numbers, in ascending order.

    `checkpoints` are signed notes, from old to new; the events are proved by the last, and it by what leads there from
    each before. Raises Unproved for a checkpoint or an event that does not fit the tree.
    """
    digest = sha256()
    count = 0
    for line in _lines(tree, checkpoints, list(keys), events):
        encoded = _line(line)
        digest.update(encoded)
        count += "event" in line
        yield encoded
    yield _line({"end": {"checkpoints": len(checkpoints), "events": count, "sha256": digest.hexdigest()}})


def _lines(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: list[note.Verifier],
    events: Iterable[tuple[int, dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    yield {"format": FORMAT}
    last: Checkpoint | None = None
    for message in checkpoints:
        one = _read(message, keys)
        if tree.root_at(one.size) != one.root:
            raise Unproved(f"The checkpoint of {one.size} leaves is not of this tree.")
        consistency = tree.consistency_proof(last.size, one.size) if last else []
        yield {"checkpoint": message.decode(), "consistency": list(map(note.encode, consistency))}
        last = one
    if last is None:
        raise Unproved("There is no checkpoint to prove anything by.")
    for index, document in events:
        yield _event(tree, last, index, document)


def _event(tree: Tree, last: Checkpoint, index: int, document: dict[str, Any]) -> dict[str, Any]:
    sealed = canonical(document)
    proof = tree.inclusion_proof(index, last.size)
    verdict = merkle.verify_inclusion(merkle.leaf_hash(sealed), index, last.size, proof, last.root)
    if isinstance(verdict, Broken):
        raise Unproved(f"The event is not leaf {index} of the tree: {verdict.reason}.")
    return {"index": index, "event": json.loads(sealed), "proof": list(map(note.encode, proof))}


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
