"""Exports: ask for one, watch it, take its file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from investigations import access
from investigations.errors import Refused
from investigations.models import Case, Export
from investigations.services import exports
from web.htmx import render_page

TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8", Export.Format.JSONL: "application/x-ndjson",
    Export.Format.BUNDLE: "application/x-ndjson",
}  # fmt: skip


@require_safe
@requires(may_investigate)
def export_list(request: HttpRequest) -> HttpResponse:
    own = Export.objects.filter(started_by=person(request), case=None)
    of_cases = Export.objects.filter(case__in=Case.objects.visible_to(person(request)))
    found = (own | of_cases).select_related("case", "run").distinct()[:200]
    return render_page(request, "investigations/export_list.html", {"exports": found})


def _format(request: HttpRequest) -> Export.Format:
    asked = request.POST.get("format", "")
    return Export.Format(asked) if asked in Export.Format.values else Export.Format.CSV


@require_POST
@requires(may_investigate)
def export_case(request: HttpRequest, public_id: str) -> HttpResponseBase:
    case = access.case_for(person(request), public_id)
    format = _format(request)
    return redirect("export_detail", exports.start(format=format, by=person(request), case=case).public_id)


@require_POST
@requires(may_investigate)
def export_run(request: HttpRequest, public_id: str) -> HttpResponseBase:
    run = access.run_for(person(request), public_id)
    format = _format(request)
    try:
        return redirect("export_detail", exports.start(format=format, by=person(request), run=run).public_id)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("run_detail", public_id)


@require_safe
@signed_in
def export_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    export = access.export_for(person(request), public_id)
    context = {"export": export, "may_stop": access.may_stop(person(request), export)}
    return render_page(request, "investigations/export_detail.html", context, {"progress": "progress"})


@require_POST
@requires(may_investigate)
def export_cancel(request: HttpRequest, public_id: str) -> HttpResponseBase:
    export = access.export_for(person(request), public_id)
    if not access.may_stop(person(request), export):
        raise PermissionDenied("You may see this export and not stop it.")
    try:
        exports.cancel(export=export, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("export_detail", public_id)


@require_safe
@signed_in
def export_download(request: HttpRequest, public_id: str) -> HttpResponseBase:
    export = access.export_for(person(request), public_id)
    try:
        path = exports.hand_out(export, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("export_detail", public_id)
    type_ = TYPES[Export.Format(export.format)]
    return FileResponse(path.open("rb"), as_attachment=True, filename=export.name, content_type=type_)
