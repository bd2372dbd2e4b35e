"""Writes the notes of a case, keeps every version of them, and tells the people who are named in them."""

from django.db import transaction

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.models import Case, Mention, Note
from investigations.presentation.markdown import list_mentioned


@transaction.atomic
def write_note(*, case: Case, text: str, by: User) -> Note:
    """A new note. Raises CaseClosed."""
    hold_open(case)
    note = Note.objects.create(case=case, text=text, author=by, author_name=by.name or by.username)
    _tell_mentioned(note)
    case.save(update_fields=["changed_at"])
    record_in_case(CaseAction.NOTE_WRITE, "wrote a note", by=by, case=case, labels={"note": str(note.pk)})
    return note


@transaction.atomic
def edit_note(*, note: Note, text: str, version: int, by: User) -> Note:
    """The next version of a note; those before stay. Nothing new where the text is as it was.

    `version` is the one that `by` was shown. Raises CaseClosed; Conflict when it was edited since; Refused for a note of
    somebody else.
    """
    hold_open(note.case)
    latest = get_latest_version(note)
    if latest.author_id != by.pk:
        raise Refused("Only who wrote a note edits it; write another one about it.", "text")
    if latest.text == text:
        return latest
    if latest.version != version:
        raise Conflict
    edited = Note.objects.create(
        case=note.case,
        original_id=latest.first_id,
        replaces=latest,
        version=latest.version + 1,
        text=text,
        author=by,
        author_name=by.name or by.username,
    )
    _tell_mentioned(edited)
    note.case.save(update_fields=["changed_at"])
    labels = {"note": str(latest.first_id), "version": str(edited.version)}
    record_in_case(CaseAction.NOTE_EDIT, "edited a note", by=by, case=note.case, labels=labels)
    return edited


def get_latest_version(note: Note) -> Note:
    """The note as it reads now."""
    return note.case.notes.latest_versions().get(pk__in=_list_version_keys(note))


def list_versions(note: Note) -> list[Note]:
    """Every version of the note, the newest first."""
    return list(note.case.notes.filter(pk__in=_list_version_keys(note)).order_by("-version"))


def _list_version_keys(note: Note) -> list[int]:
    first = note.first_id
    return [first, *Note.objects.filter(original_id=first).values_list("pk", flat=True)]


def _tell_mentioned(note: Note) -> None:
    """Those of the case who are named in this version, and were in none before; nobody hears of a note of their own."""
    names = list_mentioned(note.text)
    if not names:
        return
    informed = Mention.objects.filter(note__in=_list_version_keys(note)).values("user")
    people = (
        User.objects.filter(memberships__case=note.case, is_active=True)
        .exclude(pk=note.author_id or 0)
        .exclude(pk__in=informed)
    )
    named = [user for user in people if user.username.lower() in names]
    Mention.objects.bulk_create(Mention(note=note, user=user) for user in named)
