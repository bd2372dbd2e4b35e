"""Models what others hold of the log: how far its checkpoints are published, and who else has signed them."""

from django.db import models

from core.records import Record
from operations.models.sealed_log import VKEY, Checkpoint


class Publication(models.Model):
    """How far checkpoints are published to one place: up to `last`, with it and without a gap."""

    target = models.CharField(max_length=500, unique=True)
    last = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.target}: {self.last}"


class Cosignature(Record):
    """A witness's signature of a size and root, which it saw the log go on to. `line` as it stands in a signed note."""

    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)  # hexadecimal
    witness = models.CharField(max_length=VKEY)  # the public key that it holds for
    at = models.DateTimeField()  # by the witness's clock
    line = models.TextField()

    class Meta:
        ordering = ("-size", "-at")
        indexes = (models.Index(fields=("size", "root"), name="cosignature_of_checkpoint"),)
        constraints = (
            models.UniqueConstraint(fields=("size", "root", "witness", "at"), name="one_cosignature_each_second"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.size:,} events at {self.at:%Y-%m-%d %H:%M:%S}"

    @property
    def name(self) -> str:
        """The witness's name, without its key."""
        return self.witness.partition("+")[0]
