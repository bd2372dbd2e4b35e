"""Keeps cases that came from other consoles: the keys that people accepted, the files that came, and what proves the evidence."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.records import Record, new_public_id
from investigations.models.cases import Case
from investigations.models.evidence import Evidence
from investigations.models.jobs import Job
from trail.integrity.signed_note import Verifier


class AcceptedKey(models.Model):
    """The public record key of another console, whose case bundles are believed until somebody revokes it.

    A key that was revoked stays, and may be accepted anew as another row.
    """

    vkey = models.CharField(max_length=500)
    note = models.CharField("how it was compared", max_length=500)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    accepted_by_name = models.CharField(max_length=200)
    accepted_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-accepted_at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("vkey",), condition=Q(revoked_at=None), name="key_accepted_once"),
        )

    def __str__(self) -> str:
        return self.vkey


class CaseUpload(models.Model):
    """A case bundle that was uploaded; its file is in the folder of imports until it is dropped.

    `manifest` is the SHA-256 of its manifest, `vkey` the key that signed it, `described` what the page says of it; all three are
    empty until the worker has found that it is sound in itself.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    manifest = models.CharField(max_length=64, blank=True)
    vkey = models.CharField(max_length=500, blank=True)
    described: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_by_name = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-uploaded_at", "-pk")

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        """Whether every byte of it was found to be as it was signed, and its lines counted, which earlier versions did not."""
        return bool(self.manifest) and "lines" in self.described

    @property
    def is_outdated(self) -> bool:
        """Whether an earlier version of the console verified it, by which it cannot be imported any more."""
        return bool(self.manifest) and not self.is_verified


class CaseImport(Job):
    """The verification of an upload, or the import of its case, by the worker.

    `done` counts what was checked or written, in the units of `total`. `case` is what the import makes: nobody is in it, so that
    nobody sees it, until the import has finished; it goes again with an import that ends otherwise. `event_id` is the trail's
    record of the import. `address` and `client` are those of the request that asked for it.
    """

    TASK = "investigations.tasks.import_case"

    class Step(models.TextChoices):
        VERIFY = "verify", "Verify"
        IMPORT = "import", "Import"

    upload = models.ForeignKey(CaseUpload, on_delete=models.PROTECT, related_name="imports")
    step = models.CharField(max_length=10, choices=Step)
    case = models.ForeignKey(Case, null=True, on_delete=models.SET_NULL, related_name="+")
    event_id = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=1_000, blank=True)

    class Meta(Job.Meta):
        constraints = (
            models.UniqueConstraint(
                fields=("upload",),
                condition=Q(state__in=("queued", "running")),
                name="upload_worked_on_once_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.step} of {self.upload_id} ({self.state})"


class ForeignCase(Record):
    """That a case came from another console: which, under which number, who exported it when, and by which key it is believed.

    `checkpoint` is the signed note under which its evidence is proved and `log_keys` the keys of that log, as the manifest
    names them. `words` are the case's words there, `people` its members, `withheld` the numbers of evidence that was withdrawn
    there, whose copies did not come, `runs` those of the case there with their searches and saved queries. While it is
    arriving not all of it is here.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="foreign")
    upload = models.OneToOneField(CaseUpload, on_delete=models.PROTECT, related_name="foreign")
    key = models.ForeignKey(AcceptedKey, on_delete=models.PROTECT, related_name="cases")
    manifest = models.CharField(max_length=64, unique=True)
    origin = models.CharField(max_length=200)
    number = models.CharField(max_length=16)
    foreign_id = models.CharField(max_length=16)
    exported_by = models.CharField(max_length=200)
    exported_at = models.DateTimeField()
    checkpoint = models.TextField()
    log_keys = models.JSONField()
    words = models.JSONField()
    people = models.JSONField()
    withheld = models.JSONField()
    runs = models.JSONField(default=list)
    is_arriving = models.BooleanField(default=False)
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    imported_by_name = models.CharField(max_length=200)
    imported_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.number} of {self.origin}"

    @property
    def fingerprint(self) -> str:
        """By which people compare the key that signed its bundle."""
        return Verifier.parse(self.key.vkey).fingerprint


class ForeignEvidence(Record):
    """What proves a piece of foreign evidence: its leaf in the other log, and the hashes (base64) from there to the checkpoint.

    `record` is the event that put a statement on record, in its canonical form; empty for an event, which is its own.
    """

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="foreign")
    leaf = models.PositiveBigIntegerField()
    proof = models.JSONField()
    record = models.BinaryField(blank=True)

    def __str__(self) -> str:
        return f"leaf {self.leaf} of another log"
