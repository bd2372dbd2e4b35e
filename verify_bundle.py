#!/usr/bin/env python3
"""Checks an exported bundle of audit events offline: that each event is in the log, unchanged, where it says it is.

    python verify_bundle.py BUNDLE --key KEY[@SIZE] [--key KEY …] [--witness KEY … [--witnesses COUNT]]
                            [--console-key KEY … [--signed-from LEAF]]

Needs Python 3.11, the package `cryptography`, and the log's public key, which must not come with the bundle; with the console's
public key it also checks that the records which say they are the console's own were signed by it. The format is described in
docs/trail/bundle-format.md; it is built from RFC 8785 (canonical JSON), RFC 9162 (Merkle trees) and the C2SP specifications
signed-note, tlog-checkpoint and tlog-cosignature. This file uses none of the console's code, on purpose; verify_bundle.html is
the same for a browser, with the same names and words.

Prints one line for each thing that is wrong, 100 at most, and one that sums up, all in ASCII. Exit status: 0 all is proved,
1 something is not, 2 nothing could be checked (no such file, not a bundle, no usable key), 130 stopped by Ctrl-C.
"""

import argparse
import base64
import binascii
import json
import os
import re
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# The second has statements beside events, the third also what the bundle says of the log's keys and witnesses, the fourth
# also the custody of the events, the fifth also events of which the leaf alone is named.
FORMATS = tuple(f"audit-trail-bundle/v{version}" for version in range(1, 6))
LABELS = ("absence", "statement")  # of an event that puts a statement on record: one of these names its digest
CUSTODY = (
    "evidence",
    "action",
    "at",
    "by",
    "address",
    "client",
    "detail",
    "event_id",
)  # the members of an entry, all texts
MAX_LINE = 16 * 1024 * 1024  # bytes
MAX_NESTING = 128  # objects and lists in each other, in a line
MAX_FINDINGS = 100  # told; the others are counted
MAX_INTEGER = 2**53 - 1  # beyond, RFC 8785 rounds
EMPTY = sha256(b"").digest()
ED25519, COSIGNATURE = 0x01, 0x04  # the signature types of signed-note
DATASET, WRITER = "console", "auditconsole"  # what the console's own records, and no others, are called
RECORD = "auditconsole-record/v1\n"  # before what the console signs of a record
SPACE = r"[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"

# Each reason for which something is not believed, by the name that the test vectors give it.
REASONS = {
    "line-after-end": "nothing may follow the end",
    "line-too-long": "the line is longer than 16 MiB",
    "line-cut": "the line is cut off",
    "line-kind": "the line is none of those that may stand here",
    "bundle-cut": "the bundle ends early",
    "nesting": "the line is nested too deeply",
    "json": "the line is not JSON in UTF-8",
    "json-object": "the line is not a JSON object",
    "json-name-twice": "a name stands twice in one object",
    "json-number": "{number} is no number that can be sealed",
    "json-half-character": "the line holds half a character",
    "base64": "base64 is malformed",
    "about": "what it is about is not an object",
    "log-line": "what the bundle says of the log is malformed",
    "log-line-missing": "the bundle does not say what keys and witnesses the log has",
    "note": "the checkpoint is not a signed note",
    "signature-line": "a signature line is malformed",
    "signature": "the signature of {name} does not hold",
    "checkpoint": "the checkpoint is malformed",
    "checkpoint-late": "a checkpoint stands behind an event",
    "checkpoint-unsigned": "the checkpoint is not signed by a key given of the log that it names",
    "checkpoint-retired": "the checkpoint of {size} events is signed by a key that counts from {first} to {last}",
    "checkpoint-missing": "the bundle has no checkpoint",
    "checkpoint-unsound": "there is no sound checkpoint to prove any event by",
    "cosignatures": "the last checkpoint is cosigned by {cosigned} of the witnesses given, not {needed}",
    "consistency": "the checkpoint contradicts the one before",
    "consistency-log": "the checkpoint is of another log, {origin}",
    "consistency-older": "the checkpoint is older than the one before",
    "consistency-nothing": "there is no sound checkpoint before to be consistent with",
    "proof": "a proof is not a list of hashes",
    "proof-too-long": "the proof is too long",
    "proof-too-short": "the proof is too short",
    "inclusion": "the event is not the one that was sealed there",
    "inclusion-leaf": "there is no leaf {index} in a tree of {size}",
    "event": "the event is not an object with an event in it",
    "event-unsealed-fields": "the event holds raw or event.ingested, which are not sealed",
    "event-order": "it stands behind a later one, or twice",
    "record-unsigned": "it says that the console wrote it, and is not signed",
    "record-signature-form": "its signature is malformed",
    "record-signature": "it says that the console wrote it, and no console key given signed it",
    "statement": "the statement is not the one that the event put on record",
    "statement-object": "the statement is not an object",
    "statement-checkpoint": "the statement names a checkpoint that does not stand above",
    "statement-missing": "it puts on record that nothing was found, and its statement is not there",
    "custody": "what was done with evidence is not an object of the texts that it has",
    "event-late": "an event stands behind what was done with evidence",
    "end": "the bundle is not as it was written: lines are missing, added or changed",
}

# The same of a case bundle, which this program reads and verify_bundle.html does not.
CASE_REASONS = {
    "archive": "the archive is not laid out as a case bundle is: {what}",
    "member-name": "{name} may not stand in a case bundle, or not here",
    "member-long": "{name} is longer than {most} bytes",
    "member-changed": "{name} is not what the manifest says",
    "manifest": "the manifest is malformed",
    "manifest-signature": "the manifest is not signed by a console key given",
    "case-file": "{name} is malformed",
    "case-evidence": "{label} is not in the bundle of events as the case has it",
    "case-extra": "the bundle of events holds {number} pieces of evidence that the case does not name",
    "case-attachment": "A{number} is not attached as the case has it",
}


