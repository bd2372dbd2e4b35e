"""Reads of a pinned event's copy what its timeline counts, folds and draws, so that no page parses every copy."""

from hashlib import sha256
from typing import Any

import orjson
from django.db.models import QuerySet

from core.records import fit_text
from investigations.models import Evidence, EvidenceFact, EvidenceFactValue
from trail.documents import get
from trail.schema import field_of
from trail.times import NotATime, parse_time

# What two events have in common that are one entry, beside the reason for which they were pinned.
_ALIKE = (
    "token.operation",
    "event.action",
    "event.outcome",
    "event.reason",
    "user.id",
    "source.ip",
    "token.id",
    "service.name",
)
# The columns of a fact that hold a field of its event.
COLUMNS = {
    "token.operation": "operation",
    "event.outcome": "outcome",
    "token.id": "token_id",
    "token.fingerprint": "fingerprint",
    "source.ip": "address",
    "user.id": "user_id",
    "user_agent.original": "client",
    "service.name": "service",
    "token.kind": "token_kind",
    "source.geo.city_name": "city",
    "resource.type": "resource_type",
}
# Of these an event may have several values.
SEVERAL = {name: column for name, column in COLUMNS.items() if (field := field_of(name)) and field.many}
# Where a writer says of which session an event was part; a token that is a session says so by its kind.
_SESSIONS = ("labels.session", "labels.session_id")
_REVOKE = "token.revoke"
LONGEST = EvidenceFactValue._meta.get_field("value").max_length or 0
_LENGTHS = {field.name: field.max_length or 0 for field in EvidenceFact._meta.fields}


def build_fact(evidence: Evidence) -> EvidenceFact | None:
    """The fact of a pinned event; None of a statement, which is none. A text that is longer than its column is cut.

    It names the evidence by its key: two rows that hold each other stay in memory until Python looks for cycles.
    """
    if evidence.is_statement:
        return None
    document = evidence.document
    words = {column: fit_text(read_text(document, name), _LENGTHS[column]) for name, column in COLUMNS.items()}
    return EvidenceFact(
        evidence_id=evidence.pk,
        case_id=evidence.case_id,
        is_withdrawn=evidence.withdrawn_at is not None,
        time=_read_time(evidence.event_timestamp),
        session=fit_text(read_session(document), _LENGTHS["session"]),
        fold="" if words["operation"] == _REVOKE else compute_fold(evidence.reason, document),
        **words,
    )


def build_further_values(evidence: Evidence) -> list[EvidenceFactValue]:
    """What the columns of a pinned event's fact do not hold, where a field has several values; none of a statement."""
    if evidence.is_statement:
        return []
    document = evidence.document
    return [
        EvidenceFactValue(fact_id=evidence.pk, case_id=evidence.case_id, column=column, value=value)
        for name, column in SEVERAL.items()
        for value in list_further_values(document, name)
    ]


def list_further_values(document: dict[str, Any], field: str) -> list[str]:
    """The values of a field after the first, each once, as far as a row holds them."""
    return list(dict.fromkeys(fit_text(text, LONGEST) for text in read_texts(document, field)[1:]))


def select_further_values(facts: QuerySet[EvidenceFact], column: str) -> QuerySet[EvidenceFactValue]:
    """What a column of these facts does not hold."""
    return EvidenceFactValue.objects.filter(column=column, fact__in=facts.order_by().values("pk"))


def has_further_values(facts: QuerySet[EvidenceFact], column: str) -> bool:
    """Whether any of these events has several values there. One query."""
    return select_further_values(facts, column).exists()


def read_session(document: dict[str, Any]) -> str:
    """The id of the session that an event was part of; empty where it says none."""
    if get(document, "token.kind") == "session" and (token := read_text(document, "token.id")):
        return token
    return next(filter(None, (read_text(document, name) for name in _SESSIONS)), "")


def compute_fold(reason: str, document: dict[str, Any]) -> str:
    """What is equal for events that are one entry where they follow one upon the other: 32 hexadecimal digits of a SHA-256."""
    alike = [reason, *(str(get(document, name)) for name in _ALIKE)]
    return sha256(orjson.dumps([part.encode("utf-8", "replace").decode() for part in alike])).hexdigest()[:32]


def read_text(document: dict[str, Any], field: str) -> str:
    """A value as its lane is called; of several the first of read_texts; empty where there is none."""
    return next(iter(read_texts(document, field)), "")


def read_texts(document: dict[str, Any], field: str) -> list[str]:
    """The values of a field, each once, in the order of their texts."""
    value = get(document, field)
    return sorted({str(each) for each in (value if isinstance(value, list) else [value]) if each is not None})


def _read_time(timestamp: str) -> int:
    """Nanoseconds since 1970; 0 for what is no time, which only a damaged event has."""
    try:
        return parse_time(timestamp)
    except NotATime:
        return 0
