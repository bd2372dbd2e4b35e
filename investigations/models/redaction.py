"""Keeps redaction profiles: which fields of events are masked, and which are pseudonymised, in what leaves the console."""

from django.conf import settings
from django.db import models

from core.records import new_public_id


class RedactionProfile(models.Model):
    """`rules` leads from a field's name to MASK or PSEUDONYM. A profile is never changed, so that a file can name it for ever.

    Who wants another makes another; one that is retired is offered no more.
    """

    MASK, PSEUDONYM = "mask", "pseudonym"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=80, unique=True)
    rules = models.JSONField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)
    retired_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