class Wrong(Exception):
    """Something in the bundle does not hold: a name in REASONS, what its sentence tells, and which event it is of."""

    def __init__(self, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.reason, self.sentence = reason, (REASONS | CASE_REASONS)[reason].format(**details)


class Unusable(Exception):
    """Nothing can be checked; the message says why."""


Span = tuple[int, int | None]  # the first and the last size for which a key counts; None where it goes on


def show(value: Any, most: int = 200) -> str:
    """A value from the bundle in ASCII, without what a terminal could obey: texts as JSON, objects and lists by their kind."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value).replace("\x7f", "\\u007f")[:most]


# ---- Keys


class Key(NamedTuple):
    """A public key: whose, its id as in a signature line, its type, 32 bytes, and the sizes for which it counts."""

    name: str
    id: bytes
    kind: int
    public: bytes
    first: int = 0
    last: int | None = None

    def counts(self, size: int) -> bool:
        """Whether it may sign a checkpoint of so many leaves."""
        return self.first <= size and (self.last is None or size <= self.last)


class Options(NamedTuple):
    """What somebody gives who checks: keys of the log, witnesses of whom so many must have cosigned, keys of the console."""

    keys: list[Key]
    witnesses: list[Key]
    needed: int
    console_keys: list[Key]
    signed_from: int


def read_options(
    keys: Iterable[str], witnesses: Iterable[str], needed: str | None, console_keys: Iterable[str], signed_from: str
) -> Options:
    """From texts; `needed` is one where a witness is given, unless it says otherwise. Raises Unusable."""
    logs, others = list(map(log_key, keys)), [parse_key(text, COSIGNATURE) for text in witnesses]
    if not logs:
        raise Unusable("No key of the log is given.")
    for witness in others:
        if witness.name in {key.name for key in logs}:
            raise Unusable(f"{show(witness.name)} is the log's own name, and the log is no witness of itself.")
    publics = {witness.public for witness in others}
    count = min(1, len(publics)) if needed is None else parse_size(needed)
    if count > len(publics):
        raise Unusable(f"{count} witnesses must have cosigned, and {len(publics)} are given.")
    return Options(logs, others, count, [parse_key(text, ED25519) for text in console_keys], parse_size(signed_from))


def log_key(text: str) -> Key:
    """A key of the log: KEY, KEY@LAST, KEY@FIRST-LAST or KEY@FIRST-, the sizes of the log from and up to which it counts."""
    span = re.fullmatch(r"(.*)@(?:([0-9]+)-)?([0-9]*)", text, re.DOTALL)
    if not span or not (span[2] or span[3]):
        return parse_key(text, ED25519)
    first, last = parse_size(span[2] or "0"), parse_size(span[3]) if span[3] else None
    if last is not None and first > last:
        raise Unusable(f"{show(text)} counts for no size: {first} is more than {last}.")
    return parse_key(span[1], ED25519)._replace(first=first, last=last)


def parse_size(text: str) -> int:
    """A number of leaves. Raises Unusable."""
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) > MAX_INTEGER:
        raise Unusable(f"{show(text)} is not a number from 0 to 2^53 - 1.")
    return int(text)


def parse_key(text: str, kind: int) -> Key:
    """From `name+hash+base64`, as signed-note has it. Raises Unusable."""
    name, _, hash_and_key = text.partition("+")
    key_id, _, encoded = hash_and_key.partition("+")
    try:
        data = unbase64(encoded)
    except Wrong:
        raise Unusable(f"{show(text)} is not name+hash+base64.") from None
    if len(data) != 33 or data[0] != kind or not is_name(name):
        raise Unusable(f"{show(text)} is not an Ed25519 key of signature type {kind}.")
    if sha256(name.encode(errors="replace") + b"\n" + data).hexdigest()[:8] != key_id:
        raise Unusable(f"The hash in {show(text)} belongs to another key.")
    if not is_point(data[1:]):
        raise Unusable(f"{show(text)} is a point for which anybody can sign, or is not written as RFC 8032 has it.")
    return Key(name, bytes.fromhex(key_id), kind, data[1:])


def is_name(text: str) -> bool:
    """Whether a text can be a key's name: not empty, without spaces and plus signs."""
    return bool(text) and not re.search(rf"\+|{SPACE}", text)


def unbase64(text: Any) -> bytes:
    """Strictly: standard alphabet, padded, and nothing left over."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Wrong("base64") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong("base64")
    return data


# ---- Ed25519, RFC 8032, without the points that programs disagree about

FIELD = 2**255 - 19
# Two of the four points of order 8 have this y, two the other.
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
SMALL_ORDER = (0, 1, FIELD - 1, ORDER_8, FIELD - ORDER_8)


def is_point(encoded: bytes) -> bool:
    """Whether 32 bytes are written as RFC 8032 has it, and are none of the eight points of small order."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return y < FIELD and y not in SMALL_ORDER


def verify_signature(key: Key, value: bytes, signed: str) -> bool:
    """Whether a signature of 64 bytes over a text holds."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, signed.encode())
    except InvalidSignature:
        return False
    return is_point(value[:32])


# ---- JSON, read strictly and written as RFC 8785 has it

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def parse_json(line: bytes) -> dict[str, Any]:
    """One line's object. Refuses what two readers could read differently: names twice, floats, big integers."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise Wrong("json-name-twice")
        return members

    def integer(text: str) -> int:
        if text == "-0" or len(text) > 17 or abs(int(text)) > MAX_INTEGER:
            raise Wrong("json-number", number=text[:40])
        return int(text)

    def refuse(text: str) -> Any:
        raise Wrong("json-number", number=text[:40])

    check_nesting(line)
    try:
        value = json.loads(
            line.decode(), object_pairs_hook=unique, parse_int=integer, parse_float=refuse, parse_constant=refuse
        )
    except ValueError:
        raise Wrong("json") from None
    if not isinstance(value, dict):
        raise Wrong("json-object")
    if b"\\u" in line and HALF_CHARACTER.search(canonical(value)):
        raise Wrong("json-half-character")
    return value


def check_nesting(line: bytes) -> None:
    """That objects and lists are not so deep in each other that a reader gives up. Raises Wrong."""
    if line.count(b"[") + line.count(b"{") <= MAX_NESTING:
        return
    depth = 0
    for token in TOKEN.finditer(line):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        if depth > MAX_NESTING:
            raise Wrong("nesting")


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
        raise Wrong("event")
    if "raw" in event or "ingested" in event["event"]:
        raise Wrong("event-unsealed-fields")
    return canonical(event).encode()


# ---- Merkle trees, RFC 9162 §2.1


class Checkpoint(NamedTuple):
    """What a checkpoint says: the log's name, how many leaves it has, and their root (32 bytes)."""

    origin: str
    size: int
    root: bytes


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def hashes(values: Any) -> list[bytes]:
    """A proof's hashes from base64. Raises Wrong."""
    if not isinstance(values, list) or len(values) > 64:
        raise Wrong("proof")
    proof = list(map(unbase64, values))
    if any(len(digest) != 32 for digest in proof):
        raise Wrong("proof")
    return proof


def climb(index: int, last: int, proof: list[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Each hash of a proof, and whether it stands left. Raises Wrong where their number is not that of the way up."""
    for sibling in proof:
        if last == 0:
            raise Wrong("proof-too-long")
        left = bool(index & 1) or index == last
        yield left, sibling
        while left and index and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    if last:
        raise Wrong("proof-too-short")


def check_inclusion(leaf: bytes, index: Any, tree: Checkpoint, proof: list[bytes]) -> None:
    """That a leaf hash is the tree's leaf of this number (RFC 9162 §2.1.3.2). Raises Wrong."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < tree.size:
        raise Wrong("inclusion-leaf", index=show(index, 40), size=tree.size)
    for left, sibling in climb(index, tree.size - 1, proof):
        leaf = node(sibling, leaf) if left else node(leaf, sibling)
    if leaf != tree.root:
        raise Wrong("inclusion")


def check_consistency(old: Checkpoint, new: Checkpoint, proof: list[bytes]) -> None:
    """That the new tree begins with the old one (RFC 9162 §2.1.4.2). Raises Wrong."""
    if old.origin != new.origin:
        raise Wrong("consistency-log", origin=show(new.origin))
    if old.size > new.size:
        raise Wrong("consistency-older")
    if old.size in (0, new.size):
        if proof or (old.size == new.size and old.root != new.root):
            raise Wrong("consistency")
        return
    index, last = old.size - 1, new.size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if index and not proof:
        raise Wrong("proof-too-short")
    before = after = proof[0] if index else old.root
    for left, sibling in climb(index, last, proof[1:] if index else proof):
        before = node(sibling, before) if left else before
        after = node(sibling, after) if left else node(after, sibling)
    if (before, after) != (old.root, new.root):
        raise Wrong("consistency")


# ---- Checkpoints: C2SP signed-note, tlog-checkpoint, tlog-cosignature


def open_note(note: Any) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A signed note's text, and of each signature the name, the key's id and the rest."""
    if not isinstance(note, str) or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise Wrong("note")
    text, separator, signature_lines = note.rpartition("\n\n")
    *lines, end = signature_lines.split("\n")
    if not separator or end or not 1 <= len(lines) <= 100:
        raise Wrong("note")
    signatures = []
    for line in lines:
        dash, _, named = line.partition(" ")
        name, _, encoded = named.partition(" ")
        data = unbase64(encoded)
        if dash != "\N{EM DASH}" or not is_name(name) or len(data) <= 4:
            raise Wrong("signature-line")
        signatures.append((name, data[:4], data[4:]))
    return text + "\n", signatures


def signers(note: Any, keys: Iterable[Key]) -> list[Key]:
    """Which of the keys signed; signatures of others are ignored. Raises Wrong if one of these keys' does not hold."""
    text, signatures = open_note(note)
    signed_by = []
    for key in keys:
        values = [value for name, key_id, value in signatures if (name, key_id) == (key.name, key.id)]
        for value in values:
            signed, time = text, 0
            if key.kind == COSIGNATURE:  # 8 bytes of time, in seconds since 1970, before the signature proper
                time, value = int.from_bytes(value[:8]), value[8:]
                signed = f"cosignature/v1\ntime {time}\n{text}"
            if time >= 2**63 or not verify_signature(key, value, signed):
                raise Wrong("signature", name=show(key.name))
        signed_by += [key] if values else []
    return signed_by


def parse_checkpoint(note: Any) -> Checkpoint:
    """What the checkpoint in a note says; its signatures are not looked at. Raises Wrong."""
    text, _ = open_note(note)
    *lines, _end = text.split("\n")
    if len(lines) < 3 or not all(lines) or not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1], re.ASCII):
        raise Wrong("checkpoint")
    checkpoint = Checkpoint(lines[0], int(lines[1]), unbase64(lines[2]))
    if checkpoint.size > MAX_INTEGER or len(checkpoint.root) != 32:
        raise Wrong("checkpoint")
    if checkpoint.size == 0 and checkpoint.root != EMPTY:
        raise Wrong("checkpoint")
    return checkpoint


# ---- The console's own records


def is_record(event: dict[str, Any]) -> bool:
    """Whether an event says, in any of three ways, that the console wrote it."""
    writer = event.get("writer")
    names = (event["event"].get("dataset"), DATASET), (writer.get("id") if isinstance(writer, dict) else None, WRITER)
    return "signature" in event or any(isinstance(name, str) and fold(name) == own for name, own in names)


def fold(name: str) -> str:
    """A name without spaces around it and without the difference of capitals."""
    return re.sub(rf"^{SPACE}+|{SPACE}+\Z", "", name).casefold()


def check_record(event: dict[str, Any], keys: list[Key]) -> None:
    """That one of these keys signed the event as it stands. Raises Wrong."""
    signature = event["signature"]
    if not has_members(signature, "key_id", "value"):
        raise Wrong("record-signature-form")
    value, signed = unbase64(signature["value"]), canonical({**event, "signature": {"key_id": signature["key_id"]}})
    if not any(key.id.hex() == signature["key_id"] and verify_signature(key, value, RECORD + signed) for key in keys):
        raise Wrong("record-signature")


# ---- The bundle


def read_log_line(said: Any) -> tuple[dict[str, Span], list[bool]]:
    """What a bundle says of the log: for which sizes each key counts, by name+hash, and of each witness whether it cosigned."""
    if not has_members(said, "keys", "witnesses") or not all(isinstance(part, list) for part in said.values()):
        raise Wrong("log-line")
    spans: dict[str, Span] = {}
    for key in said["keys"]:
        if not has_members(key, "key", "first", "last") or not isinstance(key["key"], str) or key["key"] in spans:
            raise Wrong("log-line")
        first, last = key["first"], key["last"]
        sizes = [first] if last is None else [first, last]
        if any(type(size) is not int or size < 0 for size in sizes) or sizes != sorted(sizes):
            raise Wrong("log-line")
        spans[key["key"]] = first, last
    for witness in said["witnesses"]:
        if not has_members(witness, "key", "cosigned") or not isinstance(witness["key"], str):
            raise Wrong("log-line")
        if not isinstance(witness["cosigned"], bool):
            raise Wrong("log-line")
    return spans, [witness["cosigned"] for witness in said["witnesses"]]


def has_members(value: Any, *names: str) -> bool:
    """Whether a value is an object of exactly these members."""
    return isinstance(value, dict) and value.keys() == set(names)


def narrow(key: Key, span: Span | None) -> Key:
    """A key that counts for no size beyond this span."""
    if span is None:
        return key
    ends = [end for end in (key.last, span[1]) if end is not None]
    return key._replace(first=max(key.first, span[0]), last=min(ends, default=None))


class Finding(NamedTuple):
    """What is wrong: in which line, for which reason, and all of it as a sentence."""

    line: int
    reason: str
    sentence: str


class Bundle:
    """Reads a bundle line by line. `findings` are the first things that are wrong, and `wrong` is how many there are."""

    def __init__(self, options: Options) -> None:
        self.options, self.keys = options, options.keys
        self.findings: list[Finding] = []
        self.wrong = self.checkpoints = self.events = self.proved = self.stated = self.records = self.signed_records = 0
        self.custody = self.withheld = self.others_stated = 0
        self.format = FORMATS[0]
        self.tree: Checkpoint | None = None  # the last checkpoint, if it is sound
        self.signed: set[tuple[int, str]] = set()
        self.cosigned = 0  # by so many of the witnesses given
        self.absent: tuple[int, int] | None = None  # of the log's witnesses so many had not cosigned, it says
        self.last_index = -1
        self.described = self.ended = False
        self.digest = sha256()

    def check(self, file: BinaryIO) -> None:
        """Read the whole file, and note what is wrong. Raises Unusable where it is no bundle, OSError."""
        line = file.readline(MAX_LINE + 1)
        try:
            opening = parse_json(line[:MAX_LINE])
        except Wrong:
            opening = {}
        if set(opening) != {"format"} or opening["format"] not in FORMATS:
            raise Unusable(f"The file is not a bundle of the format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
        self.format = opening["format"]
        number = 1
        self.digest.update(line)
        while line := file.readline(MAX_LINE + 1):
            number += 1
            try:
                self.check_line(line, number)
            except Wrong as wrong:
                self.note(number, wrong)
            self.digest.update(line)
            while len(line) > MAX_LINE and not line.endswith(b"\n"):  # the rest of a line that is too long
                self.digest.update(line := file.readline(MAX_LINE + 1))
        if not self.ended:
            self.note(number + 1, Wrong("bundle-cut"))

    def note(self, number: int, wrong: Wrong) -> None:
        """Keep a finding, if there are not many yet."""
        self.wrong += 1
        if self.wrong <= MAX_FINDINGS:
            self.findings.append(Finding(number, wrong.reason, f"line {number}: {wrong.sentence}"))

    def check_line(self, line: bytes, number: int) -> None:
        """Check one line after the first. Raises Wrong."""
        if self.ended:
            raise Wrong("line-after-end")
        if len(line) > MAX_LINE:
            raise Wrong("line-too-long")
        if not line.endswith(b"\n"):
            raise Wrong("line-cut")
        content = parse_json(line)
        names = set(content)
        statements = {"statement"} if self.format != FORMATS[0] else set()
        if number == 2 and names == {"about"}:
            self.check_description(content["about"])
        elif names == {"log"} and self.format in FORMATS[2:] and self.absent is None and not self.checkpoints:
            self.check_log(content["log"])
        elif names == {"checkpoint", "consistency"}:
            self.check_checkpoint(content["checkpoint"], content["consistency"])
        elif names - {"about"} - statements == {"index", "event", "proof"}:
            self.events += 1
            self.check_event(content)
        elif names - {"about"} == {"index", "leaf_hash", "proof"} and self.format == FORMATS[4]:
            self.events += 1
            self.check_withheld(content)
        elif names == {"custody"} and self.format in FORMATS[3:]:
            self.check_custody(content["custody"])
        elif names == {"end"}:
            self.check_end(content["end"])
        else:
            raise Wrong("line-kind")

    def check_description(self, description: Any) -> None:
        """What the maker of the bundle says of it or of an event under `about`. Nothing proves it, and the last line says so."""
        if not isinstance(description, dict):
            raise Wrong("about")
        self.described = True

    def check_log(self, said: Any) -> None:
        """For which sizes each key of the log counts, by which one can count for less and not for more, and who cosigned."""
        self.absent = (0, 0)
        spans, cosigned = read_log_line(said)
        self.absent = cosigned.count(False), len(cosigned)
        self.keys = [narrow(key, spans.get(f"{key.name}+{key.id.hex()}")) for key in self.options.keys]

    def check_checkpoint(self, note: Any, consistency: Any) -> None:
        """Later events are believed only by a checkpoint that holds."""
        self.checkpoints += 1
        before, self.tree = self.tree, None
        if self.events:
            raise Wrong("checkpoint-late")
        if self.format in FORMATS[2:] and self.absent is None:
            raise Wrong("log-line-missing")
        tree, proof = parse_checkpoint(note), hashes(consistency)
        logs = [key for key in signers(note, self.keys) if key.name == tree.origin]
        if not logs:
            raise Wrong("checkpoint-unsigned")
        if not any(key.counts(tree.size) for key in logs):
            last = "the newest" if logs[0].last is None else logs[0].last
            raise Wrong("checkpoint-retired", size=tree.size, first=logs[0].first, last=last)
        self.cosigned = len({key.public for key in signers(note, self.options.witnesses)})
        if before:
            check_consistency(before, tree, proof)
        elif proof or self.checkpoints > 1:
            raise Wrong("consistency-nothing")
        self.signed.add((tree.size, tree.root.hex()))
        self.tree = tree

    def check_witnesses(self) -> None:
        """The last checkpoint proves the events, so it is the one that must have its witnesses."""
        if self.tree and self.cosigned < self.options.needed:
            self.tree = None
            raise Wrong("cosignatures", cosigned=self.cosigned, needed=self.options.needed)

    def check_event(self, line: dict[str, Any]) -> None:
        """That an event is the log's leaf of this number, and what stands beside it. Raises Wrong."""
        self.check_witnesses()
        if self.custody:
            raise Wrong("event-late")
        if self.tree is None:
            if self.events > 1:
                return  # and one finding is enough
            raise Wrong("checkpoint-unsound")
        index, event = line["index"], line["event"]
        name = event["event"].get("id") if isinstance(event, dict) and isinstance(event.get("event"), dict) else None
        try:
            check_inclusion(sha256(b"\x00" + sealed(event)).digest(), index, self.tree, hashes(line["proof"]))
            if index <= self.last_index:
                raise Wrong("event-order")
            self.check_record(index, event)
            self.check_statement(line, event)
            if "about" in line:
                self.check_description(line["about"])
        except Wrong as wrong:
            wrong.sentence = f"event {show(name)}, leaf {show(index, 40)}: {wrong.sentence}"
            raise
        self.last_index = index
        self.proved += 1

    def check_withheld(self, line: dict[str, Any]) -> None:
        """That an event which stays in the house is the log's leaf of this number, by its hash. Raises Wrong."""
        self.check_witnesses()
        if self.custody:
            raise Wrong("event-late")
        if self.tree is None:
            if self.events > 1:
                return
            raise Wrong("checkpoint-unsound")
        index = line["index"]
        try:
            (leaf,) = hashes([line["leaf_hash"]])
            check_inclusion(leaf, index, self.tree, hashes(line["proof"]))
            if index <= self.last_index:
                raise Wrong("event-order")
            if "about" in line:
                self.check_description(line["about"])
        except Wrong as wrong:
            wrong.sentence = f"leaf {show(index, 40)}: {wrong.sentence}"
            raise
        self.last_index = index
        self.proved += 1
        self.withheld += 1

    def check_record(self, index: int, event: dict[str, Any]) -> None:
        """That a record of the console's own was signed by it, if that is to be checked. Raises Wrong."""
        if not is_record(event):
            return
        self.records += 1
        if not self.options.console_keys:
            return
        if "signature" in event:
            check_record(event, self.options.console_keys)
            self.signed_records += 1
        elif index >= self.options.signed_from:
            raise Wrong("record-unsigned")

    def check_statement(self, line: dict[str, Any], event: dict[str, Any]) -> None:
        """What an event put on record by its digest: what a search found, or that it found nothing, or what a detection
        raised, asked when the log had a certain size."""
        labels = event.get("labels")
        named = [labels.get(name) for name in LABELS] if isinstance(labels, dict) else []
        digest = next((text for text in named if isinstance(text, str)), None)
        if "statement" not in line:
            if is_record(event) and isinstance(digest, str):
                raise Wrong("statement-missing")
            return
        statement = line["statement"]
        if digest != sha256(canonical(statement).encode()).hexdigest():
            raise Wrong("statement")
        if not isinstance(statement, dict):
            raise Wrong("statement-object")
        checkpoint = statement.get("checkpoint")
        size, root = (checkpoint.get("size"), checkpoint.get("root")) if isinstance(checkpoint, dict) else (None, None)
        if checkpoint is not None and (type(size) is not int or (size, str(root)) not in self.signed):
            raise Wrong("statement-checkpoint")
        if isinstance(named[0], str):
            self.stated += 1
        else:
            self.others_stated += 1

    def check_custody(self, entry: Any) -> None:
        """What was done with a piece of evidence, by whom, when and from where: said, and counted by the last line."""
        self.custody += 1
        if not has_members(entry, *CUSTODY) or not all(isinstance(text, str) for text in entry.values()):
            raise Wrong("custody")

    def check_end(self, end: Any) -> None:
        """That the counts and the digest of the last line are those of the lines before it. Raises Wrong."""
        self.ended = True
        self.check_witnesses()
        expected = {"checkpoints": self.checkpoints, "events": self.events, "sha256": self.digest.hexdigest()}
        if self.format in FORMATS[3:]:
            expected["custody"] = self.custody
        if canonical(end) != canonical(expected):
            raise Wrong("end")
        if self.tree is None and not self.wrong:
            raise Wrong("checkpoint-missing")

    def summarise(self) -> str:
        """The last line: what is proved, by whom, and what is not."""
        tree = f", in the log {show(self.tree.origin)} of {self.tree.size} events" if self.tree else ""
        parts = [f"{self.proved} of {self.events} events proved{tree}"]
        given = len({witness.public for witness in self.options.witnesses})
        if self.tree and given:
            parts.append(f"cosigned by {self.cosigned} of {given} witnesses given")
        elif self.tree:
            parts.append("no witness was given, so nobody but the log vouches for it")
        if self.absent and self.absent[0]:
            parts.append(
                f"the bundle says that {self.absent[0]} of the log's {self.absent[1]} witnesses had not cosigned"
            )
        endless = {(key.name, key.public) for key in self.options.keys if key.last is None}
        if len(endless) > len({name for name, _ in endless}):
            parts.append("keys were given without the size up to which they count, so a retired one could still sign")
        if self.withheld:
            parts.append(f"{self.withheld} of them withheld: which leaves they are is proved, and not what they hold")
        if self.stated:
            parts.append(f"{self.stated} of them put on record that nothing was found")
        if self.others_stated:
            parts.append(f"{self.others_stated} of them put on record what was found as a whole")
        if self.records:
            signed = f"{self.signed_records} of them signed" if self.options.console_keys else "signatures not checked"
            parts.append(f"{self.records} say that the console wrote them, {signed}")
        if self.custody:
            parts.append(f"{self.custody} entries of custody, said by whoever made the bundle")
        parts.append(f"{self.wrong} findings")
        if self.described:
            parts.append('what stands under "about" was said by whoever made the bundle, and is not proved')
        return "; ".join(parts)

    def lines(self) -> list[str]:
        """All that there is to say."""
        more = [f"and {self.wrong - MAX_FINDINGS} more"] if self.wrong > MAX_FINDINGS else []
        return [*(finding.sentence for finding in self.findings), *more, self.summarise()]


# ---- The bundle of a whole case: a ZIP archive (APPNOTE 6.3.10) of which every byte follows from what it holds

CASE_FORMAT = "audit-case-bundle/v1"
CASE_NOTE = "auditconsole-case-bundle/v1\n"  # before the digest of the manifest in what the console signs
EVENTS, CASE, QUERIES, REPORTS = "evidence.bundle.jsonl", "case.json", "queries.json", ("report.html", "report.pdf")
ATTACHMENT = re.compile(r"attachments/([0-9a-f]{64})")
MANIFEST, NOTE = "manifest.json", "manifest.note"
MAX_MEMBERS = 10_000
MAX_PART = 512 * 1024 * 1024  # bytes of a member that is read at once
ALL, ALL_LONG = 0xFFFF, 0xFFFFFFFF  # where the number stands in the ZIP64 field
FIXED = (45, 0x0800, 0, 0, 0x0021)  # version, names in UTF-8, stored, and the first time that there is
CHUNK = 1 << 20


class Member(NamedTuple):
    """A file in the archive: its path, its CRC-32, its size in bytes, and its SHA-256 in hexadecimal digits."""

    name: str
    crc: int
    size: int
    sha256: str


def local_header(name: str, crc: int, size: int) -> bytes:
    """What stands before a member."""
    path = name.encode()
    head = struct.pack("<4s5H3L2H", b"PK\x03\x04", *FIXED, crc, ALL_LONG, ALL_LONG, len(path), 20)
    return head + path + struct.pack("<2H2Q", 1, 16, size, size)


def directory(members: list[Member]) -> bytes:
    """What stands behind the members: their directory, and where it is."""
    entries, offset = [], 0
    for name, crc, size, _ in members:
        path = name.encode()
        head = struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 45, *FIXED, crc, ALL_LONG, ALL_LONG, len(path), 28, 0, 0, 0, 0, ALL_LONG
        )
        entries.append(head + path + struct.pack("<2H3Q", 1, 24, size, size, offset))
        offset += len(local_header(name, crc, size)) + size
    listed, count = b"".join(entries), len(members)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(listed), offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + len(listed), 1)
    return listed + end + locator + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, ALL, ALL, ALL_LONG, ALL_LONG, 0)


