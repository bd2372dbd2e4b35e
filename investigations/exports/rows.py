"""One line of an export: an event, and beside it what the case says of it. Knows no ORM beyond what it is given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trail.events import digest
from trail.search.execute import Hit

if TYPE_CHECKING:
    from investigations.models import Evidence


@dataclass(frozen=True, slots=True)
class Row:
    """`digest` is the SHA-256 of the event's canonical form; the evidence columns are empty outside a case."""

    document: dict[str, Any]
    digest: str
    evidence: str = ""
    reason: str = ""
    pinned_by: str = ""
    pinned_at: str = ""

    @classmethod
    def of_hit(cls, hit: Hit) -> "Row":
        return cls(hit.document, digest(hit.document))

    @classmethod
    def of_evidence(cls, evidence: "Evidence") -> "Row":
        return cls(
            document=evidence.document,
            digest=evidence.digest,
            evidence=evidence.label,
            reason=evidence.reason,
            pinned_by=evidence.pinned_by_name,
            pinned_at=evidence.pinned_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        )
