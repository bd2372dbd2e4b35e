"""Keeps pieces of queries, each for its owner alone."""

from django.conf import settings
from django.db import models


class Snippet(models.Model):
    """A text of the query bar with a name, its owner's alone: offered to them as they type, and to nobody else."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="snippets")
    name = models.CharField(max_length=80)
    text = models.TextField(max_length=8_000)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="one_snippet_of_a_name"),)

    def __str__(self) -> str:
        return self.name