class Part:
    """One member, read piece by piece, with the digest and the CRC of what was read."""

    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self.file, self.name, self.size, self.left = file, name, size, size
        self.digest, self.crc = sha256(), 0

    def readline(self, most: int = -1) -> bytes:
        """The next line, or as much of it; nothing at the member's end."""
        return self._take(self.file.readline(self.left if most < 0 else min(most, self.left)))

    def read_all(self) -> bytes:
        """All of it. Raises Wrong where it is too long to be held."""
        if self.size > MAX_PART:
            raise Wrong("member-long", name=show(self.name), most=MAX_PART)
        return self._take(self.file.read(self.left))

    def read_some(self) -> bytes:
        """The next piece of it; nothing at the member's end. Raises Wrong where the file ends before."""
        data = self._take(self.file.read(min(CHUNK, self.left)))
        if self.left and not data:
            raise Wrong("archive", what="it is cut off")
        return data

    def finish(self) -> tuple[int, str]:
        """Read what is left; the CRC and the digest. Raises Wrong where the file ends before."""
        while self.left:
            self.read_some()
        return self.crc, self.digest.hexdigest()

    def _take(self, data: bytes) -> bytes:
        self.left -= len(data)
        self.digest.update(data)
        self.crc = zlib.crc32(data, self.crc)
        return data


