"""Keeps what verifications of a case's evidence came to."""

from django.conf import settings
from django.db import models

from investigations.models.cases import Case
from investigations.models.jobs import Job


class CaseVerification(Job):
    """One comparison of all evidence of a case with its digests, the trail and the sealed log.

    `done` is how much was compared; a number that was given and that no evidence has any more counts, and differs.

    `after` is the number up to which it has come, from which another worker goes on. `differences` names what differs, the first
    MOST_NAMED of it, as objects of `evidence` (its number), `kind` and `what` (a sentence); `differing` counts all evidence
    that differs. `unsealed` is how many are not sealed yet; `log_problem` says why the sealed log could not be asked.
    `started_by` is empty where the schedule asked for it, and `for_export` says that an export did.
    """

    TASK = "investigations.tasks.verify_case"
    MOST_NAMED = 1_000

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="verifications")
    # The schedule is nobody.
    started_by = models.ForeignKey(  # type: ignore[assignment]
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    for_export = models.BooleanField(default=False)
    # Of the request that asked for it.
    address = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=1_000, blank=True)
    after = models.PositiveIntegerField(default=0)
    differing = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list)
    unsealed = models.PositiveIntegerField(default=0)
    log_problem = models.CharField(max_length=500, blank=True)

    class Meta(Job.Meta):
        indexes = (models.Index(fields=("case", "state", "ended_at"), name="verifications_of_case"),)

    def __str__(self) -> str:
        return f"verification of {self.case_id} ({self.state})"

    @property
    def intact(self) -> int:
        """How many of those that were compared are as they were pinned."""
        return self.done - self.differing

    @property
    def unnamed(self) -> int:
        """How many differ beyond those that `differences` names."""
        return max(0, self.differing - len({difference["evidence"] for difference in self.differences}))
