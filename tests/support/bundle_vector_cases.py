"""More test vectors of the bundle format, by what they try: keys and witnesses given, signatures, notes, consistency, JSON, records."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.bundle_vectors import (
    KEYS,
    LOG,
    OTHER,
    ROTATED,
    STRANGER,
    WITNESS,
    Lines,
    event,
    refit,
    seal,
    signed,
)
from trail.canonical_form import canonicalise
from trail.integrity import bundle
from trail.integrity.bundle import BundleEntry, KeySpan, LogDescription, Vouching
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.merkle import leaf_hash
from trail.integrity.record_signature import sign_record
from trail.integrity.signed_note import Algorithm, Signature, Signer, Verifier, encode
from trail.integrity.tiles import FileStore, Tree

OLD, NEW, WITNESSED = str(LOG.verifier), str(ROTATED.verifier), str(WITNESS.verifier)
SECOND_WITNESS = Signer("example.net/witness", b"\x08" * 32, Algorithm.COSIGNATURE)
OWN_COSIGNER = Signer(LOG.name, b"\x01" * 32, Algorithm.COSIGNATURE)
RECORD_KEY = Signer("auditconsole/vectors", b"\x09" * 32)
NAMED_OTHERWISE = Signer("example.com/tr\u00e4il\U0001f511", b"\x0a" * 32)
AT = 1_795_000_000
SMALL_ORDER = [  # RFC 8032 encodings of the points whose order divides eight, found by multiplying
    bytes.fromhex(text)
    for text in (
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "00" * 32,
        "00" * 31 + "80",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
]
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


class Given(NamedTuple):
    """What somebody gives who checks, as texts."""

    keys: tuple[str, ...] = (OLD, NEW)
    witnesses: tuple[str, ...] = (WITNESSED,)
    needed: str | None = None
    console_keys: tuple[str, ...] = ()
    signed_from: str = "0"


class Vector(NamedTuple):
    """A bundle, what is given with it, and the exit status that every verifier has of it."""

    name: str
    status: int
    content: bytes
    given: Given = Given()


Cases = Iterator[Vector]
ANY_WITNESS = Given(needed="0")
OLD_ALONE = Given(keys=(OLD,), witnesses=())


def list_cases(folder: Path, good: dict[str, bytes]) -> Cases:
    """Every vector beyond those of `bundle_vectors`, whose sound bundles these change."""
    yield from _keys(folder, good)
    yield from _witnesses(folder, good)
    yield from _signatures(good["alone"])
    yield from _notes(folder, good)
    yield from _consistency(good)
    yield from _names(folder)
    yield from _records(folder)
    yield from _statements(folder, good["record-absence"], good["absence"])
    yield from _descriptions_of_the_log(folder)


def _edit(content: bytes, change: Callable[[Lines], object]) -> bytes:
    lines = [json.loads(line) for line in content.splitlines()]
    change(lines)
    return seal(lines)


def _keys(folder: Path, good: dict[str, bytes]) -> Cases:
    rotated, alone = good["rotated"], good["alone"]
    forged = _forge(folder)
    yield Vector("key-up-to-its-size", 0, rotated, Given(keys=(f"{OLD}@20", f"{NEW}@20-")))
    yield Vector("key-of-a-span", 0, rotated, Given(keys=(f"{OLD}@0-20", f"{NEW}@300-300")))
    yield Vector("key-retired-before", 1, rotated, Given(keys=(f"{OLD}@19", NEW)))
    yield Vector("key-not-yet-used", 1, rotated, Given(keys=(f"{OLD}@20", f"{NEW}@301-")))
    yield Vector("key-of-both-ends-too-small", 1, rotated, Given(keys=(f"{OLD}@20", f"{NEW}@20-299")))
    yield Vector("forged-by-a-retired-key", 1, forged, Given(keys=(f"{OLD}@20", NEW), witnesses=()))
    yield Vector("forged-by-a-key-whose-end-nobody-says", 0, forged, Given(witnesses=()))
    yield Vector("key-twice-with-two-spans", 0, rotated, Given(keys=(f"{OLD}@1", f"{OLD}@20-20", NEW)))
    yield Vector("key-missing-of-the-older", 1, rotated, Given(keys=(NEW,)))
    yield Vector("key-missing-of-the-newer", 1, rotated, Given(keys=(OLD,)))
    yield Vector("key-of-a-stranger", 1, alone, Given(keys=(str(STRANGER.verifier),), witnesses=()))
    wrong = {
        "none": (),
        "nonsense": ("nonsense",),
        "of-a-witness": (WITNESSED,),
        "with-another-hash": (OLD.replace(LOG.verifier.key_id.hex(), "00000000"),),
        "without-padding": (f"{Signer('example.com/x', bytes(32)).verifier}"[:-1],),
        "with-a-space-in-its-name": (str(Verifier("example.com /trail", LOG.verifier.key)),),
        "with-a-next-line-in-its-name": (str(Verifier("example.com\x85trail", LOG.verifier.key)),),
        "without-a-name": (str(Verifier("", LOG.verifier.key)),),
        "of-31-bytes": (str(Verifier("example.com/trail", LOG.verifier.key[:-1])),),
        "at-nothing": (f"{OLD}@",),
        "at-a-word": (f"{OLD}@newest",),
        "at-a-negative-size": (f"{OLD}@-5",),
        "at-too-large-a-size": (f"{OLD}@9007199254740992",),
        "at-an-empty-span": (f"{OLD}@9-3",),
        "the-identity": (str(Verifier("example.com/trail", b"\x01" + bytes(31))),),
        "of-order-two": (str(Verifier("example.com/trail", b"\xec" + b"\xff" * 30 + b"\x7f")),),
        "of-order-four": (str(Verifier("example.com/trail", bytes(31) + b"\x80")),),
        "of-order-eight": (
            str(
                Verifier(
                    "example.com/trail",
                    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
                )
            ),
        ),
        "not-written-canonically": (str(Verifier("example.com/trail", b"\xf0" + b"\xff" * 30 + b"\x7f")),),
    }
    for name, keys in wrong.items():
        yield Vector(f"key-{name}", 2, alone, Given(keys=keys, witnesses=()))


def _forge(folder: Path) -> bytes:
    """Of a history that never was, signed for a million events by whoever has the log's old key."""
    tree = Tree(FileStore(folder / "forged"))
    tree.append([leaf_hash(canonicalise(event(0)))])
    lines = [
        json.loads(line) for line in bundle.build_lines(tree, [signed(tree, 1, LOG)], KEYS, [BundleEntry(0, event(0))])
    ]
    hashes, root, last = [], tree.root_at(1), 999_999
    while last:  # the leaf stands at the left edge, so each neighbour may be anything
        hashes.append(bytes([len(hashes)]) * 32)
        root, last = sha256(b"\x01" + root + hashes[-1]).digest(), last >> 1
    lines[1]["checkpoint"] = Checkpoint(LOG.name, 1_000_000, root).sign(LOG).decode()
    lines[2]["proof"] = list(map(encode, hashes))
    return seal(lines)


