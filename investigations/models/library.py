"""Keeps the library: named, versioned, parametrised searches."""

from django.conf import settings
from django.db import models

from core.records import Record


class SavedQueryQuerySet(models.QuerySet["SavedQuery"]):
    def offered(self) -> "SavedQueryQuerySet":
        """What analysts may run: not retired, and with at least one version."""
        return self.filter(retired=False, versions__isnull=False).distinct()


class SavedQuery(models.Model):
    """A search with a name. Its text lives in versions, so that a run or a pin can say exactly what was asked.

    `revision` counts its changes of any kind, so that who changes it from a page shown before another's change is told.
    """

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=4_000, blank=True)
    group = models.CharField(max_length=60, default="General", help_text="Under which heading the library shows it.")
    retired = models.BooleanField(default=False, help_text="Keeps it on record and out of the library.")
    created_at = models.DateTimeField(auto_now_add=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = SavedQueryQuerySet.as_manager()

    class Meta:
        ordering = ("group", "name")
        verbose_name = "saved query"
        verbose_name_plural = "saved queries"

    def __str__(self) -> str:
        return self.name

    @property
    def current(self) -> "SavedQueryVersion | None":
        """The newest version. Runs one query unless versions were prefetched."""
        versions = sorted(self.versions.all(), key=lambda version: version.number)
        return versions[-1] if versions else None


class SavedQueryVersion(Record):
    """What a saved query asked from `created_at` on. `search` is a trail Search as JSON without parameters' values."""

    query = models.ForeignKey(SavedQuery, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    search = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        verbose_name = "version"
        constraints = (models.UniqueConstraint(fields=("query", "number"), name="one_version_of_a_number"),)

    def __str__(self) -> str:
        return f"{self.query} v{self.number}"

    @property
    def text(self) -> str:
        """The query as it was typed."""
        return str(self.search.get("q", [""])[0])


class QueryParameter(Record):
    """A blank in a version that the analyst fills in; a value, never text put into the query."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        USER = "user", "User id"
        TOKEN = "token", "Token id"
        IP = "ip", "Address or network"
        TIME = "time", "Time"
        NUMBER = "number", "Whole number"

    version = models.ForeignKey(SavedQueryVersion, on_delete=models.PROTECT, related_name="parameters")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TEXT)
    default = models.CharField(max_length=400, blank=True)
    help = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("position", "pk")
        verbose_name = "parameter"
        constraints = (models.UniqueConstraint(fields=("version", "name"), name="one_parameter_of_a_name"),)

    def __str__(self) -> str:
        return f"${self.name}"
