"""Keeps work in the background as rows, which say who works on it, how far it is, and whether to stop."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.records import new_public_id

# Longer than one request to the engine may take, so that only a dead worker loses its claim.
LEASE = timedelta(seconds=45)


class Job(models.Model):
    """A piece of background work. `owner` holds it until `lease_until`; after that another worker may take it up."""

    TASK: ClassVar[str]  # the name of the Celery task that does the work, given the row's key

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    ENDED = (State.FINISHED, State.FAILED, State.CANCELLED)

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    total = models.PositiveBigIntegerField(null=True)
    done = models.PositiveBigIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancelled_by_name = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        ordering = ("-created_at", "-pk")

    @property
    def is_over(self) -> bool:
        """Whether nobody will work on it any more."""
        return self.state in Job.ENDED

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody had asked for it to stop when the row was read."""
        return self.cancel_requested_at is not None

    @property
    def percent(self) -> int | None:
        """How far, 0 to 100; None while nobody knows how much there is."""
        if self.state == Job.State.FINISHED:
            return 100
        if self.total is None:
            return None
        return min(99, self.done * 100 // self.total) if self.total else 0