def _witnesses(folder: Path, good: dict[str, bytes]) -> Cases:
    rotated, seven = good["rotated"], good["seven"]
    both = (WITNESSED, str(SECOND_WITNESS.verifier))
    yield Vector("witness-that-cosigned", 0, rotated)
    yield Vector("witness-that-did-not", 1, seven)
    yield Vector("witness-that-need-not", 0, seven, ANY_WITNESS)
    yield Vector("witness-one-of-two", 0, rotated, Given(witnesses=both))
    yield Vector("witness-both-of-two", 1, rotated, Given(witnesses=both, needed="2"))
    yield Vector("witness-none-given", 0, rotated, Given(witnesses=()))
    yield Vector("witness-more-than-given", 2, rotated, Given(needed="2"))
    yield Vector("witness-asked-for-and-none-given", 2, rotated, Given(witnesses=(), needed="1"))
    yield Vector("witness-given-twice", 2, rotated, Given(witnesses=(WITNESSED, WITNESSED), needed="2"))
    yield Vector("witness-count-no-number", 2, rotated, Given(needed="all"))
    yield Vector("witness-count-negative", 2, rotated, Given(needed="-1"))
    yield Vector("witness-with-a-key-of-a-log", 2, rotated, Given(witnesses=(OLD,)))
    yield Vector("witness-that-is-the-log", 2, rotated, Given(witnesses=(str(OWN_COSIGNER.verifier),)))
    identity = Verifier("example.com/anybody", b"\x01" + bytes(31), Algorithm.COSIGNATURE)
    yield Vector("witness-the-identity", 2, rotated, Given(witnesses=(str(identity),)))
    cosigned = _cosign(good["alone"], SECOND_WITNESS, 2**63 - 1)
    yield Vector("witness-at-the-last-second", 0, cosigned, Given(keys=(OLD,), witnesses=both))
    text = _note(good["alone"]).rpartition("\n\n")[0] + "\n"
    late = Signature(
        WITNESS.name, WITNESS.verifier.key_id, (2**63).to_bytes(8) + _cosignature_at(text, 2**63), None
    ).line()
    yield Vector("witness-after-all-time", 1, _with_note(good["alone"], lambda note: note + late), Given(keys=(OLD,)))


