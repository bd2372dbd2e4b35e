"""Test vectors of the bundle format: custody behind the events, and what is no custody."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.bundle_vector_cases import Vector
from tests.support.bundle_vectors import KEYS, LOG, ROTATED, WITNESS, Lines, event, refit, seal, signed
from trail.canonical_form import canonicalise
from trail.integrity import bundle
from trail.integrity.bundle import BundleEntry, KeySpan, LogDescription, Vouching
from trail.integrity.merkle import leaf_hash
from trail.integrity.tiles import FileStore, Tree

PINNED = {
    "evidence": "E1",
    "action": "pin",
    "at": "2026-11-24T09:30:00.000000Z",
    "by": "Zoë </script>",
    "address": "203.0.113.7",
    "client": "Firefox/140",
    "detail": "",
    "event_id": "console-1",
}
VIEWED = PINNED | {"action": "view", "event_id": ""}


def list_cases(folder: Path) -> Iterator[Vector]:
    """Lines 0 format, 1 log, 2 and 3 checkpoints, 4 and 5 events, 6 and 7 custody, 8 end."""
    tree = Tree(FileStore(folder / "custody"))
    tree.append(leaf_hash(canonicalise(event(number))) for number in range(40))
    notes = [signed(tree, 20, LOG, ROTATED), signed(tree, 40, ROTATED, witness=True)]
    spans = KeySpan(LOG.verifier, 0, 20), KeySpan(ROTATED.verifier, 20, None)
    log = LogDescription(spans, (Vouching(WITNESS.verifier, True),))
    entries = [BundleEntry(number, event(number)) for number in (3, 30)]

    def make(*custody: dict[str, Any]) -> bytes:
        return b"".join(bundle.build_lines(tree, notes, KEYS, entries, log=log, custody=custody))

    sound = make(PINNED, VIEWED)

    def edit(change: Callable[[Lines], object]) -> bytes:
        lines = [json.loads(line) for line in sound.splitlines()]
        change(lines)
        return seal(lines)

    def enter(value: Any) -> bytes:
        return edit(lambda lines: lines.__setitem__(6, {"custody": value}))

    yield Vector("custody", 0, sound)
    yield Vector("custody-of-nothing", 0, make())
    yield Vector("custody-in-format-v3", 1, edit(lambda lines: lines[0].update(format=bundle.WITH_LOG)))
    yield Vector("custody-before-an-event", 1, edit(lambda lines: lines.insert(5, lines.pop(6))))
    yield Vector("custody-before-the-checkpoints", 1, edit(lambda lines: lines.insert(2, lines.pop(6))))
    yield Vector("custody-as-a-list", 1, enter([]))
    yield Vector("custody-as-a-text", 1, enter("trust me"))
    yield Vector("custody-without-who", 1, enter({name: text for name, text in PINNED.items() if name != "by"}))
    yield Vector("custody-with-another-member", 1, enter(PINNED | {"note": ""}))
    yield Vector("custody-with-a-number", 1, enter(PINNED | {"evidence": 1}))
    yield Vector("custody-beside-another-member", 1, edit(lambda lines: lines[6].update(note="")))
    # The end counts it, so that what was taken away is missed, though its digest be made to fit.
    lines = sound.splitlines(keepends=True)
    yield Vector("custody-taken-away", 1, refit(b"".join([*lines[:6], *lines[7:]])))
    yield Vector("custody-not-counted", 1, refit(sound.replace(b',"custody":2', b"")))
    yield Vector("custody-counted-otherwise", 1, refit(sound.replace(b'"custody":2', b'"custody":3')))
    yield Vector("log-not-described-with-custody", 1, edit(lambda lines: lines.pop(1)))
