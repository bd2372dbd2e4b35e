"""Writes an export as a STIX 2.1 bundle (https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html).

An event is an Observed Data object: of the user, the address, and the event itself as an object of the extension that the
bundle defines. It is the same in every bundle; what a case says of it is a Note. A statement is a Note, too.
"""

import hashlib
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any
from uuid import UUID, uuid4

import orjson
from stix2 import v21 as stix

from investigations.exports.rows import ExportRow
from investigations.redaction.redactor import MASKED
from trail.documents import get
from trail.field_checks import is_ip

EXTENSION = "extension-definition--7f0b9d3c-3a1e-4a53-9c43-5d5b1d6a0e17"
CONSOLE = "identity--0c6a4b5e-91d2-4b7f-8e35-2f6f7c1d9a48"
MADE = "2026-11-28T00:00:00.000Z"
SCHEMA = (
    "x-audit-event: one event of an audit trail. event_id, event_action, outcome, reason, dataset, service, "
    "organization, resource_type, resource, token_id, token_fingerprint are as the event has them; event_time is to the "
    "nanosecond; sentence says it in words; sha256 is the digest of its canonical form (RFC 8785)."
)
_FIELDS = {
    "event_id": "event.id",
    "event_time": "@timestamp",
    "event_action": "event.action",
    "outcome": "event.outcome",
    "reason": "event.reason",
    "dataset": "event.dataset",
    "service": "service.name",
    "organization": "organization.id",
    "resource_type": "resource.type",
    "resource": "resource.id",
    "token_id": "token.id",
    "token_fingerprint": "token.fingerprint",
}
# So many objects are remembered as written; one that comes again after that is written again, the same.
REMEMBERED = 50_000


def lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """The bundle's beginning, the objects of each row with that it is an entry, and its end."""
    head = b'{"type":"bundle","id":"bundle--%s","objects":[\n' % str(uuid4()).encode()
    yield head + b",\n".join(map(_write, _build_definitions())), False
    written: dict[str, None] = {}
    for row in rows:
        objects = [*_build_objects(row), *_build_redaction(row)]
        objects = [each for each in objects if _is_new(each["id"], written)]
        yield b"".join(b",\n" + _write(each) for each in objects), True
    yield b"\n]}\n", False


def _is_new(key: str, written: dict[str, None]) -> bool:
    if key in written:
        return False
    if len(written) == REMEMBERED:
        del written[next(iter(written))]
    written[key] = None
    return True


def _write(thing: Any) -> bytes:
    return orjson.dumps(orjson.loads(thing.serialize())) if hasattr(thing, "serialize") else orjson.dumps(thing)


def _build_definitions() -> list[Any]:
    """Who says all this, and what the extension's objects hold."""
    console = stix.Identity(id=CONSOLE, created=MADE, modified=MADE, name="Audit Console", identity_class="system")
    extension = stix.ExtensionDefinition(
        id=EXTENSION,
        created_by_ref=CONSOLE,
        created=MADE,
        modified=MADE,
        name="Event of an audit trail",
        description="What an audit trail holds of one operation with a token, and how it is proved.",
        schema=SCHEMA,
        version="1.0.0",
        extension_types=["new-sco"],
    )
    return [console, extension]


def _build_objects(row: ExportRow) -> list[Any]:
    if row.statement is not None:
        return [_build_note(row)]
    seen = [_build_event(row), *_build_user(row.document), *_build_address(row.document)]
    time = _cut_time(row)
    observed = stix.ObservedData(
        id=_make_id("observed-data", row),
        created_by_ref=CONSOLE,
        created=time,
        modified=time,
        first_observed=time,
        last_observed=time,
        number_observed=1,
        object_refs=[each["id"] for each in seen],
        allow_custom=True,  # the event's own type, which the extension defines
    )
    return [*seen, observed, *_build_reason(row, observed["id"])]


def _build_redaction(row: ExportRow) -> Iterator[Any]:
    """That what is in the bundle was redacted, and by which profile: one note for all of it."""
    if row.redaction:
        digest = hashlib.sha256(f"redaction\0{row.redaction}".encode("utf-8", "replace")).digest()
        yield stix.Note(
            id=f"note--{UUID(bytes=digest[:16], version=4)}",
            created_by_ref=CONSOLE,
            created=MADE,
            modified=MADE,
            abstract="Redacted",
            content=f"Everything in this bundle was redacted by the profile “{row.redaction}”.",
            object_refs=[CONSOLE],
        )


def _make_id(kind: str, row: ExportRow, *words: str) -> str:
    """From the digest, and from words where they are part of what it is, so that the same has the same id in every bundle; in
    the form of a random UUID, as STIX asks for."""
    digest = hashlib.sha256("\0".join((row.digest, *words)).encode("utf-8", "replace")).digest()
    return f"{kind}--{UUID(bytes=digest[:16], version=4)}"


def _cut_time(row: ExportRow) -> str:
    """The time of a row to the microsecond, which is all that the library takes; `event_time` has it whole."""
    whole, _, fraction = str(row.document["@timestamp"]).removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]:0<3}Z"


def _build_event(row: ExportRow) -> dict[str, Any]:
    fields = {name: get(row.document, field) for name, field in _FIELDS.items()}
    own = {"sentence": row.write_sentence(), "sha256": row.digest}
    return {
        "type": "x-audit-event",
        "spec_version": "2.1",
        "id": _make_id("x-audit-event", row),
        "extensions": {EXTENSION: {"extension_type": "new-sco"}},
        **{name: value for name, value in {**fields, **own}.items() if value not in (None, "")},
    }


def _build_reason(row: ExportRow, observed: str) -> Iterator[Any]:
    """What a case says of the event: its number there, who pinned it, when and why, and its leaf in the sealed log."""
    if not row.evidence:
        return
    leaf = "" if row.leaf is None else f" Leaf {row.leaf} of the sealed log."
    yield stix.Note(
        id=_make_id("note", row, *row.evidence_fields().values(), str(row.leaf)),
        created_by_ref=CONSOLE,
        created=row.pinned_at,
        modified=row.pinned_at,
        abstract=f"{row.evidence}, pinned by {row.pinned_by}.{leaf}",
        content=row.reason or row.evidence,
        object_refs=[observed],
        labels=[row.evidence],
        allow_custom=True,
    )


def _build_user(document: dict[str, Any]) -> Iterator[Any]:
    """The account, which is one object wherever it comes: of what is masked none, for it would be one of many people."""
    fields = {"user_id": "user.id", "account_login": "user.name", "display_name": "user.full_name"}
    words = {name: get(document, field) for name, field in fields.items()}
    words = {name: word for name, word in words.items() if word and word != MASKED}
    if "user_id" in words or "account_login" in words:
        yield stix.UserAccount(**words)


def _build_address(document: dict[str, Any]) -> Iterator[Any]:
    addresses = get(document, "source.ip")
    for address in addresses if isinstance(addresses, list) else [addresses]:
        if address and is_ip(address):  # a redacted one is none
            kind = stix.IPv4Address if ip_address(address).version == 4 else stix.IPv6Address
            yield kind(value=address)


def _build_note(row: ExportRow) -> Any:
    time = _cut_time(row)
    return stix.Note(
        id=_make_id("note", row, row.evidence),
        created_by_ref=CONSOLE,
        created=time,
        modified=time,
        abstract=row.write_sentence(),
        content=orjson.dumps(row.statement).decode(),
        object_refs=[CONSOLE],
        labels=[row.evidence] if row.evidence else None,
    )
