"""Builds a bundle: events with all that is needed to check them offline (docs/trail/bundle-format.md, verify_bundle.py)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import rfc8785

from trail.canonical_form import canonicalise
from trail.documents import get
from trail.errors import TrailError
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import Tree
from trail.integrity.verdict import Broken

FORMAT = "audit-trail-bundle/v1"
WITH_STATEMENTS = "audit-trail-bundle/v2"
WITH_LOG = "audit-trail-bundle/v3"  # says of the log's keys and witnesses, and may have statements
WITH_CUSTODY = "audit-trail-bundle/v4"  # the same, and behind the events what was done with them
REDACTED = "audit-trail-bundle/v5"  # the same, with events of which the leaf alone is named
_REMEMBERED = 4_096  # nodes of the tree


class Unproved(TrailError):
    """A checkpoint or an event does not belong to the tree, so a bundle of it would not verify."""


class KeySpan(NamedTuple):
    """For which sizes of the log one of its keys counts, both included; `last` is None for the key that signs now."""

    key: signed_note.Verifier
    first: int
    last: int | None


class Vouching(NamedTuple):
    """A witness that the log names, and whether its cosignature stands under the bundle's last checkpoint."""

    witness: signed_note.Verifier
    cosigned: bool


class LogDescription(NamedTuple):
    """What a bundle says of its log: the spans of the keys, and the witnesses. Keys are named and not told."""

    keys: Sequence[KeySpan]
    witnesses: Sequence[Vouching]


class BundleEntry(NamedTuple):
    """An event with the number of its leaf.

    `about` is what the maker of the bundle says of it, which is not proved. `statement` is what the event put on record by its
    digest: that nothing was found (trail.questions.absence). Of an entry that `is_withheld` the hash of the leaf stands in the
    bundle, which proves that the log has it and tells nothing of what it holds.
    """

    leaf: int
    document: dict[str, Any]
    about: dict[str, Any] | None = None
    statement: dict[str, Any] | None = None
    is_withheld: bool = False


def build_lines(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: Iterable[signed_note.Verifier],
    entries: Iterable[BundleEntry],
    about: dict[str, Any] | None = None,
    format: str = FORMAT,
    log: LogDescription | None = None,
    custody: Iterable[dict[str, Any]] | None = None,
) -> Iterator[bytes]:
    """The lines of `build_lines_and_entries` alone. Raises Unproved."""
    return (line for line, _ in build_lines_and_entries(tree, checkpoints, keys, entries, about, format, log, custody))


def build_lines_and_entries(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: Iterable[signed_note.Verifier],
    entries: Iterable[BundleEntry],
    about: dict[str, Any] | None = None,
    format: str = FORMAT,
    log: LogDescription | None = None,
    custody: Iterable[dict[str, Any]] | None = None,
    is_redacted: bool = False,
) -> Iterator[tuple[bytes, bool]]:
    """The bundle, line by line, each with whether it is an entry. Raises Unproved for what does not fit the tree.

    `entries` come in ascending order of their leaves; a bundle with statements has the format WITH_STATEMENTS, and one that
    says of its `log` WITH_LOG; with `custody` too, what was done with the events, it is WITH_CUSTODY, which needs a
    `log`, and REDACTED where it may withhold events.

    `checkpoints` are signed notes, from old to new: the last proves the events, and consistency proofs lead to it from each
    before. `about` says what the bundle is, and is not proved.
    """
    digest = sha256()
    events = 0
    named = format if log is None else WITH_LOG if custody is None else REDACTED if is_redacted else WITH_CUSTODY
    opening: list[dict[str, Any]] = [{"format": named}]
    opening += [{"about": about}] if about is not None else []
    opening += [{"log": _describe_log(log)}] if log is not None else []
    for line, is_entry in _lines(tree, checkpoints, list(keys), entries, opening):
        events += is_entry
        digest.update(line)
        yield line, is_entry
    counts = {"checkpoints": len(checkpoints), "events": events}
    if custody is not None:
        counts["custody"] = 0
        for entry in custody:
            counts["custody"] += 1
            digest.update(line := _line({"custody": entry}))
            yield line, False
    yield _line({"end": {**counts, "sha256": digest.hexdigest()}}), False


