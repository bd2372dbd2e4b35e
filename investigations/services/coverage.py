"""What the console knows of events that may be missing, beside what the engine says of its own answer."""

from django.db.models import Q
from django.urls import reverse

from operations.models import Incident, RejectedEvent
from operations.services import incidents
from trail.coverage import Coverage, Doubt

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


def with_doubts(coverage: Coverage) -> Coverage:
    """The coverage with every reason why events may be missing from the trail at this moment."""
    return coverage.doubted(doubts())


def doubts() -> list[Doubt]:
    """Unresolved incidents that mean so, the newest first, and rejected events that nobody has decided about."""
    standing = Incident.objects.filter(_LASTING | _PASSING, resolved_at=None).order_by("-opened_at", "-pk")
    shown = list(standing[: MOST + 1])
    found = [_doubt(incident) for incident in shown[:MOST]]
    if len(shown) > MOST:
        found.append(Doubt(f"More than {MOST} incidents stand unresolved.", reverse("incident_list")))
    rejected = any(incident.kind in (Kind.REJECTED, Kind.CONFLICT) for incident in shown)
    if not rejected and RejectedEvent.objects.filter(state=RejectedEvent.State.WAITING).exists():
        resolved = f"{reverse('incident_list')}?state=resolved&kind={Kind.REJECTED}"
        found.append(Doubt("Rejected events wait for a decision and are not in the trail.", resolved))
    return found


def _doubt(incident: Incident) -> Doubt:
    address = reverse("incident_detail", args=[incident.public_id])
    return Doubt(f"{incident.get_kind_display()}: {incident.latest}", address)
