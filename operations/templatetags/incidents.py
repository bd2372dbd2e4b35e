"""What the header of every page says of incidents."""

from dataclasses import dataclass

from django import template
from django.db.models import Count, Q

from operations.models import Incident

register = template.Library()


@dataclass(frozen=True, slots=True)
class Unresolved:
    """How many incidents nobody has resolved, and how many of them still fail."""

    number: int
    failing: int


@register.simple_tag
def unresolved_incidents() -> Unresolved:
    """One query, answered from an index of the unresolved alone."""
    found = Incident.objects.filter(resolved_at=None).aggregate(
        number=Count("pk"), failing=Count("pk", filter=Q(over_at=None))
    )
    return Unresolved(**found)
