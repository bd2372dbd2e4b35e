"""Reads what the rows of a table say beside what their events hold: ends of tokens, seals, evidence, signatures."""

from collections.abc import Sequence

from django.urls import reverse

from accounts.models import User
from accounts.roles import may_investigate
from core.connection import trail
from investigations.models import Case, Evidence
from investigations.presentation.event_rows import RowContext
from operations.sealing.record_signatures import judge_records
from operations.sealing.sealed_places import find_sealed
from trail.errors import TrailUnavailable
from trail.questions.revocations import NO_ENDINGS, Endings, read_endings
from trail.search.bodies.first_seen import KindsByEvent
from trail.search.execute import Hit
from trail.search.spec import Scope


def read_row_context(
    hits: Sequence[Hit], kinds_by_event: KindsByEvent, *, by: User, scope: Scope, case: Case | None
) -> RowContext:
    """All that is known of these events; `scope` is the person's, `case` is worked in, its evidence marked."""
    return RowContext(
        kinds_by_event=kinds_by_event,
        endings=_read_endings(hits, scope),
        sealed=find_sealed(hits),
        pinned=_read_pinned(hits, case) if case else {},
        signatures=judge_records(hits),
        may_pin=may_investigate(by),
    )


def _read_endings(hits: Sequence[Hit], scope: Scope) -> Endings:
    """Rows say nothing of ends that cannot be asked about just now; the page of the token does not leave it at that."""
    try:
        return read_endings(trail(), hits, scope)
    except TrailUnavailable:
        return NO_ENDINGS


def _read_pinned(hits: Sequence[Hit], case: Case) -> dict[str, tuple[str, str]]:
    evidence = Evidence.objects.not_withdrawn().filter(case=case, event_id__in=[hit.event_id for hit in hits])
    return {
        event_id: (f"E{number}", reverse("evidence_detail", args=[case.public_id, number]))
        for event_id, number in evidence.values_list("event_id", "number")
    }
