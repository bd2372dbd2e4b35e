#!/usr/bin/env python3
"""Check an exported bundle of audit events offline: that each event is in the log, unchanged, where it says it is.

    python verify_bundle.py BUNDLE --key KEY [--key KEY …] [--witness KEY … --witnesses COUNT]

Needs Python 3.11, the package `cryptography`, and the log's public key, which must not come with the bundle. The format
is described in docs/bundle-format.md; it is built from RFC 8785 (canonical JSON), RFC 9162 (Merkle trees) and the C2SP
specifications signed-note, tlog-checkpoint and tlog-cosignature. This file uses none of the console's code, on purpose.

Prints one line for each thing that is wrong. Exit status: 0 all is proved, 1 something is not, 2 nothing could be checked.
"""

import argparse
import base64
import binascii
import json
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMATS = ("audit-trail-bundle/v1", "audit-trail-bundle/v2")  # the second has statements beside events
MAX_LINE = 16 * 1024 * 1024  # bytes
EMPTY = sha256(b"").digest()
ED25519, COSIGNATURE = 0x01, 0x04  # the signature types of signed-note
MAX_INTEGER = 2**53 - 1  # beyond, RFC 8785 rounds


class Wrong(Exception):
    """Something in the bundle does not hold; the message says what."""


class Key(NamedTuple):
    """A public key: whose, its id as in a signature line, its type, and 32 bytes."""

    name: str
    id: bytes
    kind: int
    public: bytes


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


class NotABundle(Exception):
    """The file is something else, so nothing in it can be checked."""


def log_key(text: str) -> Key:
    return parse_key(text, ED25519)


def witness_key(text: str) -> Key:
    return parse_key(text, COSIGNATURE)


def parse_key(text: str, kind: int) -> Key:
    """From `name+hash+base64`, as signed-note has it. Raises ArgumentTypeError, which argparse tells the person."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        data = unbase64(encoded)
    except Wrong as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is not name+hash+base64: {wrong}") from None
    if len(data) != 33 or data[0] != kind or not is_name(name):
        raise argparse.ArgumentTypeError(f"{text!r} is not an Ed25519 key of signature type {kind}")
    if sha256(name.encode() + b"\n" + data).hexdigest()[:8] != key_id:
        raise argparse.ArgumentTypeError(f"the hash in {text!r} belongs to another key")
    return Key(name, bytes.fromhex(key_id), kind, data[1:])


def is_name(text: str) -> bool:
    return bool(text) and "+" not in text and not any(letter.isspace() for letter in text)


def unbase64(text: Any) -> bytes:
    """Strictly: standard alphabet, padded, and nothing left over."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Wrong("base64 is malformed") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong("base64 is malformed")
    return data


# ---- JSON, read strictly and written as RFC 8785 has it


def parse_json(line: bytes) -> dict[str, Any]:
    """One line's object. Refuses what two readers could read differently: names twice, floats, big integers."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Wrong("a name stands twice in one object")
        return found

    def integer(text: str) -> int:
        if text == "-0" or len(text) > 17 or abs(int(text)) > MAX_INTEGER:
            raise Wrong("an integer is out of range")
        return int(text)

    def refuse(text: str) -> Any:
        raise Wrong(f"{text[:40]} is no number that can be sealed")

    try:
        value = json.loads(
            line.decode(), object_pairs_hook=unique, parse_int=integer, parse_float=refuse, parse_constant=refuse
        )
    except (ValueError, RecursionError):
        raise Wrong("the line is not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise Wrong("the line is not a JSON object")
    return value


def canonical(value: Any) -> str:
    """RFC 8785, for values without floats: names in the order of their UTF-16 code units, no space, least escapes."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def sealed(event: Any) -> bytes:
    """The bytes of an event that were hashed. What was never sealed may not stand in a bundle's event."""
    if not isinstance(event, dict) or not isinstance(event.get("event"), dict):
        raise Wrong("the event is not an object with an event in it")
    if "raw" in event or "ingested" in event["event"]:
        raise Wrong("the event holds raw or event.ingested, which are not sealed")
    try:
        return canonical(event).encode()
    except UnicodeEncodeError:
        raise Wrong("the event holds half a character") from None
    except RecursionError:
        raise Wrong("the event is nested too deeply") from None


# ---- Merkle trees, RFC 9162 §2.1


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def hashes(values: Any) -> list[bytes]:
    found = [unbase64(value) for value in values] if isinstance(values, list) else None
    if found is None or len(found) > 64 or any(len(one) != 32 for one in found):
        raise Wrong("a proof is not a list of hashes")
    return found


