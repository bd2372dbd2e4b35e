"""Keeps how a person likes the table of events, what they are told of by name, and up to when they have read it."""

from django.conf import settings
from django.db import models

from core.records import Record
from investigations.models.cases import Activity


class TablePreference(models.Model):
    """One person's own columns in order (none: the usual ones), their widths in pixels, and how the rows stand."""

    class Density(models.TextChoices):
        NORMAL = "normal", "Normal"
        COMPACT = "compact", "Compact"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="table_preference")
    columns = models.JSONField(default=list)
    widths = models.JSONField(default=dict)
    density = models.CharField(max_length=8, choices=Density, default=Density.NORMAL)
    wrap = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"table of {self.user}"


class NoticesRead(models.Model):
    """Up to when a person has read their notices."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices_read")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"notices of {self.user} up to {self.at:%Y-%m-%d %H:%M}"


class GlassNotice(Record):
    """That somebody broke the glass of a case which this person was in then; it stays whoever is in the case later."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="glass_notices")
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="glass_notices")
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.user}: {self.activity}"