def read_parts(file: BinaryIO) -> Iterator[Part]:
    """The members in turn, each to be read before the next. Raises Wrong for any byte that no case bundle would have there."""
    members: list[Member] = []
    while (head := file.read(30))[:4] == b"PK\x03\x04":
        if len(head) < 30 or len(members) == MAX_MEMBERS:
            raise Wrong("archive", what="it is cut off" if len(head) < 30 else "it holds too many files")
        crc, length = struct.unpack("<14xL8xH2x", head)
        rest = file.read(length + 20)
        size = int.from_bytes(rest[-8:], "little")
        name = rest[:length].decode(errors="replace")
        check_order(name, members[-1].name if members else "")
        if head + rest != local_header(name, crc, size):
            raise Wrong("archive", what=f"the header of {show(name)} is another, or it is compressed")
        part = Part(file, name, size)
        yield part
        read_crc, digest = part.finish()
        if read_crc != crc:
            raise Wrong("archive", what=f"the checksum of {show(name)} is another")
        members.append(Member(name, crc, size, digest))
    expected = directory(members)
    if head + file.read(len(expected)) != expected:
        raise Wrong("archive", what="its directory is another")


def rank(name: str) -> tuple[int, str]:
    """The place of a file in the archive: those with names of their own, attachments by digest, the manifest. Raises Wrong."""
    fixed = (EVENTS, CASE, QUERIES, *REPORTS)
    if name in fixed:
        return fixed.index(name), ""
    if ATTACHMENT.fullmatch(name):
        return len(fixed), name
    if name in (MANIFEST, NOTE):
        return len(fixed) + 1 + (name == NOTE), ""
    raise Wrong("member-name", name=show(name))