def _cosignature_at(text: str, at: int) -> bytes:
    return WITNESS.sign(text, at).value[8:]


def _cosign(content: bytes, witness: Signer, at: int) -> bytes:
    return _with_note(content, lambda note: note + witness.sign(note.rpartition("\n\n")[0] + "\n", at).line())


def _note(content: bytes) -> str:
    note: str = json.loads(content.splitlines()[1])["checkpoint"]
    return note


def _with_note(content: bytes, change: Callable[[str], str]) -> bytes:
    """The bundle with another first checkpoint."""
    return _edit(content, lambda lines: lines[1].update(checkpoint=change(lines[1]["checkpoint"])))


def _signatures(alone: bytes) -> Cases:
    text = _note(alone).rpartition("\n\n")[0] + "\n"

    def with_values(*values: bytes) -> bytes:
        lines = "".join(Signature(LOG.name, LOG.verifier.key_id, value).line() for value in values)
        return _with_note(alone, lambda _: f"{text}\n{lines}")

    value = LOG.sign(text).value
    scalar = int.from_bytes(value[32:], "little")
    unknown = Signature("example.com/other", b"\x06\x07\x08\x09", b"\x06" * 2_420).line()
    yield Vector("signature-of-an-unknown-type-too", 0, _with_note(alone, lambda note: note + unknown), OLD_ALONE)
    yield Vector("signature-of-an-unknown-type-alone", 1, _with_note(alone, lambda _: f"{text}\n{unknown}"), OLD_ALONE)
    yield Vector("signature-twice", 0, with_values(value, value), OLD_ALONE)
    yield Vector("signature-twice-and-one-is-wrong", 1, with_values(value, value[::-1]), OLD_ALONE)
    yield Vector("signature-cut", 1, with_values(value[:-1]), OLD_ALONE)
    yield Vector("signature-longer", 1, with_values(value + b"\0"), OLD_ALONE)
    yield Vector("signature-empty", 1, with_values(b""), OLD_ALONE)
    larger = value[:32] + (scalar + GROUP_ORDER).to_bytes(32, "little")
    yield Vector("signature-with-a-larger-scalar", 1, with_values(larger), OLD_ALONE)
    yield Vector("signature-whose-point-is-the-identity", 1, with_values(sign_with_identity(text)), OLD_ALONE)
    hundred = "".join(Signature(f"other{n}", b"\0\0\0\0", b"x").line() for n in range(99))
    yield Vector("signatures-a-hundred", 0, _with_note(alone, lambda note: note + hundred), OLD_ALONE)
    yield Vector(
        "signatures-more-than-a-hundred", 1, _with_note(alone, lambda note: note + hundred + unknown), OLD_ALONE
    )
    renamed = _note(alone).replace(f"\N{EM DASH} {LOG.name}", "\N{EM DASH} example.com/other")
    yield Vector("signature-under-another-name", 1, _with_note(alone, lambda _: renamed), OLD_ALONE)


def sign_with_identity(text: str) -> bytes:
    """What the equation of RFC 8032 holds for, though its first half is a point of small order: only the key's owner can make it."""
    seed = sha512(b"\x01" * 32).digest()[:32]
    secret = int.from_bytes(bytes([seed[0] & 248, *seed[1:31], (seed[31] & 63) | 64]), "little")
    point = b"\x01" + bytes(31)
    challenge = int.from_bytes(sha512(point + LOG.verifier.key + text.encode()).digest(), "little")
    return point + (challenge * secret % GROUP_ORDER).to_bytes(32, "little")


