"""Bundles that hold, and what must be refused: the first of the test vectors (vector_set).

The keys are known to everybody and sign nothing else.
"""

import json
import tempfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785

from trail.canonical_form import canonicalise
from trail.documents import nest
from trail.integrity import bundle
from trail.integrity.bundle import BundleEntry
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.merkle import leaf_hash
from trail.integrity.signed_note import Algorithm, Signer, encode
from trail.integrity.tiles import FileStore, Tree

LOG = Signer("example.com/trail", b"\x01" * 32)
ROTATED = Signer("example.com/trail", b"\x02" * 32)
STRANGER = Signer("example.com/trail", b"\x03" * 32)
OTHER = Signer("example.com/other", b"\x06" * 32)
WITNESS = Signer("example.com/witness", b"\x04" * 32, Algorithm.COSIGNATURE)
KEYS = [LOG.verifier, ROTATED.verifier]
SAID = {"evidence": "E1", "reason": "Straße </script>"}

Lines = list[dict[str, Any]]


def event(number: int) -> dict[str, Any]:
    """An event of the vectors; some have what is hard to write canonically."""
    hard = {3: 'é \u2028 \U0001f511 "quoted" \\ \b\f\n\r\t \x01 \x7f', 5: "Straße </script>"}
    labels = {3: {"b": "1", "a": "2", "B": "3", "_": "4"}}
    return nest(
        {
            "@timestamp": f"2026-11-24T09:30:00.{number:09d}Z",
            "event.id": f"vector-{number}",
            "event.action": "token.verify",
            "event.outcome": "success",
            "event.dataset": "vectors",
            "event.sequence": 9_007_199_254_740_991 if number == 3 else number,
            "token.cache_hit": number % 2 == 0,
            "token.caveats.types": ["org", "app"] if number % 3 == 0 else None,
            "message": hard.get(number),
            "labels": labels.get(number),
        }
    )


def signed(tree: Tree, size: int, *signers: Signer, witness: bool = False) -> bytes:
    made = Checkpoint(LOG.name, size, tree.root_at(size))
    message = made.sign(*signers)
    return message + WITNESS.sign(made.text(), 1_795_000_000).line().encode() if witness else message


def sound(folder: Path) -> dict[str, bytes]:
    """The bundles that hold, by name."""
    tree = Tree(FileStore(folder / "tree"))
    tree.append(leaf_hash(canonicalise(event(number))) for number in range(300))
    old, new = signed(tree, 20, LOG), signed(tree, 300, ROTATED, witness=True)

    def make(checkpoints: list[bytes], *indexes: int) -> bytes:
        return b"".join(
            bundle.build_lines(tree, checkpoints, KEYS, [BundleEntry(index, event(index)) for index in indexes])
        )

    return {
        "alone": make([signed(tree, 1, LOG)], 0),
        "seven": make([signed(tree, 7, LOG)], *range(7)),
        "nothing": make([old]),
        "rotated": make([old, new], 3, 5, 19, 20, 255, 256, 299),
        "same-size": make([old, signed(tree, 20, ROTATED)], 3),
        "about": b"".join(
            bundle.build_lines(
                tree, [old], KEYS, [BundleEntry(3, event(3), SAID), BundleEntry(4, event(4))], {"case": "c"}
            )
        ),
        "absence": _absence(folder, "vectors"),
        "record-absence": _absence(folder, "console"),
        "from-empty": make([signed(tree, 0, LOG), signed(tree, 256, LOG, ROTATED, witness=True)], 128),
    }


def _absence(folder: Path, dataset: str) -> bytes:
    """A log of 12 events whose last puts on record that nothing was found when there were seven."""
    tree = Tree(FileStore(folder / f"absence-{dataset}"))
    tree.append(leaf_hash(canonicalise(event(number))) for number in range(11))
    checkpoint = {"size": 7, "root": tree.root_at(7).hex(), "note": signed(tree, 7, LOG).decode()}
    statement = {
        "format": "audit-trail-absence/v1",
        "query": {"words": "user.id: zoë", "url": {"f": ["user.id:zoë"]}},
        "counted": 0,
        "checkpoint": checkpoint,
    }
    digest = sha256(rfc8785.dumps(statement)).hexdigest()
    record = event(11) | {"labels": {"absence": digest}}
    record["event"]["dataset"] = dataset
    tree.append([leaf_hash(canonicalise(record))])
    entries = [BundleEntry(3, event(3)), BundleEntry(11, record, SAID, statement)]
    checkpoints = [signed(tree, 7, LOG), signed(tree, 12, ROTATED, witness=True)]
    return b"".join(bundle.build_lines(tree, checkpoints, KEYS, entries, {"case": "c"}, bundle.WITH_STATEMENTS))


