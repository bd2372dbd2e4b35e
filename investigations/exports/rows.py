"""Builds what a line of an export holds: an event, and beside it what the case says of it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from investigations.presentation.event_sentence import describe_event
from investigations.presentation.statements import describe_statement
from trail.canonical_form import compute_digest
from trail.search.execute import Hit
from trail.times import format_datetime

if TYPE_CHECKING:
    from investigations.models import Evidence
    from investigations.redaction.redactor import Redactor


@dataclass(frozen=True, slots=True)
class ExportRow:
    """`digest` is the SHA-256 of the event's canonical form, `leaf` its number in the sealed log, if it has one yet; the
    evidence columns are empty outside a case.

    Of a statement there is no event: `statement` is what was pinned, `digest` is that of the statement, and `leaf`
    the number of the event that put it on record.

    `redaction` is the name of the profile by which it was redacted.
    """

    document: dict[str, Any]
    digest: str
    evidence: str = ""
    reason: str = ""
    pinned_by: str = ""
    pinned_at: str = ""
    leaf: int | None = None
    statement: dict[str, Any] | None = None
    redaction: str = ""

    @classmethod
    def of_hit(cls, hit: Hit, leaf: int | None = None) -> "ExportRow":
        """The row of an event outside a case."""
        return cls(hit.document, compute_digest(hit.document), leaf=leaf)

    @classmethod
    def of_evidence(cls, evidence: "Evidence") -> "ExportRow":
        """The row of a frozen copy, or of a statement."""
        return cls(
            document={"@timestamp": evidence.event_timestamp} if evidence.is_statement else evidence.document,
            digest=evidence.digest,
            evidence=evidence.label,
            reason=evidence.reason,
            pinned_by=evidence.pinned_by_name,
            pinned_at=format_datetime(evidence.pinned_at),
            leaf=evidence.leaf,
            statement=evidence.document if evidence.is_statement else None,
        )

    def redact(self, redactor: "Redactor", profile: str = "") -> "ExportRow":
        """The same without what a profile of this name takes out; digest and leaf stay, which say of what it is made."""
        return replace(
            self,
            redaction=profile,
            document=redactor.redact_document(self.document),
            reason=redactor.redact_text(self.reason),
            pinned_by=redactor.redact_text(self.pinned_by),
            statement=None if self.statement is None else redactor.redact_statement(self.statement),
        )

    def write_sentence(self) -> str:
        """What it tells, in a sentence for people."""
        return describe_event(self.document) if self.statement is None else describe_statement(self.statement)

    def evidence_fields(self) -> dict[str, str]:
        """What the case says of the event, by the names that stand in the file; empty outside a case."""
        if not self.evidence:
            return {}
        return {
            "number": self.evidence,
            "reason": self.reason,
            "pinned_by": self.pinned_by,
            "pinned_at": self.pinned_at,
        }
