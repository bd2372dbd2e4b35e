"""Shows the case bundles that were uploaded and the keys that are believed, takes a bundle, and imports its case."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, requires
from accounts.roles import may_import_cases
from core import request_context
from core.access import recorded_as
from core.errors import Refused
from core.forms import try_change
from core.htmx import render_page
from core.stored_files import name_problem, take_to_disk
from investigations.audit import CaseAction
from investigations.case_import import services
from investigations.case_import.bundle_file import compute_fingerprint
from investigations.case_import.forms import AcceptanceForm, UploadForm
from investigations.models import AcceptedKey, Case, CaseImport, CaseUpload

MOST_SHOWN = 100
FORM_BYTES = 64 * 1024  # of a form around a file


@csrf_exempt  # until the file is taken by a handler of its own, which has to be named before anything reads the form
@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_import_cases)
def case_import_list(request: HttpRequest) -> HttpResponseBase:
    """What was uploaded, and one bundle more. Of a body that is too large, or too many, the web server keeps nothing."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.CASE_BUNDLE_BYTES + FORM_BYTES:
        most = filesizeformat(settings.CASE_BUNDLE_BYTES)
        reasons = f"The file is longer than {most}, the disk has no room for it, or others are uploaded just now"
        messages.error(request, f"{reasons}; it was not taken.")
        return redirect("case_import_list")
    take_to_disk(request)
    return _show_list(request)


@csrf_protect
@recorded_as(CaseAction.CASE_IMPORT_READ)
def _show_list(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    name_problem(request, form.fields["file"])
    taken: list[CaseUpload] = []
    if request.method == "POST" and form.is_valid() and try_change(form, lambda: taken.append(_take(request, form))):
        return redirect("case_import_detail", taken[0].public_id)
    uploads = list(_list_uploads(request)[:MOST_SHOWN])
    cases, last = _find_visible(request, uploads), _find_last_jobs(uploads)
    keys = AcceptedKey.objects.all()[:MOST_SHOWN]
    context = {
        "form": form,
        "uploads": [(upload, cases.get(upload.pk), _is_imported(upload), last.get(upload.pk)) for upload in uploads],
        "keys": [(key, compute_fingerprint(key.vkey)) for key in keys],
    }
    return render_page(request, "investigations/case_import/list.html", context, status=400 if form.errors else 200)


def _take(request: HttpRequest, form: UploadForm) -> CaseUpload:
    file: UploadedFile[bytes] = form.cleaned_data["file"]
    return services.take_upload(name=file.name or "unnamed", chunks=file.chunks(), by=person(request))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_import_cases)
@recorded_as(CaseAction.CASE_IMPORT_READ)
def case_import_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """What one bundle says it is, whose key signed it, and how far the worker is; a POST accepts the key."""
    upload = _get_upload(request, public_id)
    form = AcceptanceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        if try_change(form, lambda: services.accept_key(upload=upload, by=person(request), **words)):
            return redirect("case_import_detail", public_id)
    context = {
        "upload": upload,
        "form": form,
        "key": services.find_accepted_key(upload.vkey),
        "case": _find_visible(request, [upload]).get(upload.pk),
        "is_imported": _is_imported(upload),
        "job": upload.imports.first(),
    }
    page, parts = "investigations/case_import/detail.html", {"progress": "progress"}
    return render_page(request, page, context, parts, 400 if form.errors else 200)


@require_POST
@requires(may_import_cases)
def case_import_carry_out(request: HttpRequest, public_id: str) -> HttpResponse:
    """Have the worker make the case of a bundle."""
    try:
        services.start_import(upload=_get_upload(request, public_id), by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("case_import_detail", public_id)


@require_POST
@requires(may_import_cases)
def case_import_cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Stop what the worker does with a bundle; what it has written is undone."""
    job = _get_upload(request, public_id).imports.first()
    try:
        if job is None:
            raise Refused("This is over already.")
        services.cancel(job=job, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("case_import_detail", public_id)


@require_POST
@requires(may_import_cases)
def case_import_drop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Delete the file of a bundle that is not imported."""
    try:
        services.drop_upload(upload=_get_upload(request, public_id), by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("case_import_list")


@require_POST
@requires(may_import_cases)
def foreign_key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Believe a key no more."""
    key = AcceptedKey.objects.filter(pk=pk).first()
    if key is None:
        raise Http404("There is no such key.")
    services.revoke_key(key=key, by=person(request))
    return redirect("case_import_list")


def _list_uploads(request: HttpRequest) -> "QuerySet[CaseUpload]":
    """A person's own, refused ones too: what is in a bundle of a restricted case is nobody else's to read."""
    refused = Exists(CaseImport.objects.filter(upload=OuterRef("pk"), step="verify", state="failed"))
    own = CaseUpload.objects.filter(Q(dropped_at=None) | refused, uploaded_by=person(request))
    return own.select_related("foreign")


def _get_upload(request: HttpRequest, public_id: str) -> CaseUpload:
    request_context.set_subject("case_bundle", public_id)
    upload = _list_uploads(request).filter(public_id=public_id).first()
    if upload is None:
        raise Http404("There is no such bundle.")
    return upload


def _is_imported(upload: CaseUpload) -> bool:
    return hasattr(upload, "foreign") and not upload.foreign.is_arriving


def _find_last_jobs(uploads: Sequence[CaseUpload]) -> dict[int, CaseImport]:
    """What the worker did last with bundles, by the bundles' keys. One query."""
    jobs = CaseImport.objects.filter(upload__in=uploads).order_by("created_at", "pk")
    return {job.upload_id: job for job in jobs}


def _find_visible(request: HttpRequest, uploads: Sequence[CaseUpload]) -> dict[int, Case]:
    """The cases that bundles became, by the bundles' keys, as far as this person may know of them."""
    made = {upload.pk: upload.foreign.case_id for upload in uploads if hasattr(upload, "foreign")}
    cases = Case.objects.visible_to(person(request)).in_bulk(list(made.values()))
    return {key: cases[case] for key, case in made.items() if case in cases}
