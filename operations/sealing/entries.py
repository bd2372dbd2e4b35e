"""Builds entry bundles (C2SP tlog-tiles): what was sealed of up to 256 events, each compared with its leaf first."""

from collections.abc import Iterator

from core.connection import trail
from operations.sealing import status
from operations.sealing.ranges import Atlas
from trail import arrivals
from trail.errors import TrailError
from trail.integrity import merkle
from trail.integrity.tiles import WIDTH

LONGEST = 65_535  # bytes: an entry's length stands in two
_LENGTH = 2


class EntryUnwritable(TrailError):
    """A bundle cannot be written: an event of it is not what was sealed, or is longer than the format holds."""


def build_entry_bundle(index: int, width: int) -> bytes | None:
    """The canonical forms of `width` events from leaf `index` * 256 on, each behind its length in two bytes.

    RFC 6962's hash of each is its leaf. None where the signed log has not as many. Raises EntryUnwritable, TrailUnavailable,
    LogDamaged and TileMissing.
    """
    hashes = status.read_tile(0, index, width)
    if hashes is None:
        return None
    start = index * WIDTH
    forms = dict(_read_forms(start, start + width))
    return b"".join(
        _encode(start + at, forms.get(start + at), hashes[at * merkle.SIZE : (at + 1) * merkle.SIZE])
        for at in range(width)
    )


def _read_forms(start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """What stands now where leaves were sealed, with the number of the leaf."""
    atlas = Atlas(trail())
    for span in atlas.chunk(start, end).ranges:
        first, last = max(start, span.first_leaf), min(end, span.first_leaf + span.readable) - 1
        if first <= last:
            before = span.first_seq - span.first_leaf
            for hit in arrivals.read_hits(atlas.trail, span.index, span.shard, first + before, last + before):
                yield hit["_seq_no"] - before, arrivals.build_sealed_form(hit["_source"])


def _encode(number: int, form: bytes | None, leaf: bytes) -> bytes:
    if form is None or merkle.leaf_hash(form) != leaf:
        raise EntryUnwritable(f"The event of leaf {number} is not what was sealed; manage.py verify_trail says more.")
    if len(form) > LONGEST:
        raise EntryUnwritable(
            f"The event of leaf {number} has {len(form):,} bytes, and an entry of C2SP tlog-tiles at most {LONGEST:,}; "
            "compare it by its proof."
        )
    return len(form).to_bytes(_LENGTH) + form
