"""Keeps of searches, beside the trail's record, a person's own history, and links short enough to be passed on."""

from django.conf import settings
from django.db import models

from core.records import Record, new_public_id
from investigations.models.cases import Case


class PastSearch(models.Model):
    """One search of a person's history, however often it was asked; its latest answer. Theirs alone, and theirs to delete.

    `digest` is the SHA-256 of the search, by which it is known again; `took` is in milliseconds.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    search = models.JSONField()
    words = models.CharField(max_length=2_000)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    first_asked_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    total = models.PositiveBigIntegerField()
    partial = models.BooleanField(default=False)
    took = models.PositiveIntegerField()

    class Meta:
        ordering = ("-asked_at", "-pk")
        verbose_name_plural = "past searches"
        constraints = (models.UniqueConstraint(fields=("owner", "digest"), name="one_line_for_a_search"),)
        indexes = (models.Index(fields=("owner", "-asked_at")),)

    def __str__(self) -> str:
        return self.words


class ShortLink(Record):
    """A search under a short name: the same search has the same. It shows nobody more than they may find themselves."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    search = models.JSONField()
    words = models.CharField(max_length=2_000)
    # Whether its times are fixed, and with them what had arrived by then: it finds the same events for ever.
    fixed = models.BooleanField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return self.words
