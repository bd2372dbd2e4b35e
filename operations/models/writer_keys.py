"""Models the keys with which programs come in: services that write, collectors of metrics, readers of the log.

Only the SHA-256 of its secret is kept. That is enough, where a person's password would need a slow hash: the secret is 256
random bits, so nobody who reads the database finds it by trying. It can be looked up on every request at no cost.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from core.records import new_public_id

USE_NOTED_EVERY = timedelta(minutes=1)
NATIVE = "trail"  # records that are events of the trail already
named_plainly = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z",
    "Use at most 100 letters, digits, points, hyphens or underscores, beginning with a letter or a digit.",
)


class KeyScope(models.TextChoices):
    """What a key opens: one thing each."""

    WRITE = "events:write", "Write events"
    METRICS = "metrics:read", "Read metrics"
    LOG = "log:read", "Read the sealed log"
    ENTRIES = "log:entries", "Read every sealed event"
    TRAIL = "trail:read", "Ask the trail"


class WriterKeys(models.QuerySet["WriterKey"]):
    def working(self, now: datetime) -> "WriterKeys":
        """Those that open something at this moment."""
        return self.filter(revoked_at=None).filter(models.Q(ends_at=None) | models.Q(ends_at__gt=now))


class WriterKey(models.Model):
    """One key. `public_id` stands in the key itself, so that finding it is one query. Never deleted: events name it."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, editable=False)
    scope = models.CharField(max_length=20, choices=KeyScope, default=KeyScope.WRITE)
    # Who writes, and into which dataset: an event of another is refused. Empty where the key does not write.
    writer = models.CharField(max_length=100, blank=True, validators=[named_plainly])
    dataset = models.CharField(max_length=100, blank=True, validators=[named_plainly])
    # How the records that come in the shape of _bulk are read: a name of operations.imports.formats, or NATIVE.
    format = models.CharField(max_length=40, blank=True, default="ecs")
    made_at = models.DateTimeField(default=timezone.now)
    made_by_name = models.CharField(max_length=200)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    rotated_at = models.DateTimeField(null=True)
    rotated_by_name = models.CharField(max_length=200, blank=True)
    ends_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=200, blank=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.GenericIPAddressField(null=True)

    objects = WriterKeys.as_manager()

    class Meta:
        ordering = ("writer", "name", "-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    def works(self, now: datetime) -> bool:
        """Whether the key opens anything at this time."""
        return self.revoked_at is None and (self.ends_at is None or self.ends_at > now)

    @property
    def state(self) -> str:
        """In one word: works, ending, ended or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        if self.ends_at is None:
            return "works"
        return "ending" if self.ends_at > timezone.now() else "ended"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Always raises TypeError."""
        raise TypeError("A key is kept for ever, and revoked when it shall work no more")


class OpenedMonth(models.Model):
    """A month that the trail did not have before somebody's event of it. `opener` is a writer, or what decides for others."""

    opener = models.CharField(max_length=200)
    month = models.CharField(max_length=7)  # 2026-11
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        indexes = (models.Index(fields=("opener", "at"), name="opened_months_of_a_day"),)

    def __str__(self) -> str:
        return f"{self.opener} opened {self.month}"
