"""Lists every field of an event: the mapping, validation, completion, column choices and docs/trail/schema.md come from it.

Names are ECS's wherever ECS (https://www.elastic.co/guide/en/ecs/current/index.html) has one; `token.*` is ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What values a field holds, and with that how OpenSearch keeps and searches them."""

    KEYWORD = "keyword"
    TEXT = "match_only_text"
    WILDCARD = "wildcard"
    IP = "ip"
    TIME = "date_nanos"
    INTEGER = "long"
    BOOLEAN = "boolean"
    GEO_POINT = "geo_point"
    NESTED = "nested"
    LABELS = "labels"
    RAW = "flat_object"
    OPAQUE = "opaque"
    LINEAGE = "lineage"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `many` allows a list, `facet` offers it beside a search, `column` is its place in a table by default,
    `identifier` gives it a menu of questions and searches; `writer` is false for what only the trail itself may set."""

    name: str
    kind: Kind
    help: str
    ecs: bool = True
    many: bool = False
    facet: bool = False
    column: int = 0
    identifier: bool = False
    writer: bool = True
    required: bool = False


def _ours(name: str, kind: Kind, help: str, **flags: Any) -> Field:
    return Field(name, kind, help, ecs=False, **flags)


K = Kind
FIELDS: tuple[Field, ...] = (
    Field("@timestamp", K.TIME, "When the operation happened, by the writer's clock", column=1, required=True),
    Field(
        "event.id",
        K.KEYWORD,
        "Identifies the event for ever; makes a second write of it harmless",
        identifier=True,
        required=True,
    ),
    Field(
        "event.action",
        K.KEYWORD,
        "What was done: a token operation, or the foreign log's own name for it",
        facet=True,
        column=3,
        required=True,
    ),
    Field("event.category", K.KEYWORD, "ECS categories", many=True),
    Field("event.type", K.KEYWORD, "ECS types", many=True),
    Field("event.outcome", K.KEYWORD, "success, failure or unknown", facet=True, column=4, required=True),
    Field("event.reason", K.KEYWORD, "Why it was denied or failed", facet=True),
    Field("event.dataset", K.KEYWORD, "Which source the event is from", facet=True, required=True),
    Field("event.ingested", K.TIME, "When the trail received it", writer=False),
    Field("event.sequence", K.INTEGER, "The writer's own count of its events"),
    _ours(
        "event.implied_by",
        K.KEYWORD,
        "The event whose source record says by the way that this happened too, such as that a call issued a key",
    ),
    Field("event.original", K.OPAQUE, "The source record's own text, exact to the byte"),
    _ours("writer.id", K.KEYWORD, "Which writer numbered the event"),
    Field("user.id", K.KEYWORD, "Who acted, or to whom a token was issued", identifier=True, column=5),
    Field("user.name", K.KEYWORD, "The user's name as the source gave it", facet=True),
    Field("user.full_name", K.KEYWORD, "The user's whole name, as the source gave it"),
    Field("user.email", K.KEYWORD, "The user's address for mail"),
    Field("user.roles", K.KEYWORD, "The user's roles at that time", many=True),
    Field("service.name", K.KEYWORD, "The service that acted or was called", facet=True, identifier=True),
    Field("service.type", K.KEYWORD, "The kind of service"),
    Field("host.name", K.KEYWORD, "The machine on which the service acted"),
    Field(
        "organization.id",
        K.KEYWORD,
        "The organisation or account the operation belongs to",
        facet=True,
        identifier=True,
    ),
    Field("organization.name", K.KEYWORD, "That organisation's name"),
    Field(
        "source.ip",
        K.IP,
        "Where the request came from, and through which addresses",
        many=True,
        facet=True,
        column=6,
        identifier=True,
    ),
    Field(
        "source.address",
        K.KEYWORD,
        "The source by its name, where it is not an address, such as a service that called for itself",
        identifier=True,
    ),
    Field("source.port", K.INTEGER, "The source's port"),
    Field("source.geo.country_iso_code", K.KEYWORD, "Country of the address, two letters", facet=True),
    Field("source.geo.region_name", K.KEYWORD, "Region of the address"),
    Field("source.geo.city_name", K.KEYWORD, "City of the address"),
    Field("source.geo.location", K.GEO_POINT, "Place of the address as text, `latitude,longitude`"),
    Field("source.as.number", K.INTEGER, "Autonomous system of the address"),
    Field("source.as.organization.name", K.KEYWORD, "Who runs that autonomous system"),
    Field("user_agent.original", K.WILDCARD, "The client as it named itself", column=7, identifier=True),
    Field("user_agent.name", K.KEYWORD, "The client's name", facet=True, identifier=True),
    Field("user_agent.version", K.KEYWORD, "The client's version"),
    Field("http.request.id", K.KEYWORD, "The request the operation was part of"),
    Field("http.request.method", K.KEYWORD, "GET, POST …"),
    Field("url.path", K.WILDCARD, "The path that was asked for"),
    Field("url.domain", K.KEYWORD, "The host that was asked"),
    _ours("resource.type", K.KEYWORD, "The kind of thing acted on", facet=True),
    _ours("resource.id", K.KEYWORD, "The thing acted on", column=8, identifier=True),
    _ours("resource.name", K.KEYWORD, "That thing's name"),
    _ours(
        "token.operation",
        K.KEYWORD,
        "Which token operation this was, whatever the source called it",
        facet=True,
    ),
    _ours(
        "token.id",
        K.KEYWORD,
        "The token's public identifier; parent and child by attenuation share it",
        column=2,
        identifier=True,
    ),
    _ours(
        "token.fingerprint",
        K.KEYWORD,
        "SHA-256 of the tail (macaroons) or of the public identifier (others)",
        identifier=True,
    ),
    _ours(
        "token.parent_fingerprint",
        K.KEYWORD,
        "The fingerprint it was derived from, where the platform knows",
        identifier=True,
    ),
    _ours("token.kind", K.KEYWORD, "user, service, session, access_key, third_party …", facet=True),
    _ours("token.key_id", K.KEYWORD, "The signing key the token was made with"),
    _ours("token.location", K.KEYWORD, "The token's location, the service that accepts it"),
    _ours("token.issued_at", K.TIME, "When the token was issued, where an event of its use says so"),
    _ours("token.expires_at", K.TIME, "When the token ends by itself"),
    _ours("token.cache_hit", K.BOOLEAN, "The verifier answered from its cache"),
    _ours("token.caveats.count", K.INTEGER, "How many caveats the token carries"),
    _ours("token.caveats.types", K.KEYWORD, "The kinds of caveats", many=True),
    _ours("token.caveats.added", K.KEYWORD, "What this attenuation added", many=True),
    _ours("token.caveats.failed", K.KEYWORD, "The caveat that refused"),
    _ours("token.caveats.json", K.OPAQUE, "The exact caveats, one JSON text"),
    _ours("token.discharges", K.NESTED, "Third-party discharges: location, ticket_hash, outcome", many=True),
    _ours("token.revocation.scope", K.KEYWORD, "token, key, user or organisation; resource.id says whose"),
    _ours("token.revocation.reason", K.KEYWORD, "Why it was revoked"),
    Field("trace.id", K.KEYWORD, "The trace through the platform", identifier=True),
    Field("message", K.TEXT, "A sentence for people"),
    _ours("signature.key_id", K.KEYWORD, "The console's key that signed the event, one of its own records"),
    _ours("signature.value", K.OPAQUE, "The signature of the console over one of its own records"),
    Field("labels", K.LABELS, "The writer's own words, text by name"),
    _ours("raw", K.RAW, "The source record as it arrived, searchable as raw.any.path"),
)
# No event has it: a search by it finds a token and everything derived from it (trail.search.bodies.lineage).
LINEAGE = _ours("token.lineage", K.LINEAGE, "The token by this id or fingerprint, and everything derived from it")
BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
DISCHARGE_FIELDS = ("location", "ticket_hash", "outcome")
IDENTIFIERS = frozenset(f.name for f in FIELDS if f.identifier)
DEFAULT_COLUMNS = tuple(f.name for f in sorted(FIELDS, key=lambda f: f.column) if f.column)
FACETS = tuple(f.name for f in FIELDS if f.facet)
# What a search is narrowed by most: asked with each page, in this order; the other facets where somebody opens them.
COMMON_FACETS = ("event.outcome", "event.reason", "source.ip", "service.name", "event.action", "user.name")

OUTCOMES = ("success", "failure", "unknown")


class Operation(StrEnum):
    """What can be done with a token or a key."""

    ISSUE = "token.issue"
    ATTENUATE = "token.attenuate"
    VERIFY = "token.verify"
    AUTHORIZE = "token.authorize"
    DISCHARGE = "token.discharge"
    REVOKE = "token.revoke"
    RESTORE = "token.restore"
    KEY_ROTATE = "key.rotate"


# The operations in which a token is used, as opposed to made or ended.
USES = (Operation.VERIFY, Operation.AUTHORIZE, Operation.DISCHARGE)


def field_of(name: str) -> Field | None:
    """The field that a name belongs to: `labels.team` is in `labels`, `raw.a.b` in `raw`; None if there is none."""
    if name in BY_NAME:
        return BY_NAME[name]
    if name == LINEAGE.name:
        return LINEAGE
    root, *path = name.split(".")
    return BY_NAME[root] if path and all(path) and root in ("labels", "raw") else None
