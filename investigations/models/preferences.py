"""Keeps how a person likes the table of events, so that it follows them from browser to browser."""

from django.conf import settings
from django.db import models


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
