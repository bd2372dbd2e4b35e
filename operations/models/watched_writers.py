"""Models what the console remembers of each writer: how far its numbers are, so that it need not count the trail again."""

from django.db import models

from trail.reserved_names import is_demonstration_writer


class WatchedWriter(models.Model):
    """One writer: which of its numbers have been looked for, and how long it is usually quiet."""

    writer = models.CharField(max_length=512, unique=True)
    # Numbers up to `checked` are in the trail, or are rows of MissingNumbers; `last` is the highest that was seen.
    checked = models.BigIntegerField(default=-1)
    last = models.BigIntegerField(default=-1)
    # While some numbers up to `doubt_to` were not there, which may only be on their way.
    doubt_since = models.DateTimeField(null=True)
    doubt_to = models.BigIntegerField(null=True)
    # When it last took a number, by its own clock; and since when, in seconds while the console could look, nothing came.
    heard_at = models.DateTimeField(null=True)
    quiet = models.FloatField(default=0)
    longest_pause = models.FloatField(default=0)  # seconds; fades with the times it is heard
    times_heard = models.PositiveBigIntegerField(default=0)
    looked_at = models.DateTimeField()
    # Seconds after which it counts as silent; empty: its usual rhythm decides.
    silent_after = models.PositiveIntegerField(null=True)
    is_silent = models.BooleanField(default=False)

    class Meta:
        ordering = ("writer",)

    def __str__(self) -> str:
        return self.writer

    @property
    def numbers(self) -> bool:
        """Whether it numbers its events; of one that does not, only its silence is noticed."""
        return self.last >= 0

    @property
    def is_demonstration(self) -> bool:
        """Whether it is one of the demonstration's, of which nothing is an incident."""
        return is_demonstration_writer(self.writer)


class MissingNumbers(models.Model):
    """Numbers of a writer that the trail does not have, from `first` to `last`. Kept when they have arrived after all."""

    writer = models.ForeignKey(WatchedWriter, on_delete=models.PROTECT, related_name="missing")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    noticed_at = models.DateTimeField()
    looked_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("writer", "first")
        indexes = (
            models.Index(fields=("looked_at",), condition=models.Q(arrived_at=None), name="missing_numbers_open"),
        )

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"