def _lines(
    tree: Tree,
    checkpoints: Sequence[bytes],
    keys: list[signed_note.Verifier],
    entries: Iterable[BundleEntry],
    opening: list[dict[str, Any]],
) -> Iterator[tuple[bytes, bool]]:
    for content in opening:
        yield _line(content), False
    last: Checkpoint | None = None
    for message in checkpoints:
        following = _verify(message, keys)
        if tree.root_at(following.size) != following.root:
            raise Unproved(f"The checkpoint of {following.size} leaves is not of this tree.")
        consistency = tree.consistency_proof(last.size, following.size) if last else []
        yield _line({"checkpoint": message.decode(), "consistency": list(map(signed_note.encode, consistency))}), False
        last = following
    if last is None:
        raise Unproved("There is no checkpoint to prove anything by.")
    subtree = lru_cache(maxsize=_REMEMBERED)(tree.subtree)  # neighbours share most of their way up
    for entry in entries:
        yield _event(subtree, last, entry), True


def _describe_log(log: LogDescription) -> dict[str, Any]:
    """The line `log`. Keys stand in it without their bytes, so that nobody takes one from the bundle that it proves."""
    return {
        "keys": [{"key": _name(span.key), "first": span.first, "last": span.last} for span in log.keys],
        "witnesses": [{"key": _name(witness.witness), "cosigned": witness.cosigned} for witness in log.witnesses],
    }


def _name(key: signed_note.Verifier) -> str:
    return f"{key.name}+{key.key_id.hex()}"


def _event(subtree: merkle.Subtree, last: Checkpoint, entry: BundleEntry) -> bytes:
    """The line of an event. The canonical form stands in it as it was hashed: it is JSON, and shorter than any other."""
    sealed = canonicalise(entry.document)
    if entry.leaf >= last.size:
        raise Unproved(f"Leaf {entry.leaf} is not under the checkpoint of {last.size} leaves.")
    proof = merkle.inclusion_proof(entry.leaf, last.size, subtree)
    verdict = merkle.verify_inclusion(merkle.leaf_hash(sealed), entry.leaf, last.size, proof, last.root)
    if isinstance(verdict, Broken):
        event_id = get(entry.document, "event.id")
        raise Unproved(f"The event {event_id} is not what was sealed as leaf {entry.leaf}: {verdict.reason}.")
    path = b",".join(b'"%b"' % signed_note.encode(sibling).encode() for sibling in proof)
    about = b"" if entry.about is None else b',"about":' + _line(entry.about).rstrip(b"\n")
    if entry.is_withheld:
        leaf_hash = signed_note.encode(merkle.leaf_hash(sealed)).encode()
        return b'{"index":%d,"leaf_hash":"%b","proof":[%b]%b}\n' % (entry.leaf, leaf_hash, path, about)
    stated = b"" if entry.statement is None else b',"statement":' + rfc8785.dumps(entry.statement)
    return b'{"index":%d,"event":%b,"proof":[%b]%b%b}\n' % (entry.leaf, sealed, path, stated, about)


def _verify(message: bytes, keys: list[signed_note.Verifier]) -> Checkpoint:
    """The verified checkpoint in a note. A log's key has the log's name, so a reader of the bundle needs the keys alone."""
    parsed = checkpoint.parse_note(message)
    if isinstance(parsed, Checkpoint):
        parsed = checkpoint.verify(message, parsed.origin, [key for key in keys if key.name == parsed.origin])
    if isinstance(parsed, Broken):
        raise Unproved(f"A checkpoint cannot be used: {parsed.reason}.")
    return parsed


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
