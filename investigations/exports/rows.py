"""One line of an export: an event, and beside it what the case says of it. Knows no ORM beyond what it is given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trail.events import digest
from trail.moments import text_of
from trail.search.execute import Hit

if TYPE_CHECKING:
    from investigations.models import Evidence


@dataclass(frozen=True, slots=True)
class Row:
    """`digest` is the SHA-256 of the event's canonical form, `leaf` its number in the sealed log, if it has one yet; the
    evidence columns are empty outside a case.

    Of an absence there is no event: `statement` says what was not found, `digest` is that of the statement, and `leaf`
    the number of the event that put it on record.
    """

    document: dict[str, Any]
    digest: str
    evidence: str = ""
    reason: str = ""
    pinned_by: str = ""
    pinned_at: str = ""
    leaf: int | None = None
    statement: dict[str, Any] | None = None

    @classmethod
    def of_hit(cls, hit: Hit, leaf: int | None = None) -> "Row":
        return cls(hit.document, digest(hit.document), leaf=leaf)

    @classmethod
    def of_evidence(cls, evidence: "Evidence") -> "Row":
        return cls(
            document={"@timestamp": evidence.event_timestamp} if evidence.is_absence else evidence.document,
            digest=evidence.digest,
            evidence=evidence.label,
            reason=evidence.reason,
            pinned_by=evidence.pinned_by_name,
            pinned_at=text_of(evidence.pinned_at),
            leaf=evidence.leaf,
            statement=evidence.document if evidence.is_absence else None,
        )

    def said(self) -> dict[str, str]:
        """What the case says of the event; empty outside a case."""
        if not self.evidence:
            return {}
        return {
            "number": self.evidence, "reason": self.reason, "pinned_by": self.pinned_by, "pinned_at": self.pinned_at,
        }  # fmt: skip