def _notes(folder: Path, good: dict[str, bytes]) -> Cases:
    alone = good["alone"]
    wrong: dict[str, Callable[[str], str]] = {
        "with-carriage-returns": lambda note: note.replace("\n", "\r\n"),
        "without-its-last-newline": lambda note: note[:-1],
        "with-a-hyphen": lambda note: note.replace("\N{EM DASH}", "-"),
        "with-a-tab": lambda note: note.replace("\n1\n", "\n1\t\n"),
        "with-another-empty-line": lambda note: note.replace("\n1\n", "\n\n1\n"),
        "with-a-space-behind": lambda note: note[:-1] + " \n",
        "with-base64-of-another-alphabet": lambda note: note.replace("+", "-").replace("/", "_"),
        "empty": lambda _: "",
    }
    for name, change in wrong.items():
        yield Vector(f"note-{name}", 1, _with_note(alone, change), OLD_ALONE)
    texts = {
        "size-of-2-53": f"{LOG.name}\n9007199254740992\n{encode(bytes(32))}\n",
        "size-of-2-63": f"{LOG.name}\n9223372036854775808\n{encode(bytes(32))}\n",
        "size-with-a-plus": f"{LOG.name}\n+1\n{encode(bytes(32))}\n",
        "size-in-other-digits": f"{LOG.name}\n\u0661\n{encode(bytes(32))}\n",
        "of-nothing-with-a-root": f"{LOG.name}\n0\n{encode(bytes(32))}\n",
        "of-two-lines": f"{LOG.name}\n0\n",
        "root-of-33-bytes": f"{LOG.name}\n1\n{encode(bytes(33))}\n",
    }
    for name, text in texts.items():
        note = f"{text}\n{LOG.sign(text).line()}"
        yield Vector(f"checkpoint-{name}", 1, _edit(good["nothing"], _put(checkpoint=note)), OLD_ALONE)
    largest = Checkpoint(LOG.name, 2**53 - 1, bytes(32)).sign(LOG).decode()
    yield Vector("checkpoint-size-largest", 0, _edit(good["nothing"], _put(checkpoint=largest)), OLD_ALONE)
    root = _note(alone).split("\n")[2]
    extended = f"{LOG.name}\n1\n{root}\nhash of something\n"
    note = f"{extended}\n{LOG.sign(extended).line()}"
    yield Vector("checkpoint-with-an-extension", 0, _edit(alone, _put(checkpoint=note)), OLD_ALONE)
    tree = Tree(FileStore(folder / "named"))
    tree.append([leaf_hash(canonicalise(event(0)))])
    named = Checkpoint(NAMED_OTHERWISE.name, 1, tree.root_at(1)).sign(NAMED_OTHERWISE)
    content = b"".join(bundle.build_lines(tree, [named], [NAMED_OTHERWISE.verifier], [BundleEntry(0, event(0))]))
    yield Vector("name-beyond-ascii", 0, content, Given(keys=(str(NAMED_OTHERWISE.verifier),), witnesses=()))


def _put(at: int = 1, **members: Any) -> Callable[[Lines], object]:
    return lambda lines: lines[at].update(members)


def _consistency(good: dict[str, bytes]) -> Cases:
    odd, same, empty = encode(b"\x07" * 32), good["same-size"], good["from-empty"]
    other = Checkpoint(LOG.name, 20, b"\x05" * 32).sign(ROTATED).decode()
    yield Vector("consistency-of-equal-sizes-with-a-hash", 1, _edit(same, _put(2, consistency=[odd])), ANY_WITNESS)
    yield Vector("consistency-of-equal-sizes-with-two-roots", 1, _edit(same, _put(2, checkpoint=other)), ANY_WITNESS)
    yield Vector("consistency-from-nothing-with-a-hash", 1, _edit(empty, _put(2, consistency=[odd])), ANY_WITNESS)
    yield Vector("consistency-the-same-twice", 0, _edit(same, lambda lines: lines.insert(1, lines[1])), ANY_WITNESS)
    second = Given(keys=(OLD, NEW, str(OTHER.verifier)), needed="0")
    log = Checkpoint(OTHER.name, 20, b"\x05" * 32).sign(OTHER).decode()
    yield Vector("consistency-with-another-log", 1, _edit(same, _put(2, checkpoint=log)), second)
    yield Vector("consistency-not-a-list", 1, _edit(same, _put(2, consistency={})), ANY_WITNESS)
    yield Vector("consistency-null", 1, _edit(same, _put(1, consistency=None)), ANY_WITNESS)


def _one(folder: Path, document: dict[str, Any], *signers: Signer) -> bytes:
    """The bundle of a log of twelve events, the last of which is this one."""
    tree = Tree(FileStore(folder / sha256(canonicalise(document)).hexdigest()))
    tree.append(leaf_hash(canonicalise(event(number))) for number in range(11))
    tree.append([leaf_hash(canonicalise(document))])
    note = signed(tree, 12, *(signers or (LOG,)))
    return b"".join(bundle.build_lines(tree, [note], KEYS, [BundleEntry(11, document)]))


