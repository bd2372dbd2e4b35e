"""Writes custody, and what a verification came to, as they stand in a bundle."""

from typing import Any

from investigations.models import CaseVerification, CustodyEntry
from trail.times import format_datetime


def describe_entry(entry: CustodyEntry) -> dict[str, Any]:
    """One act on a piece of evidence, as texts; `event_id` is the trail's record of it, or empty."""
    return {
        "evidence": entry.evidence.label,
        "action": entry.action,
        "at": format_datetime(entry.at),
        "by": entry.by_name,
        "address": entry.address,
        "client": entry.client,
        "detail": entry.detail,
        "event_id": entry.event_id,
    }


def describe_verification(verification: CaseVerification) -> dict[str, Any]:
    """What the verification before an export came to: all evidence of the case, what was withdrawn too."""
    return {
        "ended_at": format_datetime(verification.ended_at) if verification.ended_at else None,
        "compared": verification.done,
        "intact": verification.intact,
        "differing": verification.differing,
        "not_sealed_yet": verification.unsealed,
        "sealed_log": verification.log_problem or "asked",
        "differences": [
            {"evidence": f"E{each['evidence']}", "copy": each["kind"], "what": each["what"]}
            for each in verification.differences
        ],
    }
