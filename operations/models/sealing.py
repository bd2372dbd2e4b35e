"""What is known of the sealed log beside its folder: which leaf is which event, what was signed, by which key."""

from typing import Any

from django.db import models

from accounts.records import Record

UUID, INDEX = 64, 255  # characters


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
    vkey = models.CharField(max_length=500, unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("first_size", "pk")

    def __str__(self) -> str:
        return self.vkey


class Stretch(models.Model):
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
        indexes = (models.Index(fields=("index", "first_seq"), name="stretch_by_number"),)

    def __str__(self) -> str:
        return f"leaves {self.first_leaf} to {self.end - 1}: {self.index}, {self.first_seq} to {self.last_seq}"

    @property
    def end(self) -> int:
        """The leaf after the last."""
        return self.first_leaf + self.count

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("What was sealed is kept for ever")


class Cursor(models.Model):
    """How far a shard is sealed: everything up to `seq`. `uuid` is that of the index it was read from."""

    index = models.CharField(max_length=INDEX)
    shard = models.PositiveIntegerField()
    uuid = models.CharField(max_length=UUID)
    seq = models.BigIntegerField()

    class Meta:
        ordering = ("index", "shard")
        constraints = (models.UniqueConstraint(fields=("index", "shard"), name="one_cursor_each"),)

    def __str__(self) -> str:
        return f"{self.index}, shard {self.shard}: up to {self.seq}"
