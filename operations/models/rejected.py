"""Models what the trail did not take, until a person has decided about it. Rows are never deleted; each step is on record."""

from typing import Any

from django.conf import settings
from django.db import models

from core.records import Record, new_public_id


class RejectedEvent(models.Model):
    """One text that somebody meant to be an event. The same text of the same writer again is the same row."""

    class Status(models.TextChoices):
        INVALID = "invalid", "does not fit the schema"
        CONFLICT = "conflict", "another event has its id"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        WRITTEN = "written", "written after all"
        DISCARDED = "discarded", "discarded"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    writer = models.CharField(max_length=200)
    source = models.CharField(max_length=300)
    # How it is read as an event: by a format of operations.imports.formats, else as an event of the trail. `dataset` is
    # the one of the key that it was sent with, empty where there was no key; `given_id` is the id beside it, if any.
    format = models.CharField(max_length=40, blank=True)
    dataset = models.CharField(max_length=100, blank=True)
    given_id = models.CharField(max_length=1_000, blank=True)
    # Where it first stood, for what came from a file: the file, the record's number, its line and its first byte.
    place = models.CharField(max_length=1_000, blank=True)
    # Bytes, for a text that is no UTF-8, or holds what a database's text cannot, is kept exactly too. Bearer secrets in
    # it are replaced by their SHA-256.
    content = models.BinaryField()
    digest = models.CharField(max_length=64)  # SHA-256 of the content
    status = models.CharField(max_length=10, choices=Status)
    field = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=1_000)
    # The reason without what was found instead, so that those of one cause stand together.
    cause = models.CharField(max_length=200)
    count = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # What the last try to write it came to, where it was not taken again.
    problem = models.CharField(max_length=1_000, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("writer", "digest"), name="one_row_for_each_rejected_text"),)
        # Groups, and one group in order: what the pages and the background work read.
        indexes = (models.Index(fields=("state", "writer", "cause", "id"), name="rejected_by_group"),)

    def __str__(self) -> str:
        return f"{self.writer}: {self.reason}"

    @property
    def text(self) -> str:
        """The exact text; bytes that are no UTF-8 as lone surrogates (PEP 383)."""
        return bytes(self.content).decode("utf-8", "surrogateescape")

    @property
    def readable(self) -> str:
        """The text for a page: a byte that is no UTF-8 as U+FFFD."""
        return bytes(self.content).decode("utf-8", "replace")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Always raises TypeError."""
        raise TypeError("A rejected event is kept for ever")


class Mapping(Record):
    """A named list of rules by which rejected events are corrected (operations.rejected.rules). A change is a new version."""

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    rules = models.JSONField()
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ("name", "-version")
        constraints = (models.UniqueConstraint(fields=("name", "version"), name="one_mapping_of_a_version"),)

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class MappingRetirement(Record):
    """That a version of a mapping is offered no longer. It stays, for decisions were made with it."""

    mapping = models.OneToOneField(Mapping, on_delete=models.PROTECT, related_name="retirement")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.mapping}, retired"


class Decision(models.Model):
    """What an admin decided about some rejected events: write them (corrected or not), or discard them.

    Its work is done batch by batch, in the order of the rows; `after` is how far it is.
    """

    class Kind(models.TextChoices):
        WRITE = "write", "write"
        DISCARD = "discard", "discard"

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    mapping = models.ForeignKey(Mapping, on_delete=models.PROTECT, null=True)
    reason = models.CharField(max_length=2_000, blank=True)
    # Which rows: one, or those of a group that waited then. `up_to` is the last of them.
    event = models.ForeignKey(RejectedEvent, on_delete=models.PROTECT, null=True, related_name="decisions")
    writer = models.CharField(max_length=200, blank=True)
    cause = models.CharField(max_length=200, blank=True)
    up_to = models.PositiveBigIntegerField()
    after = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField()
    created = models.PositiveBigIntegerField(default=0)
    existing = models.PositiveBigIntegerField(default=0)
    conflict = models.PositiveBigIntegerField(default=0)
    invalid = models.PositiveBigIntegerField(default=0)
    discarded = models.PositiveBigIntegerField(default=0)
    problem = models.CharField(max_length=1_000, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.kind} {self.total}"

    @property
    def done(self) -> int:
        """How many of the rejected events have been worked on."""
        return self.created + self.existing + self.conflict + self.invalid + self.discarded


class RejectedStep(Record):
    """One step of a rejected event's history."""

    class Kind(models.TextChoices):
        WRITTEN = "written", "written"
        NOT_TAKEN = "not_taken", "tried, and not taken"
        DISCARDED = "discarded", "discarded"

    event = models.ForeignKey(RejectedEvent, on_delete=models.PROTECT, related_name="steps")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    text = models.CharField(max_length=2_000, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"
