"""Says why events may be missing from an answer, beside what the engine says of it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, cast

from django.db.models import Q
from django.urls import reverse

from operations.incidents import services as incidents
from operations.models import Incident, RejectedEvent
from trail.questions.coverage import Coverage, Doubt

Answer = TypeVar("Answer")
Kind = Incident.Kind
MOST = 10  # doubts that are named one by one
# What may have kept events from the trail, or taken them from it, until a person has said what it was.
_LASTING = Q(kind=Kind.OUTAGE, subject__in=(incidents.ENGINE, incidents.DATABASE)) | Q(
    kind__in=(Kind.NOT_WRITTEN, Kind.TAMPERED)
)
# What is made good once it is over: the numbers arrived after all, what was rejected is decided, all is sealed.
_PASSING = Q(over_at=None) & (
    Q(kind__in=(Kind.GAP, Kind.REJECTED, Kind.CONFLICT, Kind.SILENCE, Kind.NOT_SEALED))
    # An index that is closed or has lost a shard is one that no search looks into.
    | Q(kind=Kind.CHECK, subject__in=("indices", "copies"))
)

# Most pages ask these, whose conditions take longer to put together than to answer: so they are, once.
_UNRESOLVED = Incident.objects.filter(_LASTING | _PASSING, resolved_at=None).order_by("-opened_at", "-pk")[: MOST + 1]
_UNDECIDED = RejectedEvent.objects.filter(state=RejectedEvent.State.WAITING)


def add_doubts(answer: Answer) -> Answer:
    """An answer with every reason why events may be missing from the trail now, wherever it states its coverage.

    An answer that states none comes back as it is.
    """
    return _add(answer, find_doubts()) if _states_coverage(answer) else answer


def _add(answer: Answer, doubts: list[Doubt]) -> Answer:
    """The answer itself where no part of it states its coverage."""
    if isinstance(answer, Coverage):
        return cast(Answer, answer.doubted(doubts))
    changed = {name: new for name, part in _read_parts(answer) if (new := _add(part, doubts)) is not part}
    return cast(Answer, replace(cast(Any, answer), **changed)) if changed else answer


def _states_coverage(value: object) -> bool:
    return isinstance(value, Coverage) or any(_states_coverage(part) for _, part in _read_parts(value))


def _read_parts(value: object) -> Iterator[tuple[str, Any]]:
    """The fields of a data class; none of anything else."""
    for name in _names_of(type(value)):  # type: ignore[arg-type]  # every class has a hash
        yield name, getattr(value, name)


@cache
def _names_of(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def find_doubts() -> list[Doubt]:
    """Unresolved incidents that mean so, the newest first, and rejected events that nobody has decided about."""
    shown = list(_UNRESOLVED.all())
    doubts = [_doubt(incident) for incident in shown[:MOST]]
    if len(shown) > MOST:
        doubts.append(Doubt(f"More than {MOST} incidents stand unresolved.", reverse("incident_list")))
    rejected = any(incident.kind in (Kind.REJECTED, Kind.CONFLICT) for incident in shown)
    if not rejected and _UNDECIDED.all().exists():
        resolved = f"{reverse('incident_list')}?state=resolved&kind={Kind.REJECTED}"
        doubts.append(Doubt("Rejected events wait for a decision and are not in the trail.", resolved))
    return doubts


def _doubt(incident: Incident) -> Doubt:
    address = reverse("incident_detail", args=[incident.public_id])
    return Doubt(f"{incident.get_kind_display()}: {incident.latest}", address)
