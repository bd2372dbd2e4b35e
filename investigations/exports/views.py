"""Shows exports: starts one, shows how far it is, stops it, hands out its file."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from core.access import recorded_as
from core.downloads import send_file
from core.errors import Refused
from core.htmx import is_partial, render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.exports import services as exports
from investigations.exports.files import describe_file
from investigations.exports.formats.file_formats import FORMATS
from investigations.exports.forms import ExportForm
from investigations.exports.watch import show_refusal, show_watch
from investigations.models import Case, Export

MENU = "export-watch"  # the id of what htmx swaps there


@require_safe
@requires(may_investigate)
def export_list(request: HttpRequest) -> HttpResponse:
    """The exports that this person may see: their own outside cases, and those of their cases."""
    own = Export.objects.filter(started_by=person(request), case=None)
    of_cases = Export.objects.filter(case__in=Case.objects.visible_to(person(request)))
    visible = (own | of_cases).select_related("case", "run").distinct()[:200]
    return render_page(request, "investigations/exports/list.html", {"exports": visible})


@require_POST
@requires(may_investigate)
def export_case(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Start an export of a case's timeline."""
    case = access.get_case(person(request), public_id)
    return _start(request, "case_detail", public_id, case=case)


@require_POST
@requires(may_investigate)
def export_run(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Start an export of a run's results."""
    run = access.get_run(person(request), public_id)
    return _start(request, "run_detail", public_id, run=run)


def _start(request: HttpRequest, page: str, public_id: str, **subject: Any) -> HttpResponseBase:
    """Start an export of a case or a run as the form says; it is watched in the menu, or on its own page without one."""
    form = ExportForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(" ".join(str(error) for errors in form.errors.values() for error in errors))
        export = exports.start(by=person(request), **subject, **form.read_words())
    except Refused as refused:
        if is_partial(request):
            return show_refusal(request, refused.sentence)
        messages.error(request, refused.sentence)
        return redirect(page, public_id)
    return show_watch(request, export) if is_partial(request) else redirect("export_detail", export.public_id)


@require_safe
@signed_in
@recorded_as(CaseAction.EXPORT_READ)
def export_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One export, how far it is, and its file."""
    export = access.get_export(person(request), public_id)
    if is_partial(request) and request.headers.get("HX-Target") == MENU:
        return show_watch(request, export)
    context = {"export": export, "may_stop": access.may_stop(person(request), export)}
    return render_page(request, "investigations/exports/detail.html", context, {"progress": "progress"})


@require_POST
@requires(may_investigate)
def export_cancel(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Stop an export; the menu that it was started from says so in its place."""
    export, problem = access.get_export(person(request), public_id), ""
    if not access.may_stop(person(request), export):
        raise PermissionDenied("You may see this export and not stop it.")
    try:
        exports.cancel(export=export, by=person(request))
    except Refused as refused:
        problem = refused.sentence
    if is_partial(request):
        export.refresh_from_db()
        return show_watch(request, export, problem)
    if problem:
        messages.error(request, problem)
    return redirect("export_detail", public_id)


@require_POST
@requires(may_investigate)
def export_remove(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Delete the file of an export."""
    export = access.get_export(person(request), public_id)
    if not access.may_stop(person(request), export):
        raise PermissionDenied("You may see this export and not delete its file.")
    try:
        exports.remove(export=export, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("export_detail", public_id)


@require_safe
@signed_in
def export_download(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The file of a finished export; taking it is put on record, and to ask how long it is (HEAD) takes nothing."""
    export = access.get_export(person(request), public_id)
    try:
        take = exports.find_file if request.method == "HEAD" else exports.hand_out
        path = take(export, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("export_detail", public_id)
    type_ = FORMATS[Export.Format(export.format)].content_type
    return send_file(request, path, name=export.name, content_type=type_, digest=export.sha256)


@require_safe
@signed_in
@recorded_as(CaseAction.EXPORT_READ)
def export_digest(request: HttpRequest, public_id: str) -> HttpResponse:
    """How many entries, how many bytes and which digest the file of an export has, as `sha256sum --check` reads it."""
    export = access.get_export(person(request), public_id)
    if export.state != Export.State.FINISHED:
        raise Http404("This export has no file.")
    response = HttpResponse(describe_file(export), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{export.name}.sha256") or ""
    return response
