"""Names the templates of cases and of reports: each once, and each as its address has it."""

from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from core.errors import Refused
from core.records import new_public_id


def name_in_addresses(name: str) -> str:
    """From the name, unless nothing is left of it, or the form for a new one stands at it."""
    slug = slugify(name)[:80]
    return slug if slug not in ("", "new") else new_public_id()


def expect_free_name(rows: "QuerySet[Any]", name: str, *, slug: str = "", other_than: int | None = None) -> None:
    """Raises Refused where a template has the name, in whichever letters, or the slug; that with the key `other_than` may."""
    others = rows.exclude(pk=other_than)
    if others.filter(name__iexact=name).exists() or (slug and others.filter(slug=slug).exists()):
        raise Refused("There is a template of this name already.", "name")
