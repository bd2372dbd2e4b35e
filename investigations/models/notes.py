"""Keeps what people write in cases: notes with all of their versions, and who is named in them."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.records import Record
from investigations.models.cases import Case


class NoteQuerySet(models.QuerySet["Note"]):
    def latest_versions(self) -> "NoteQuerySet":
        """Each note as it reads now, in the order in which they were first written."""
        return self.filter(replaced_by=None).order_by(Coalesce("original_id", "pk"))


class Note(Record):
    """One version of a note. The first is its own `original`, which stands as None; each later one `replaces` the one before."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    original = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="versions")
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    version = models.PositiveIntegerField(default=1)
    text = models.TextField(max_length=20_000)
    # Nobody of this console where it came from another.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=200)
    written_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ("written_at", "pk")

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:40]}"

    @property
    def first_id(self) -> int:
        """The key of its first version, by which addresses call the note."""
        return self.original_id or self.pk


class Mention(Record):
    """Somebody was named in a note, as @name; they are told of it."""

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentions")
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (models.UniqueConstraint(fields=("note", "user"), name="mentioned_once"),)

    def __str__(self) -> str:
        return f"{self.user} in note {self.note_id}"