@cache
def sound_bundles() -> dict[str, bytes]:
    """The same, for tests."""
    with tempfile.TemporaryDirectory() as folder:
        return sound(Path(folder))


def seal(lines: Lines) -> bytes:
    """Lines with an end that fits them, as somebody would write it who knows the format."""
    *body, _ = lines
    written = b"".join(_write(line) for line in body)
    counts = {
        "checkpoints": sum("checkpoint" in line for line in body),
        "events": sum("event" in line for line in body),
    }
    if body[:1] == [{"format": bundle.WITH_CUSTODY}]:
        counts["custody"] = sum("custody" in line for line in body)
    return written + _write({"end": {**counts, "sha256": sha256(written).hexdigest()}})


def resealed(content: bytes, old: bytes, new: bytes) -> bytes:
    """The text of a bundle changed, and the end made to fit."""
    assert old in content
    return refit(content.replace(old, new, 1))


def refit(content: bytes) -> bytes:
    """A bundle whose end, if it has one, is given the digest of what stands before it."""
    *body, end = content.splitlines(keepends=True) or [b""]
    try:
        told = json.loads(end)["end"]
        return b"".join(body) + _write({"end": told | {"sha256": sha256(b"".join(body)).hexdigest()}})
    except (ValueError, KeyError, TypeError):
        return content


