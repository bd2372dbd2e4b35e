"""Keeps runs: executions of a search in the background, each with a result set that stays."""

import zlib

import orjson
from django.db import models

from investigations.models.cases import Case
from investigations.models.jobs import Job
from investigations.models.library import SavedQueryVersion

# Events of one chunk; also what one request to the engine brings.
CHUNK = 2_000


class Run(Job):
    """`search` is absolute in time and bound to what had arrived when it was started: asked again, it finds the same.

    `after` is where the scan stands (a search_after value), so that a run goes on where a killed worker left it.
    """

    TASK = "investigations.tasks.execute_run"

    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="runs")
    title = models.CharField(max_length=200)
    search = models.JSONField()
    version = models.ForeignKey(SavedQueryVersion, null=True, on_delete=models.PROTECT, related_name="runs")
    after = models.JSONField(null=True)
    chunks = models.PositiveIntegerField(default=0)

    class Meta(Job.Meta):
        indexes = (models.Index(fields=("state", "lease_until")),)

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"

    def is_named_in(self, case: Case) -> bool:
        """Whether a case may say what was searched for: its people may not know of the case that the run is of."""
        return self.case_id in (None, case.pk)

    def name_in(self, case: Case) -> str:
        """How texts of a case call it, which everybody of that case reads."""
        return f"the run “{self.title}”" if self.is_named_in(case) else "a run that is not of this case"

    @property
    def opaque_id(self) -> str:
        """Under which name the engine knows the searches of this run."""
        return f"run-{self.public_id}"


class RunChunk(models.Model):
    """Up to CHUNK results of a run in order: (index, event id) pairs, packed; the events themselves never change."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="chunk_rows")
    number = models.PositiveIntegerField()
    start = models.PositiveBigIntegerField()
    size = models.PositiveIntegerField()
    packed = models.BinaryField()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("run", "number"), name="one_chunk_of_a_number"),)

    def __str__(self) -> str:
        return f"results {self.start} to {self.start + self.size} of {self.run_id}"

    @staticmethod
    def pack(pairs: list[tuple[str, str]]) -> bytes:
        """(index, event id) pairs as a chunk holds them."""
        return zlib.compress(orjson.dumps(pairs))

    def pairs(self) -> list[tuple[str, str]]:
        """The chunk's (index, event id) pairs, in order."""
        return [(index, event_id) for index, event_id in orjson.loads(zlib.decompress(self.packed))]
