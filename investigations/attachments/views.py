"""Shows what is attached to a case, attaches a file, hands one out and removes one."""

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.downloads import send_file
from core.errors import Refused
from core.forms import try_change
from core.stored_files import name_problem, take_to_disk
from investigations import access
from investigations.attachments import services as attachments
from investigations.attachments.files import UNKNOWN
from investigations.attachments.forms import AttachmentForm, RemovalForm
from investigations.audit import CaseAction
from investigations.cases.case_page import render_tab
from investigations.models import Attachment, Case


@csrf_exempt  # until the file is taken by a handler of its own, which has to be named before anything reads the form
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def attachment_list(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """What is attached to a case, and one file more. Of a body that is too large the web server keeps nothing."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.INGEST_BODY_BYTES:
        access.get_writable_case(person(request), public_id)
        messages.error(request, f"The file is longer than {settings.ATTACHMENT_BYTES:,} bytes; it was not taken.")
        return redirect("attachment_list", public_id)
    take_to_disk(request)
    return _show_list(request, public_id)


@csrf_protect
@recorded_as(CaseAction.ATTACHMENTS_READ)
def _show_list(request: HttpRequest, public_id: str) -> HttpResponse:
    user = person(request)
    case = access.get_case(user, public_id)
    # A form of nothing but a file that was not taken is empty.
    form = AttachmentForm(request.POST, request.FILES) if request.method == "POST" else AttachmentForm()
    name_problem(request, form.fields["file"])
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(form, lambda: _attach(request, case, form)):
            return redirect("attachment_list", public_id)
    page = "investigations/attachments/list.html"
    return render_tab(request, case, "attachments", page, form, attachments=case.attachments.all())


def _attach(request: HttpRequest, case: Case, form: AttachmentForm) -> None:
    file: UploadedFile[bytes] = form.cleaned_data["file"]
    attachments.attach_file(
        case=case,
        name=file.name or "unnamed",
        chunks=file.chunks(),
        by=person(request),
        description=form.cleaned_data["description"],
    )


@require_safe
@signed_in
def attachment_download(request: HttpRequest, public_id: str, number: int) -> HttpResponseBase:
    """The file, as a download of no type that a browser shows or runs."""
    attachment = _get_attachment(access.get_case(person(request), public_id), number)
    try:
        path = attachments.hand_out_file(attachment, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("attachment_list", public_id)
    return send_file(request, path, name=attachment.name, content_type=UNKNOWN, digest=attachment.sha256)


@require_POST
@signed_in
def attachment_remove(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Remove a file, with a reason."""
    case = access.get_writable_case(person(request), public_id)
    attachment = _get_attachment(case, number)
    form = RemovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say why the file is removed.")
        return redirect("attachment_list", public_id)
    attachments.remove_file(attachment=attachment, reason=form.cleaned_data["reason"], by=person(request))
    return redirect("attachment_list", public_id)


def _get_attachment(case: Case, number: int) -> Attachment:
    attachment = case.attachments.filter(number=number).first()
    if attachment is None:
        raise Http404("There is no such attachment.")
    return attachment
