"""Keeps how far the clocks of a case's sources were from the true time."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from investigations.models.cases import Case


class ClockSkewQuerySet(models.QuerySet["ClockSkew"]):
    def not_withdrawn(self) -> "ClockSkewQuerySet":
        """What has not been withdrawn."""
        return self.filter(withdrawn_at=None)


class ClockSkew(models.Model):
    """How far the clock of a source was from the true time, as somebody noted. It is shown, and changes no event.

    The events of the source are those whose `field` holds `value`. `offset` is in nanoseconds, positive where the clock was
    ahead.
    """

    class Field(models.TextChoices):
        DATASET = "event.dataset", "Dataset"
        SERVICE = "service.name", "Service"
        HOST = "host.name", "Machine"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="clock_skews")
    field = models.CharField(max_length=20, choices=Field)
    value = models.CharField(max_length=512)
    offset = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by_name = models.CharField(max_length=200, blank=True)

    objects = ClockSkewQuerySet.as_manager()

    class Meta:
        ordering = ("field", "value", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("case", "field", "value"), condition=Q(withdrawn_at=None), name="one_skew_of_a_source"
            ),
        )

    def __str__(self) -> str:
        return f"{self.value}: {self.offset} ns"