def _write(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def tampered(folder: Path, rotated: bytes) -> dict[str, bytes]:
    """What must be refused, by name: each is the bundle `rotated` with one thing done to it."""
    return {**_edited(rotated), **_restructured(folder, rotated), **_retyped(rotated)}


def misstated(absence: bytes) -> dict[str, bytes]:
    """The same of the bundle `absence`: lines 0 format, 1 about, 2 and 3 checkpoints, 4 and 5 events, 6 end."""

    def edit(change: Callable[[Lines], object]) -> bytes:
        lines = [json.loads(line) for line in absence.splitlines()]
        change(lines)
        return seal(lines)

    def stated(lines: Lines) -> dict[str, Any]:
        found: dict[str, Any] = lines[5]["statement"]
        return found

    return {
        "statement-changed": edit(lambda lines: stated(lines)["query"].update(words="user.id: ann")),
        "statement-counted-otherwise": edit(lambda lines: stated(lines).update(counted=1)),
        "statement-without-its-checkpoint": edit(lambda lines: stated(lines).update(checkpoint=None)),
        "statement-of-another-event": edit(lambda lines: lines[4].update(statement=lines[5].pop("statement"))),
        "statement-not-an-object": edit(lambda lines: lines[5].update(statement=[])),
        "statement-with-half-a-character": resealed(absence, b'"audit-trail-absence/v1"', b'"\\ud800"'),
        "statement-whose-checkpoint-is-not-there": edit(lambda lines: (lines.pop(2), lines[2].update(consistency=[]))),
        "statement-in-the-first-format": edit(lambda lines: lines[0].update(format=bundle.FORMAT)),
    }


def _edited(rotated: bytes) -> dict[str, bytes]:
    """Lines 0 format, 1 and 2 checkpoints, 3 to 9 events, 10 end; the end made to fit again."""

    def edit(change: Callable[[Lines], object]) -> bytes:
        lines = [json.loads(line) for line in rotated.splitlines()]
        change(lines)
        return seal(lines)

    def proof(lines: Lines) -> list[str]:
        found: list[str] = lines[4]["proof"]
        return found

    def event_of(lines: Lines) -> dict[str, Any]:
        found: dict[str, Any] = lines[4]["event"]
        return found

    odd = encode(b"\x07" * 32)
    return {
        "event-value-changed": edit(lambda lines: event_of(lines)["event"].update(outcome="failure")),
        "event-number-changed": edit(lambda lines: event_of(lines)["event"].update(sequence=6)),
        "event-time-changed": edit(lambda lines: event_of(lines).update({"@timestamp": "2026-11-24T09:30:00Z"})),
        "event-field-added": edit(lambda lines: event_of(lines).update(user={"id": "mallory"})),
        "event-null-added": edit(lambda lines: event_of(lines).update(user=None)),
        "event-field-removed": edit(lambda lines: event_of(lines).pop("message")),
        "event-field-renamed": edit(lambda lines: event_of(lines).update(massage=event_of(lines).pop("message"))),
        "event-list-reordered": edit(lambda lines: lines[3]["event"]["token"]["caveats"]["types"].reverse()),
        "event-raw-added": edit(lambda lines: event_of(lines).update(raw={"user": "mallory"})),
        "event-ingested-added": edit(lambda lines: event_of(lines)["event"].update(ingested="2026-11-24T09:30:00Z")),
        "event-not-an-object": edit(lambda lines: lines[4].update(event="vector-5")),
        "event-without-event": edit(lambda lines: event_of(lines).pop("event")),
        "events-exchanged": edit(lambda lines: lines[4].update(event=lines[5]["event"])),
        "index-changed": edit(lambda lines: lines[4].update(index=4)),
        "index-negative": edit(lambda lines: lines[4].update(index=-5)),
        "index-beyond": edit(lambda lines: lines[9].update(index=300)),
        "index-a-text": edit(lambda lines: lines[4].update(index="5")),
        "index-true": edit(lambda lines: lines[4].update(index=True)),
        "index-missing": edit(lambda lines: lines[4].pop("index")),
        "proof-too-short": edit(lambda lines: proof(lines).pop()),
        "proof-too-long": edit(lambda lines: proof(lines).append(odd)),
        "proof-empty": edit(lambda lines: proof(lines).clear()),
        "proof-reordered": edit(lambda lines: proof(lines).reverse()),
        "proof-changed": edit(lambda lines: proof(lines).__setitem__(2, odd)),
        "proof-of-another": edit(lambda lines: lines[4].update(proof=lines[5]["proof"])),
        "proof-of-31-bytes": edit(lambda lines: proof(lines).__setitem__(2, encode(b"\x07" * 31))),
        "proof-not-base64": edit(lambda lines: proof(lines).__setitem__(2, proof(lines)[2][:-1])),
        "proof-a-number": edit(lambda lines: proof(lines).__setitem__(2, 7)),
        "proof-a-text": edit(lambda lines: lines[4].update(proof=odd)),
        "proof-of-65-hashes": edit(lambda lines: lines[4].update(proof=[odd] * 65)),
        "consistency-missing": edit(lambda lines: lines[2].update(consistency=[])),
        "consistency-too-long": edit(lambda lines: lines[2]["consistency"].append(odd)),
        "consistency-too-short": edit(lambda lines: lines[2]["consistency"].pop()),
        "consistency-changed": edit(lambda lines: lines[2]["consistency"].__setitem__(1, odd)),
        "consistency-before-the-first": edit(lambda lines: lines[1].update(consistency=[odd])),
        "checkpoint-removed": edit(lambda lines: lines.pop(2)),
        "checkpoints-removed": edit(lambda lines: lines.__delitem__(slice(1, 3))),
        "all-removed": edit(lambda lines: lines.__delitem__(slice(1, 10))),
        "checkpoints-exchanged": edit(lambda lines: lines.insert(1, lines.pop(2))),
        "checkpoint-behind-events": edit(lambda lines: lines.insert(5, lines.pop(2))),
        "checkpoint-not-a-text": edit(lambda lines: lines[2].update(checkpoint=7)),
        "events-out-of-order": edit(lambda lines: lines.insert(4, lines.pop(5))),
        "event-twice": edit(lambda lines: lines.insert(5, lines[4])),
        "member-added": edit(lambda lines: lines[4].update(note="trust me")),
        "about-behind-a-checkpoint": edit(lambda lines: lines.insert(2, {"about": {}})),
        "about-twice": edit(lambda lines: lines.__setitem__(slice(1, 1), [{"about": {}}, {"about": {}}])),
        "about-not-an-object": edit(lambda lines: lines.insert(1, {"about": "trust me"})),
        "about-an-event-not-an-object": edit(lambda lines: lines[4].update(about="trust me")),
        "about-with-another-member": edit(lambda lines: lines.insert(1, {"about": {}, "note": {}})),
        "line-of-another-kind": edit(lambda lines: lines.insert(5, {"comment": "trust me"})),
    }


def _restructured(folder: Path, rotated: bytes) -> dict[str, bytes]:
    """Checkpoints forged or of another history, and lines taken or added without a fitting end."""
    lines = [json.loads(line) for line in rotated.splitlines()]
    parts = rotated.splitlines(keepends=True)
    forked = Tree(FileStore(folder / "fork"))
    forked.append(leaf_hash(canonicalise(event(number + (number == 7)))) for number in range(300))
    text = lines[2]["checkpoint"]
    _, head, cosigned = text.rsplit("\N{EM DASH} ", 2)

    def checkpoint(message: str | bytes) -> bytes:
        note = message if isinstance(message, str) else message.decode()
        return seal([*lines[:2], {**lines[2], "checkpoint": note}, *lines[3:]])

    root = signed(forked, 300, ROTATED).decode().split("\n")[2]
    return {
        "checkpoint-size-changed": checkpoint(text.replace("\n300\n", "\n301\n")),
        "checkpoint-size-padded": checkpoint(text.replace("\n300\n", "\n0300\n")),
        "checkpoint-root-changed": checkpoint(text.replace(text.split("\n")[2], root)),
        "checkpoint-root-short": checkpoint(text.replace(text.split("\n")[2], "AAAA")),
        "checkpoint-of-another-log": checkpoint(text.replace("example.com/trail\n300", "example.com/other\n300")),
        "checkpoint-origin-signed-otherwise": checkpoint(
            Checkpoint("example.com/other", 300, b"\x05" * 32).sign(ROTATED)
        ),
        "checkpoint-extension-added": checkpoint(text.replace("\n\n", "\ntrust me\n\n")),
        "checkpoint-signed-by-a-stranger": checkpoint(
            text.replace(f"\N{EM DASH} {head}", "").replace(
                f"\N{EM DASH} {cosigned}", STRANGER.sign(text.rpartition("\n\n")[0] + "\n").line()
            )
        ),
        "checkpoint-not-signed": checkpoint(text.partition("\n\n")[0] + "\n"),
        "checkpoint-signed-by-the-witness-alone": checkpoint(text.replace(f"\N{EM DASH} {head}", "")),
        "checkpoint-not-cosigned": checkpoint(text.replace(f"\N{EM DASH} {cosigned}", "")),
        "cosignature-of-another": checkpoint(
            text.replace(f"\N{EM DASH} {cosigned}", WITNESS.sign("another\n", 1_795_000_000).line())
        ),
        "checkpoint-signature-cut": checkpoint(text.replace(head, head.rstrip()[:-4] + "\n")),
        "checkpoint-signature-of-another": checkpoint(
            text.replace(f"\N{EM DASH} {head}", ROTATED.sign("another\n").line())
        ),
        "checkpoint-older": checkpoint(signed(forked, 7, ROTATED, witness=True)),
        "checkpoint-of-a-second-log": checkpoint(Checkpoint(OTHER.name, 300, b"\x05" * 32).sign(OTHER)),
        "fork": checkpoint(signed(forked, 300, ROTATED, witness=True)),
        "fork-before": seal([lines[0], {**lines[1], "checkpoint": signed(forked, 20, LOG).decode()}, *lines[2:]]),
        "line-removed": b"".join([*parts[:5], *parts[6:]]),
        "line-added": b"".join([*parts[:5], parts[4], *parts[5:]]),
        "last-lines-cut": b"".join(parts[:8]),
        "cut-within-a-line": rotated[:-100],
        "cut-before-the-last-newline": rotated[:-1],
        "lines-behind-the-end": rotated + parts[9],
        "end-counts-otherwise": rotated.replace(b'"events":7', b'"events":8'),
        "end-counts-true": rotated.replace(b'"checkpoints":2', b'"checkpoints":true'),
        "end-of-another": rotated.replace(parts[10][-10:-4], b"abcdef"),
        "space-added": rotated.replace(b'{"index":5,', b'{"index": 5,'),
    }


def _retyped(rotated: bytes) -> dict[str, bytes]:
    """The same JSON values, or nearly, written so that two readers might read them differently."""
    return {
        "name-twice": resealed(rotated, b'"message":"Stra', b'"message":"forged","message":"Stra'),
        "half-a-character": resealed(rotated, b'"message":"Stra', b'"message":"\\ud800Stra'),
        "number-as-a-fraction": resealed(rotated, b'"sequence":5', b'"sequence":5.0'),
        "number-with-an-exponent": resealed(rotated, b'"sequence":5', b'"sequence":5e0'),
        "number-minus-zero": resealed(rotated, b'"sequence":5', b'"sequence":-0'),
        "number-too-large": resealed(rotated, b'"sequence":9007199254740991', b'"sequence":9007199254740992'),
        "number-not-a-number": resealed(rotated, b'"sequence":5', b'"sequence":NaN'),
        "not-utf-8": resealed(rotated, "Straße".encode(), b"Stra\xdfe"),
        "not-an-object": resealed(rotated, rotated.splitlines()[4], b"[]"),
        "not-json": resealed(rotated, b'{"index":5,', b'{"index":5,,'),
        "nested-without-end": resealed(rotated, b'"Stra', b"[" * 20_000 + b'"Stra'),
        "nested-deeply": resealed(rotated, '"Straße </script>"'.encode(), b"[" * 600 + b"]" * 600),
    }
