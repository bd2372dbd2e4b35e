"""Keeps cases that came from other consoles: the keys that people accepted, the files that came, and what proves the evidence."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.records import Record, new_public_id
from investigations.models.cases import Case
from investigations.models.evidence import Evidence


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
    """A case bundle that was uploaded and is sound in itself; its file is in the folder of imports until it is dropped.

    `manifest` is the SHA-256 of its manifest, `vkey` the key that signed it, `described` what the page says of it.
    """

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    manifest = models.CharField(max_length=64)
    vkey = models.CharField(max_length=500)
    described = models.JSONField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_by_name = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-uploaded_at", "-pk")

    def __str__(self) -> str:
        return self.name


class ForeignCase(Record):
    """That a case came from another console: which, under which number, who exported it when, and by which key it is believed.

    `checkpoint` is the signed note under which its evidence is proved and `log_keys` the keys of that log, as the manifest
    names them. `words` are the case's words there, `people` its members, `withheld` the numbers of evidence that was withdrawn
    there, whose copies did not come.
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
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    imported_by_name = models.CharField(max_length=200)
    imported_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.number} of {self.origin}"


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