def climb(index: int, last: int, proof: list[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Each hash of a proof, and whether it stands left. Raises Wrong where their number is not that of the way up."""
    for sibling in proof:
        if last == 0:
            raise Wrong("the proof is too long")
        left = bool(index & 1) or index == last
        yield left, sibling
        while left and index and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    if last:
        raise Wrong("the proof is too short")


def check_inclusion(leaf: bytes, index: Any, tree: Checkpoint, proof: list[bytes]) -> None:
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < tree.size:
        raise Wrong(f"there is no leaf {index!r:.40} in a tree of {tree.size}")
    for left, sibling in climb(index, tree.size - 1, proof):
        leaf = node(sibling, leaf) if left else node(leaf, sibling)
    if leaf != tree.root:
        raise Wrong("the event is not the one that was sealed there")


def check_consistency(old: Checkpoint, new: Checkpoint, proof: list[bytes]) -> None:
    if old.origin != new.origin:
        raise Wrong(f"the checkpoint is of another log, {new.origin}")
    if old.size > new.size:
        raise Wrong("the checkpoint is older than the one before")
    if old.size in (0, new.size):
        if proof or (old.size == new.size and old.root != new.root):
            raise Wrong("the checkpoint contradicts the one before")
        return
    index, last = old.size - 1, new.size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if index and not proof:
        raise Wrong("the proof is too short")
    before = after = proof[0] if index else old.root
    for left, sibling in climb(index, last, proof[1:] if index else proof):
        before = node(sibling, before) if left else before
        after = node(sibling, after) if left else node(after, sibling)
    if (before, after) != (old.root, new.root):
        raise Wrong("the checkpoint contradicts the one before")


# ---- Checkpoints: C2SP signed-note, tlog-checkpoint, tlog-cosignature


def open_note(note: Any) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A signed note's text, and of each signature the name, the key's id and the rest."""
    if not isinstance(note, str) or re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]", note):
        raise Wrong("the checkpoint is not a signed note")
    text, separator, rest = note.rpartition("\n\n")
    *found, end = rest.split("\n")
    if not separator or end or not 1 <= len(found) <= 100:
        raise Wrong("the checkpoint is not a signed note")
    signatures = []
    for line in found:
        dash, _, named = line.partition(" ")
        name, _, encoded = named.partition(" ")
        data = unbase64(encoded)
        if dash != "\N{EM DASH}" or not is_name(name) or len(data) <= 4:
            raise Wrong("a signature line is malformed")
        signatures.append((name, data[:4], data[4:]))
    return text + "\n", signatures


def signers(note: Any, keys: list[Key]) -> set[Key]:
    """Which of the keys signed. Raises Wrong if a signature of one of them does not hold."""
    text, signatures = open_note(note)
    found = set()
    for key in keys:
        for name, key_id, value in signatures:
            if (name, key_id) != (key.name, key.id):
                continue
            signed = text
            if key.kind == COSIGNATURE:
                signed = f"cosignature/v1\ntime {int.from_bytes(value[:8])}\n{text}"
                value = value[8:]
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(value, signed.encode())
            except InvalidSignature:
                raise Wrong(f"the signature of {key.name} does not hold") from None
            found.add(key)
    return found


def parse_checkpoint(note: Any) -> Checkpoint:
    text, _ = open_note(note)
    *lines, _end = text.split("\n")
    if len(lines) < 3 or not all(lines) or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1], re.ASCII):
        raise Wrong("the checkpoint is malformed")
    found = Checkpoint(lines[0], int(lines[1]), unbase64(lines[2]))
    if found.size >= 2**63 or len(found.root) != 32 or (found.size == 0 and found.root != EMPTY):
        raise Wrong("the checkpoint is malformed")
    return found


# ---- The bundle


