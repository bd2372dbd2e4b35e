"""Models the notices of incidents that are sent outside: an outbox. A row stays when it was sent."""

from django.db import models

from operations.models.incidents import IncidentStep


class Notice(models.Model):
    """One message about one step, by one channel; tried until it is taken."""

    class Channel(models.TextChoices):
        WEBHOOK = "webhook", "webhook"
        EMAIL = "email", "e-mail"

    step = models.ForeignKey(IncidentStep, on_delete=models.PROTECT, related_name="notices")
    channel = models.CharField(max_length=10, choices=Channel)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True)
    # What it would have said was not so any more when it was due.
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)
        indexes = (
            models.Index(fields=("due_at",), condition=models.Q(sent_at=None, dropped_at=None), name="notices_to_send"),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.step}"
