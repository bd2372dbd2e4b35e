"""Test vectors of the bundle format: events of which the leaf alone is named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.bundle_custody_cases import PINNED
from tests.support.bundle_vector_cases import Vector
from tests.support.bundle_vectors import KEYS, LOG, WITNESS, Lines, event, seal, signed
from trail.canonical_form import canonicalise
from trail.integrity import bundle
from trail.integrity.bundle import BundleEntry, KeySpan, LogDescription, Vouching
from trail.integrity.merkle import leaf_hash
from trail.integrity.tiles import FileStore, Tree


def list_cases(folder: Path) -> Iterator[Vector]:
    """Lines 0 format, 1 log, 2 checkpoint, 3 and 4 leaves, 5 an event, 6 custody, 7 end."""
    tree = Tree(FileStore(folder / "redacted"))
    tree.append(leaf_hash(canonicalise(event(number))) for number in range(40))
    log = LogDescription((KeySpan(LOG.verifier, 0, None),), (Vouching(WITNESS.verifier, True),))
    entries = [
        BundleEntry(number, event(number), {"sha256": "said"}, is_withheld=number < 30) for number in (3, 20, 30)
    ]
    notes = [signed(tree, 40, LOG, witness=True)]
    lines = bundle.build_lines_and_entries(tree, notes, KEYS, entries, log=log, custody=[PINNED], is_redacted=True)
    sound = b"".join(line for line, _ in lines)

    def edit(change: Callable[[Lines], object]) -> bytes:
        parsed = [json.loads(line) for line in sound.splitlines()]
        change(parsed)
        return seal(parsed)

    other = json.loads(sound.splitlines()[4])["leaf_hash"]
    yield Vector("redacted", 0, sound)
    yield Vector("redacted-in-format-v4", 1, edit(lambda parsed: parsed[0].update(format=bundle.WITH_CUSTODY)))
    yield Vector("redacted-hash-of-another-leaf", 1, edit(lambda parsed: parsed[3].update(leaf_hash=other)))
    yield Vector("redacted-hash-too-short", 1, edit(lambda parsed: parsed[3].update(leaf_hash="AAAA")))
    yield Vector("redacted-hash-not-base64", 1, edit(lambda parsed: parsed[3].update(leaf_hash="x")))
    yield Vector("redacted-hash-a-number", 1, edit(lambda parsed: parsed[3].update(leaf_hash=1)))
    yield Vector("redacted-with-a-statement", 1, edit(lambda parsed: parsed[3].update(statement={})))
    yield Vector("redacted-with-the-event", 1, edit(lambda parsed: parsed[3].update(event=event(3))))
    yield Vector("redacted-about-a-text", 1, edit(lambda parsed: parsed[3].update(about="trust me")))
    yield Vector("redacted-out-of-order", 1, edit(lambda parsed: parsed.insert(3, parsed.pop(4))))
    yield Vector("redacted-behind-custody", 1, edit(lambda parsed: parsed.insert(6, parsed.pop(4))))
    yield Vector("redacted-leaf-beyond-the-tree", 1, edit(lambda parsed: parsed[4].update(index=40)))