class Bundle:
    """Reads a bundle line by line. `findings` are what is wrong, as `line 7: …`."""

    def __init__(self, keys: list[Key], witnesses: list[Key], needed: int) -> None:
        self.keys, self.witnesses, self.needed = keys, witnesses, needed
        self.findings: list[str] = []
        self.tree: Checkpoint | None = None
        self.with_statements = False
        self.signed: set[tuple[int, str]] = set()
        self.cosigned = self.checkpoints = self.proved = self.events = self.stated = 0
        self.last_index = -1
        self.told = self.ended = False
        self.digest = sha256()

    def check(self, file: BinaryIO) -> None:
        first = file.readline(MAX_LINE)
        try:
            opening = parse_json(first)
            if set(opening) != {"format"} or opening["format"] not in FORMATS:
                raise NotABundle
        except Wrong as wrong:
            raise NotABundle from wrong
        self.with_statements = opening["format"] == FORMATS[1]
        self.digest.update(first)
        number = 1
        while line := file.readline(MAX_LINE + 1):
            number += 1
            try:
                self.check_line(line, number)
            except Wrong as wrong:
                self.findings.append(f"line {number}: {wrong}")
            self.digest.update(line)
        if not self.ended:
            self.findings.append(f"line {number + 1}: the bundle ends early")

    def check_line(self, line: bytes, number: int) -> None:
        if self.ended:
            raise Wrong("nothing may follow the end")
        if len(line) > MAX_LINE or not line.endswith(b"\n"):
            raise Wrong("the line is too long or cut off")
        content = parse_json(line)
        names = set(content)
        if number == 2 and names == {"about"}:
            self.about(content["about"])
        elif names == {"checkpoint", "consistency"}:
            self.checkpoint(content["checkpoint"], content["consistency"])
        elif names - {"about", "statement" if self.with_statements else ""} == {"index", "event", "proof"}:
            self.events += 1
            self.event(content["index"], content["event"], content["proof"])
            if "statement" in names and self.tree:
                self.statement(content["statement"], content["event"], content["index"])
            if "about" in names:
                self.about(content["about"])
        elif names == {"end"}:
            self.end(content["end"])
        else:
            raise Wrong("the line is none of checkpoint, event and end")

    def about(self, about: Any) -> None:
        """What whoever made the bundle says of it or of an event. Nothing proves it, and the last line says so."""
        if not isinstance(about, dict):
            raise Wrong("what it is about is not an object")
        self.told = True

    def checkpoint(self, note: Any, consistency: Any) -> None:
        """Later events are believed only by a checkpoint that holds."""
        self.checkpoints += 1
        before, self.tree = self.tree, None
        if self.events:
            raise Wrong("a checkpoint stands behind an event")
        tree, proof = parse_checkpoint(note), hashes(consistency)
        if tree.origin not in {key.name for key in signers(note, self.keys)}:
            raise Wrong("the checkpoint is not signed by a key given of the log that it names")
        self.cosigned = len({key.public for key in signers(note, self.witnesses)})
        if before:
            check_consistency(before, tree, proof)
        elif proof or self.checkpoints > 1:
            raise Wrong("there is no sound checkpoint before to be consistent with")
        self.signed.add((tree.size, tree.root.hex()))
        self.tree = tree

    def settle(self) -> None:
        """The last checkpoint proves the events, so it is the one that must have its witnesses."""
        if self.tree and self.cosigned < self.needed:
            self.tree = None
            raise Wrong(f"the last checkpoint is cosigned by {self.cosigned} of the witnesses given, not {self.needed}")

    def event(self, index: Any, event: Any, proof: Any) -> None:
        self.settle()
        if self.tree is None:
            if self.events > 1:
                return  # and one finding is enough
            raise Wrong("there is no sound checkpoint to prove any event by")
        name = event["event"].get("id") if isinstance(event, dict) and isinstance(event.get("event"), dict) else None
        try:
            check_inclusion(sha256(b"\x00" + sealed(event)).digest(), index, self.tree, hashes(proof))
            if index <= self.last_index:
                raise Wrong("it stands behind a later one, or twice")
        except Wrong as wrong:
            raise Wrong(f"event {name!r:.200}, leaf {index!r:.40}: {wrong}") from None
        self.last_index = index
        self.proved += 1

    def statement(self, statement: Any, event: Any, index: int) -> None:
        """What an event put on record by its digest: that a search found nothing, asked when the log had a certain size."""
        self.stated += 1
        labels = event.get("labels")
        try:
            form = canonical(statement).encode()
        except (UnicodeEncodeError, RecursionError):
            raise Wrong("the statement cannot be hashed") from None
        if not isinstance(labels, dict) or labels.get("absence") != sha256(form).hexdigest():
            raise Wrong(f"leaf {index}: the statement is not the one that the event put on record")
        if not isinstance(statement, dict):
            raise Wrong(f"leaf {index}: the statement is not an object")
        if (known := statement.get("checkpoint")) is None:
            return
        size, root = (known.get("size"), known.get("root")) if isinstance(known, dict) else (None, None)
        if not isinstance(size, int) or not isinstance(root, str) or (size, root) not in self.signed:
            raise Wrong(f"leaf {index}: the statement names a checkpoint that does not stand above")

    def end(self, end: Any) -> None:
        self.ended = True
        self.settle()
        expected = {"checkpoints": self.checkpoints, "events": self.events, "sha256": self.digest.hexdigest()}
        if canonical(end) != canonical(expected):
            raise Wrong("the bundle is not as it was written: lines are missing, added or changed")
        if self.tree is None and not self.findings:
            raise Wrong("the bundle has no checkpoint")


def main() -> int:
    parser = argparse.ArgumentParser(description="Check an exported bundle of audit events offline.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument(
        "--key", type=log_key, action="append", required=True, metavar="KEY", help="a public key of the log"
    )
    parser.add_argument(
        "--witness", type=witness_key, action="append", default=[], metavar="KEY", help="a witness's public key"
    )
    parser.add_argument("--witnesses", type=int, default=0, metavar="COUNT", help="how many of them must have cosigned")
    options = parser.parse_args()
    bundle = Bundle(options.key, options.witness, options.witnesses)
    try:
        with options.bundle.open("rb") as file:
            bundle.check(file)
    except NotABundle:
        print(f"The file is not a bundle of the format {' or '.join(FORMATS)}.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The bundle cannot be read: {error}", file=sys.stderr)
        return 2
    for finding in bundle.findings:
        print(finding)
    tree = f", in the log {bundle.tree.origin} of {bundle.tree.size} events" if bundle.tree else ""
    told = "; what stands under “about” was said by whoever made the bundle, and is not proved" if bundle.told else ""
    stated = f"; {bundle.stated} of them put on record that nothing was found" if bundle.stated else ""
    print(f"{bundle.proved} of {bundle.events} events proved{tree}{stated}; {len(bundle.findings)} findings{told}")
    return 1 if bundle.findings else 0


if __name__ == "__main__":
    sys.exit(main())