def check_order(name: str, before: str) -> None:
    """That a file may stand here, once. Raises Wrong."""
    if before and rank(name) <= rank(before):
        raise Wrong("member-name", name=show(name))
    rank(name)


class EvidenceBundle(Bundle):
    """The bundle of a case's events, which notes what is proved: for each label the leaf, the event's id and the digest."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.evidence: dict[str, tuple[int, str, str]] = {}

    def check_event(self, line: dict[str, Any]) -> None:
        """The same, and note it."""
        proved = self.proved
        super().check_event(line)
        about = line.get("about")
        said = about.get("evidence") if isinstance(about, dict) else None
        label = said.get("number") if isinstance(said, dict) else None
        if self.proved > proved and isinstance(label, str):
            event, content = line["event"], line.get("statement", line["event"])
            digest = sha256(canonical(content).encode()).hexdigest()
            self.evidence[label] = line["index"], str(event["event"].get("id")), digest

    def check_withheld(self, line: dict[str, Any]) -> None:
        """The same of an event that stays in the house, of which the leaf alone is known."""
        proved = self.proved
        super().check_withheld(line)
        about = line.get("about")
        said = about.get("evidence") if isinstance(about, dict) else None
        label = said.get("number") if isinstance(said, dict) else None
        if self.proved > proved and isinstance(label, str):
            self.evidence[label] = line["index"], "", ""


class CaseBundle:
    """Reads a case bundle from its beginning to its end, and notes what is wrong."""

    def __init__(self, options: Options) -> None:
        if not options.console_keys:
            raise Unusable("A case bundle is signed by its console: give the console's key with --console-key.")
        self.options, self.bundle = options, EvidenceBundle(options)
        self.found: list[Finding] = []
        self.members: list[Member] = []
        self.case: dict[str, Any] = {}
        self.manifest: dict[str, Any] = {}
        self.signed_by = ""

    def check(self, file: BinaryIO) -> None:
        """Read it all. Raises OSError."""
        raw: dict[str, bytes] = {}
        try:
            for part in read_parts(file):
                self.check_part(part, raw)
            if file.read(1):
                raise Wrong("archive", what="something follows its end")
            self.check_manifest(raw)
            self.check_case()
        except Wrong as wrong:
            self.note(wrong)

    def check_part(self, part: Part, raw: dict[str, bytes]) -> None:
        """Check the events as they come; keep what the end is compared with."""
        if part.name == EVENTS:
            try:
                self.bundle.check(part)  # type: ignore[arg-type]
            except Unusable as unusable:
                raise Wrong("case-file", name=show(part.name)) from unusable
        elif part.name in (CASE, QUERIES, MANIFEST, NOTE):
            raw[part.name] = part.read_all()
        _, digest = part.finish()
        self.members.append(Member(part.name, part.crc, part.size, digest))
        if part.name in (CASE, QUERIES):
            try:
                content = parse_json(raw.pop(part.name))
            except Wrong as wrong:
                raise Wrong("case-file", name=show(part.name)) from wrong
            self.case = content if part.name == CASE else self.case

    def check_manifest(self, raw: dict[str, bytes]) -> None:
        """That a console key signed the manifest, and that it names exactly these files. Raises Wrong."""
        manifest = raw.get(MANIFEST, b"")
        text = raw.get(NOTE, b"").decode(errors="replace")
        signed, signatures = open_note(text)
        keys = signers(text, self.options.console_keys)
        expected = f"{CASE_NOTE}{sha256(manifest).hexdigest()}\n"
        if signed != expected or not keys or len(signatures) != 1:
            raise Wrong("manifest-signature")
        self.signed_by = f"{keys[0].name}+{keys[0].id.hex()}"
        self.manifest = parse_json(manifest)
        files = self.manifest.get("files")
        if self.manifest.get("format") != CASE_FORMAT or not isinstance(files, list):
            raise Wrong("manifest")
        here = [{"path": each.name, "size": each.size, "sha256": each.sha256} for each in self.members]
        here = [each for each in here if each["path"] not in (MANIFEST, NOTE)]
        if len(files) != len(here):
            raise Wrong("manifest")
        for said, file in zip(files, here, strict=True):
            if said != file:
                raise Wrong("member-changed", name=show(file["path"]))

    def check_case(self) -> None:
        """That the case names the evidence and the attachments that are here, and no others. Raises Wrong."""
        names = {each.name: each for each in self.members}
        if not {EVENTS, CASE, QUERIES} <= names.keys():
            raise Wrong("manifest")
        evidence, attachments = self.case.get("evidence"), self.case.get("attachments")
        if not isinstance(evidence, list) or not isinstance(attachments, list):
            raise Wrong("case-file", name=show(CASE))
        named = {}
        for each in evidence:
            if not isinstance(each, dict) or not {"number", "leaf", "event_id", "digest", "withdrawn"} <= each.keys():
                raise Wrong("case-file", name=show(CASE))
            if each["withdrawn"] is None:
                proved = ("", "") if self.is_redacted else (each["event_id"], each["digest"])
                named[f"E{each['number']}"] = each["leaf"], *proved
        for label, said in named.items():
            if self.bundle.evidence.get(label) != said:
                raise Wrong("case-evidence", label=show(label))
        if extra := self.bundle.events - len(named):
            raise Wrong("case-extra", number=extra)
        self.check_attachments(attachments, {name: each for name, each in names.items() if ATTACHMENT.fullmatch(name)})

    def check_attachments(self, attachments: list[Any], files: dict[str, Member]) -> None:
        """That each attachment that was not removed is here, under the digest of its content, and no other file. Raises Wrong."""
        wanted = set()
        for each in attachments:
            if not isinstance(each, dict) or not {"number", "size", "sha256", "removed"} <= each.keys():
                raise Wrong("case-file", name=show(CASE))
            if each["removed"] is None and not self.is_redacted:
                wanted.add(name := f"attachments/{each['sha256']}")
                file = files.get(name)
                if file is None or (file.size, file.sha256) != (each["size"], each["sha256"]):
                    raise Wrong("case-attachment", number=show(each["number"], 40))
        if files.keys() - wanted:
            raise Wrong("case-file", name=show(CASE))

    def note(self, wrong: Wrong) -> None:
        """Keep a finding of the archive itself."""
        self.found.append(Finding(0, wrong.reason, f"case bundle: {wrong.sentence}"))

    @property
    def is_redacted(self) -> bool:
        """Whether the manifest says that events and attachments stay in the house."""
        return self.manifest.get("redaction") is not None

    @property
    def wrong(self) -> int:
        """How many things are wrong."""
        return self.bundle.wrong + len(self.found)

    @property
    def findings(self) -> list[Finding]:
        """The first things that are wrong, those of the archive before those of its events."""
        return [*self.found, *self.bundle.findings]

    def lines(self) -> list[str]:
        """All that there is to say."""
        signed = f"signed by {show(self.signed_by)}" if self.signed_by else "NOT signed by a console key given"
        number = (
            show(self.manifest.get("case", {}).get("number")) if isinstance(self.manifest.get("case"), dict) else "?"
        )
        redacted = "; redacted" if self.is_redacted else ""
        head = (
            f"case {number}: {len(self.members)} files, {signed}{redacted}; {len(self.found)} findings of the archive"
        )
        return [*(finding.sentence for finding in self.found), head, *self.bundle.lines()]


# ---- The command


def judge(path: Path, options: Options) -> tuple[int, list[str], list[Finding]]:
    """The status, what to say of a file, and the first findings in it. Raises Unusable."""
    try:
        with path.open("rb") as file:
            is_case = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            bundle = CaseBundle(options) if is_case else Bundle(options)
            bundle.check(file)
    except OSError as error:
        raise Unusable(f"The bundle cannot be read: {error}") from None
    except MemoryError:
        raise Unusable("There is not enough memory to read a line of the bundle.") from None
    return (1 if bundle.wrong else 0), bundle.lines(), bundle.findings


def main() -> int:
    """Run the command; the status that it ends with."""
    parser = argparse.ArgumentParser(description="Check an exported bundle of audit events offline.")
    add, many = parser.add_argument, partial(parser.add_argument, action="append", default=[], metavar="KEY")
    add("bundle", type=Path)
    many("--key", metavar="KEY[@SIZE]", help="a public key of the log, and up to which size it counts")
    many("--witness", help="a witness's public key")
    add("--witnesses", metavar="COUNT", help="how many of them must have cosigned (1)")
    many("--console-key", help="a key that signs the console's records")
    add("--signed-from", default="0", metavar="LEAF", help="older records are not signed")
    given = parser.parse_args()
    try:
        options = read_options(given.key, given.witness, given.witnesses, given.console_key, given.signed_from)
        status, lines, _ = judge(given.bundle, options)
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    try:
        print("\n".join(lines), flush=True)
    except OSError:  # nobody reads what is wrong, so nobody may take the status for an answer
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
