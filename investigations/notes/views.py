"""Shows the notes of a case, and one note with all of its versions."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.forms import try_change
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import build_case_context, build_references, render_tab
from investigations.models import Case, Note
from investigations.notes import services as notes
from investigations.notes.forms import NoteEditForm, NoteForm
from investigations.presentation.markdown import render_markdown


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.NOTES_READ)
def case_notes(request: HttpRequest, public_id: str) -> HttpResponse:
    """The notes of a case, and one more."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = NoteForm(request.POST or None)
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(form, lambda: notes.write_note(case=case, by=user, **form.cleaned_data)):
            return redirect("case_notes", public_id)
    return render_tab(
        request,
        case,
        "notes",
        "investigations/notes/list.html",
        form,
        notes=_render(case, list(case.notes.latest_versions())),
        user_id=user.pk,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.NOTE_READ)
def note_detail(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """One note with its versions; its author edits it, and of two who do so at once the second sees both texts."""
    user = person(request)
    case = access.get_case(user, public_id)
    note = _get_note(case, number)
    form = NoteEditForm(request.POST or None, initial={"text": note.text, "revision": note.version})
    status = 200
    if request.method == "POST":
        access.get_writable_case(user, public_id)
        status = _edit(request, note, form)
        if status == 200:
            return redirect("case_notes", public_id)
    context = build_case_context(user, case) | {"tab": "notes", "form": form, "note": note}
    context["versions"] = _render(case, notes.list_versions(note))
    # What was refused stays in the form.
    context["may_edit"] = bool(form.errors) or (note.author_id == user.pk and context["may_write"])
    return render_page(request, "investigations/notes/detail.html", context, status=status)


def _get_note(case: Case, number: int) -> Note:
    note = case.notes.filter(pk=number).first()
    if note is None:
        raise Http404("There is no such note.")
    return notes.get_latest_version(note)


def _edit(request: HttpRequest, note: Note, form: NoteEditForm) -> int:
    """Edit the note as the form says; the status of the answer."""

    def edit() -> None:
        words = form.cleaned_data
        notes.edit_note(note=note, text=words["text"], version=words["revision"], by=person(request))

    def read_latest() -> dict[str, object]:
        latest = notes.get_latest_version(note)
        return {"text": latest.text, "revision": latest.version}

    return form.save_change(edit, read_latest)


def _render(case: Case, versions: list[Note]) -> list[tuple[Note, str]]:
    """Each with its text as HTML."""
    references = build_references(case)
    return [(note, render_markdown(note.text, references)) for note in versions]
