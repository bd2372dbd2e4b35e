"""Notes how far the clocks of a case's sources were from the true time, and says which time an event had by the true one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.clock_skews.offsets import write_offset
from investigations.models import Case, ClockSkew
from trail.documents import get
from trail.times import format_time, parse_time


@transaction.atomic
def add_clock_skew(*, case: Case, field: str, value: str, offset: int, reason: str, by: User) -> ClockSkew:
    """Note the skew of a source's clock: `offset` nanoseconds, positive where it was ahead.

    Raises CaseClosed; Refused for a source whose skew is noted already, which is withdrawn first.
    """
    hold_open(case)
    try:
        with transaction.atomic():
            skew = ClockSkew.objects.create(
                case=case,
                field=field,
                value=value,
                offset=offset,
                reason=reason,
                created_by=by,
                created_by_name=by.name or by.username,
            )
    except IntegrityError as error:
        raise Refused("The skew of this source is noted already; withdraw that first.", "value") from error
    _record(CaseAction.CLOCK_SKEW_ADD, f"noted the clock of {value[:100]}: {describe_skew(skew)}", skew, by)
    return skew


@transaction.atomic
def withdraw_clock_skew(*, skew: ClockSkew, by: User) -> None:
    """Show it no longer; it stays on record. Raises CaseClosed; Refused when somebody has withdrawn it before."""
    hold_open(skew.case)
    changes = {"withdrawn_at": timezone.now(), "withdrawn_by_name": by.name or by.username}
    if not ClockSkew.objects.not_withdrawn().filter(pk=skew.pk).update(**changes):
        raise Refused("This was withdrawn before.")
    _record(CaseAction.CLOCK_SKEW_WITHDRAW, f"withdrew the clock skew of {skew.value[:100]}", skew, by)


def describe_skew(skew: ClockSkew) -> str:
    """In words: 1 min 35.2 s ahead."""
    return f"{write_offset(skew.offset)} {'ahead' if skew.offset > 0 else 'behind'}"


@dataclass(frozen=True, slots=True)
class CorrectedTime:
    """What the true time of an event was, RFC 3339 in UTC, if a clock went as somebody noted, and that in words."""

    time: str
    words: str


class ClockSkews:
    """The skews that are noted in a case, for the events of a page. One query."""

    def __init__(self, skews: Iterable[ClockSkew]) -> None:
        self._by_source = {(skew.field, skew.value): skew for skew in skews}

    def correct_time(self, document: dict[str, Any]) -> CorrectedTime | None:
        """The true time of an event, by the most particular of its sources that has a skew; None where none has, and where the
        time would lie outside of those that events have."""
        for field in reversed(ClockSkew.Field.values):
            skew = self._by_source.get((field, str(get(document, field))))
            if skew is not None:
                return self._correct(document, skew)
        return None

    @staticmethod
    def _correct(document: dict[str, Any], skew: ClockSkew) -> CorrectedTime | None:
        try:
            time = format_time(parse_time(str(document["@timestamp"])) - skew.offset)
        except ValueError:
            return None
        return CorrectedTime(time, f"the clock of {skew.value} was {describe_skew(skew)}")


def read_clock_skews(case: Case) -> ClockSkews:
    """Those of a case that are not withdrawn."""
    return ClockSkews(case.clock_skews.not_withdrawn())


def _record(action: CaseAction, summary: str, skew: ClockSkew, by: User) -> None:
    skew.case.save(update_fields=["changed_at"])
    labels = {"field": skew.field, "value": skew.value[:200], "offset_ns": str(skew.offset)}
    record_in_case(action, summary, by=by, case=skew.case, labels=labels)