def _names(folder: Path) -> Cases:
    """Names are sorted by UTF-16, where what lies beyond comes before U+E000."""
    labels = {"\U00010000": "1", "\uff5e": "2", "a": "3", "A": "4", "": "5", "\u00e9": "6", "10": "7", "9": "8"}
    yield Vector("names-sorted-by-utf-16", 0, _one(folder, event(11) | {"labels": labels}), OLD_ALONE)
    language = dict.fromkeys(("__proto__", "constructor", "prototype", "toString", "length"), "x")
    yield Vector("names-of-a-language", 0, _one(folder, event(11) | {"labels": language}), OLD_ALONE)
    values = {"l": [1, [True, None, {"b": -1, "a": 0}]], "t": '\u2028 \x7f \U0001f511 \\ " / \b\f\n\r\t \x01 \x1f'}
    yield Vector("values-of-every-kind", 0, _one(folder, event(11) | values), OLD_ALONE)


def _records(folder: Path) -> Cases:
    plain = event(11)
    plain["event"]["dataset"] = "console"
    record = sign_record(plain, RECORD_KEY)
    checked = OLD_ALONE._replace(console_keys=(str(RECORD_KEY.verifier),))
    yield Vector("record-signed", 0, _one(folder, record), checked)
    yield Vector("record-not-checked", 0, _one(folder, record), OLD_ALONE)
    yield Vector("record-unsigned", 1, _one(folder, plain), checked)
    yield Vector("record-unsigned-and-older", 0, _one(folder, plain), checked._replace(signed_from="12"))
    yield Vector("record-unsigned-and-just-not-older", 1, _one(folder, plain), checked._replace(signed_from="11"))
    yield Vector(
        "record-of-another-key", 1, _one(folder, record), checked._replace(console_keys=(str(STRANGER.verifier),))
    )
    yield Vector(
        "record-with-two-keys", 0, _one(folder, record), checked._replace(console_keys=(OLD, str(RECORD_KEY.verifier)))
    )
    yield Vector("record-from-no-number", 2, _one(folder, plain), checked._replace(signed_from="x"))
    claims = {
        "in-capitals": {"event": {**plain["event"], "dataset": "CONSOLE"}},
        "with-a-space": {"event": {**plain["event"], "dataset": "\u2003console\x85"}},
        "with-a-long-s": {"event": {**plain["event"], "dataset": "con\u017fole"}},
        "by-its-writer": {"event": event(11)["event"], "writer": {"id": "AuditConsole"}},
        "by-its-signature": {"event": event(11)["event"], "signature": 5},
    }
    for name, fields in claims.items():
        yield Vector(f"record-claimed-{name}", 1, _one(folder, plain | fields), checked)
    others = {
        "with-a-dot": {"event": {**plain["event"], "dataset": "console."}},
        "with-an-i-without-a-dot": {"event": event(11)["event"], "writer": {"id": "aud\u0131tconsole"}},
        "as-a-list": {"event": {**plain["event"], "dataset": ["console"]}},
        "by-a-writer-that-is-a-text": {"event": event(11)["event"], "writer": "auditconsole"},
    }
    for name, fields in others.items():
        yield Vector(f"record-not-claimed-{name}", 0, _one(folder, plain | fields), checked)
    signature = record["signature"]
    wrong = {
        "with-another-member": signature | {"note": 1},
        "not-base64": signature | {"value": signature["value"][:-1]},
        "a-number": signature | {"value": 5},
        "of-a-list-of-keys": signature | {"key_id": [signature["key_id"]]},
        "of-another-record": sign_record(event(10), RECORD_KEY)["signature"],
    }
    for name, value in wrong.items():
        yield Vector(f"record-signature-{name}", 1, _one(folder, record | {"signature": value}), checked)


