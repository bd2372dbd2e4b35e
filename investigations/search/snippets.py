"""Keeps and renames a person's snippets. They are private notes, so the audit log does not hold them."""

from django.db import transaction

from accounts.models import User
from core.errors import Refused
from investigations.models import Snippet
from trail.redaction import holds_secret
from trail.search.language.parser import parse

MOST = 200
MAX_NAME = 80


@transaction.atomic
def keep(*, owner: User, text: str, name: str = "") -> Snippet:
    """Keeps a text under a name, by default its own beginning; a name that is there gets the new text.

    Raises BadQuery for what is no query; Refused for a secret, for nothing, and for one too many.
    """
    text = text.strip()
    name = " ".join(name.split()) or _name_of(text)
    if holds_secret(text) or holds_secret(name):
        raise Refused("This holds what looks like a token itself, which is never kept; treat the token as leaked.")
    if parse(text) is None:
        raise Refused("There is no query to keep yet; type one first.", "text")
    if len(name) > MAX_NAME:
        raise Refused(f"A name has at most {MAX_NAME} characters.", "name")
    User.objects.select_for_update().get(pk=owner.pk)  # so that two tabs do not keep the same name at once
    snippet = Snippet.objects.filter(owner=owner, name=name).first() or Snippet(owner=owner, name=name)
    if snippet.pk is None and Snippet.objects.filter(owner=owner).count() >= MOST:
        raise Refused(f"You keep {MOST} snippets already; throw some away on your snippets' page first.")
    snippet.text = text
    snippet.save()
    return snippet


@transaction.atomic
def change(*, snippet: Snippet, name: str, text: str) -> Snippet:
    """Gives a snippet another name or text. Raises as `keep`, and Refused for a name that another one has."""
    name = " ".join(name.split()) or _name_of(text.strip())
    if Snippet.objects.filter(owner=snippet.owner, name=name).exclude(pk=snippet.pk).exists():
        raise Refused(f"You have another snippet named {name}; choose another name.", "name")
    changed = keep(owner=snippet.owner, text=text, name=name)
    if changed.pk != snippet.pk:
        snippet.delete()
    return changed


def _name_of(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= MAX_NAME else f"{words[: MAX_NAME - 1]}…"
