"""Keeps what files are attached to cases; the files themselves lie beside the database."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from core.records import new_public_id
from investigations.models.cases import Case


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def not_removed(self) -> "AttachmentQuerySet":
        """Those whose files are there."""
        return self.filter(removed_at=None)


class Attachment(models.Model):
    """A file that somebody attached. `number` counts within the case; `content_type` is told from the content, never from the
    name. Once it is removed the row stays, with the digest of what it was, and the reason."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="attachments")
    number = models.PositiveIntegerField()
    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=255)
    description = models.CharField(max_length=500, blank=True)
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    # Nobody of this console where it came from another.
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    added_by_name = models.CharField(max_length=200)
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True)
    removed_by_name = models.CharField(max_length=200, blank=True)
    removal_reason = models.CharField(max_length=500, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="attachment_numbered_once"),)

    def __str__(self) -> str:
        return f"A{self.number} {self.name}"