def _statements(folder: Path, recorded: bytes, unrecorded: bytes) -> Cases:
    given = Given(witnesses=())
    listed = _one(folder, event(11) | {"labels": {"absence": sha256(b"[]").hexdigest()}})
    stated = _edit(
        listed, lambda lines: (lines[0].update(format=bundle.WITH_STATEMENTS), lines[2].update(statement=[]))
    )
    yield Vector("statement-that-is-a-list", 1, stated, OLD_ALONE)

    def strip(format: str) -> Callable[[Lines], object]:
        return lambda lines: (lines[0].update(format=format), lines[5].pop("statement"))

    yield Vector("statement-of-a-record", 0, recorded, given)
    yield Vector("statement-stripped", 1, _edit(recorded, strip(bundle.WITH_STATEMENTS)), given)
    yield Vector("statement-stripped-and-the-format-changed", 1, _edit(recorded, strip(bundle.FORMAT)), given)
    # Whoever is not the console may call a label as they like.
    yield Vector("statement-not-due", 0, _edit(unrecorded, strip(bundle.WITH_STATEMENTS)), given)
    spaced = recorded.replace(b'"statement":{', b'"statement": { ').replace(b'"counted":0', b'"counted" : 0')
    yield Vector("statement-with-spaces", 0, refit(spaced), given)


def _descriptions_of_the_log(folder: Path) -> Cases:
    tree = Tree(FileStore(folder / "described"))
    tree.append(leaf_hash(canonicalise(event(number))) for number in range(40))
    notes = [signed(tree, 20, LOG, ROTATED), signed(tree, 40, ROTATED, witness=True)]
    keys = KeySpan(LOG.verifier, 0, 20), KeySpan(ROTATED.verifier, 20, None)
    vouching = Vouching(WITNESS.verifier, True), Vouching(SECOND_WITNESS.verifier, False)
    entries = [BundleEntry(number, event(number)) for number in (3, 30)]

    def make(about: dict[str, Any] | None = None, **log: Any) -> bytes:
        described = LogDescription(keys, vouching[:1])._replace(**log)
        return b"".join(bundle.build_lines(tree, notes, KEYS, entries, about, log=described))

    sound = make()
    yield Vector("log-described", 0, sound)
    yield Vector("log-described-behind-about", 0, make({"case": "c"}))
    yield Vector("log-without-one-cosignature", 0, make(witnesses=vouching))
    yield Vector("log-without-witnesses", 0, make(witnesses=()))
    yield Vector("log-of-which-no-key-is-said", 0, make(keys=()))
    yield Vector("log-whose-key-counts-for-less", 1, make(keys=(keys[0], KeySpan(ROTATED.verifier, 20, 39))))
    yield Vector("log-whose-key-counts-later", 1, make(keys=(keys[0], KeySpan(ROTATED.verifier, 41, None))))
    yield Vector("log-that-cannot-make-a-key-count-for-more", 1, sound, Given(keys=(f"{OLD}@20", f"{NEW}@39")))
    for format in (bundle.FORMAT, bundle.WITH_STATEMENTS):
        yield Vector(f"log-in-format-{format[-2:]}", 1, _edit(sound, _put(0, format=format)))
    yield Vector("log-not-described", 1, _edit(sound, lambda lines: lines.pop(1)))
    yield Vector("log-described-twice", 1, _edit(sound, lambda lines: lines.insert(1, lines[1])))
    yield Vector("log-described-late", 1, _edit(sound, lambda lines: lines.insert(2, lines.pop(1))))
    yield Vector("log-described-with-another-member", 1, _edit(sound, lambda lines: lines[1].update(note=1)))
    said = json.loads(sound.splitlines()[1])["log"]
    key, witness = said["keys"][0], said["witnesses"][0]
    wrong = {
        "without-keys": {"witnesses": []},
        "as-a-list": [],
        "with-keys-as-an-object": said | {"keys": {}},
        "with-a-key-twice": said | {"keys": [key, key]},
        "with-a-key-that-is-a-number": said | {"keys": [key | {"key": 1}]},
        "with-a-span-the-wrong-way": said | {"keys": [key | {"first": 21}]},
        "with-a-span-of-texts": said | {"keys": [key | {"last": "20"}]},
        "with-a-span-of-truths": said | {"keys": [key | {"first": False}]},
        "with-a-span-below-zero": said | {"keys": [key | {"first": -1}]},
        "with-a-span-without-a-beginning": said | {"keys": [key | {"first": None}]},
        "with-a-witness-that-is-a-text": said | {"witnesses": ["example.com/witness"]},
        "with-a-witness-that-cosigned-once": said | {"witnesses": [witness | {"cosigned": 1}]},
        "with-a-witness-of-no-name": said | {"witnesses": [{"cosigned": True}]},
    }
    for name, value in wrong.items():
        yield Vector(f"log-described-{name}", 1, _edit(sound, _put(1, log=value)))
