"""Models what is known of the sealed log beside its folder: which leaf is which event, what was signed, by which key."""

from typing import Any

from django.db import models

from core.records import Record
from trail.integrity.signed_note import Verifier

UUID, INDEX = 64, 255  # characters
VKEY = 2_200  # characters: a key of ML-DSA-44 has 1,752, and a name


class Checkpoint(Record):
    """A checkpoint as it was signed. There is one for each minute at least; those between are only in the folder."""

    size = models.PositiveBigIntegerField(db_index=True)
    root = models.CharField(max_length=64)  # hexadecimal
    at = models.DateTimeField()
    note = models.TextField()

    class Meta:
        ordering = ("-pk",)
        get_latest_by = "pk"

    def __str__(self) -> str:
        return f"{self.size:,} events at {self.at:%Y-%m-%d %H:%M:%S}"


class SealKey(Record):
    """A public key of the log, and from which size on it signs: up to the size from which the next one does, both included."""

    first_size = models.PositiveBigIntegerField()
    vkey = models.CharField(max_length=VKEY, unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("first_size", "pk")

    def __str__(self) -> str:
        return self.vkey


class RecordKey(Record):
    """A public key with which the console signs its own records. `event_id` is the record that announced it.

    From leaf `first_size` on its records carry this key's signature, the next key's from that key's on; None while that is not
    known yet. It is known once, and not changed.
    """

    vkey = models.CharField(max_length=500, unique=True)
    event_id = models.CharField(max_length=512)
    at = models.DateTimeField()
    first_size = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.vkey

    @property
    def fingerprint(self) -> str:
        """By which people of another console compare it before they import a case."""
        return Verifier.parse(self.vkey).fingerprint


class LogOpening(Record):
    """That an admin opened the log's hashes to everybody, or closed them. The last one counts."""

    is_open = models.BooleanField()
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{'opened' if self.is_open else 'closed'} by {self.by_name}"


class SealedRange(models.Model):
    """Events sealed one after the other with consecutive numbers of one shard, so that each one's leaf follows from its
    number. It grows at its end while nothing else comes between."""

    first_leaf = models.PositiveBigIntegerField(unique=True)
    count = models.PositiveBigIntegerField()
    index = models.CharField(max_length=INDEX)
    uuid = models.CharField(max_length=UUID)
    shard = models.PositiveIntegerField()
    first_seq = models.PositiveBigIntegerField()

    class Meta:
        ordering = ("first_leaf",)
        indexes = (models.Index(fields=("index", "first_seq"), name="sealed_range_by_number"),)

    def __str__(self) -> str:
        return f"leaves {self.first_leaf} to {self.end - 1}: {self.index}, {self.first_seq} to {self.last_seq}"

    @property
    def end(self) -> int:
        """The leaf after the last."""
        return self.first_leaf + self.count

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1

    def leaf(self, seq: int) -> int | None:
        """The leaf of the event with this number, where the range holds it."""
        return self.first_leaf + seq - self.first_seq if self.first_seq <= seq <= self.last_seq else None

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("What was sealed is kept for ever")


class Cursor(models.Model):
    """How far a shard is sealed: everything up to `seq`. `uuid` is that of the index it was read from.

    `events` is how many of them there are, which every search of the whole trail must find in it.
    """

    index = models.CharField(max_length=INDEX)
    shard = models.PositiveIntegerField()
    uuid = models.CharField(max_length=UUID)
    seq = models.BigIntegerField()
    events = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("index", "shard")
        constraints = (models.UniqueConstraint(fields=("index", "shard"), name="one_cursor_each"),)

    def __str__(self) -> str:
        return f"{self.index}, shard {self.shard}: up to {self.seq}"


class Adoption(Record):
    """An index that was restored, and that people say is the one that was sealed. Events up to number `upto` of a shard are
    there; those that were sealed beyond are lost, unless they were written again."""

    index = models.CharField(max_length=INDEX)
    shard = models.PositiveIntegerField()
    uuid = models.CharField(max_length=UUID)
    was = models.CharField(max_length=UUID)
    upto = models.BigIntegerField()
    reason = models.CharField(max_length=2_000)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.index}, shard {self.shard}: {self.reason}"


class Verification(models.Model):
    """One comparison of the trail with the log, against a checkpoint that was verified. Killed half way it goes on."""

    class Kind(models.TextChoices):
        COMMAND = "command", "asked for"
        SCHEDULED = "scheduled", "by the schedule"

    kind = models.CharField(max_length=20, choices=Kind)
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)  # hexadecimal
    # [[first leaf, leaf after the last], …], and how many chunks of them are compared.
    ranges = models.JSONField()
    done = models.PositiveBigIntegerField(default=0)
    # [[first leaf, leaf after the last], …] of chunks that are not what was sealed, to be named at the end.
    differing = models.JSONField(default=list)
    findings = models.JSONField(default=list)
    events = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        get_latest_by = "pk"

    def __str__(self) -> str:
        return f"{self.events:,} events compared with the checkpoint of {self.size:,}"

    @property
    def intact(self) -> bool:
        return self.finished_at is not None and not self.findings
