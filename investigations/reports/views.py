"""Shows the report of a case with how it is put together, changes that, and hands the report out as a file."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from core.access import recorded_as
from core.errors import Conflict, Refused
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import build_case_context
from investigations.models import Case, ReportTemplate
from investigations.redaction.services import find_profile
from investigations.reports import services as reports
from investigations.reports.forms import ReportForm, fill_report_form


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.REPORT_READ)
def case_report(request: HttpRequest, public_id: str) -> HttpResponse:
    """The report as it stands, and how it is put together; of two who change that at once the second sees both."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = ReportForm(request.POST or None, initial=fill_report_form(reports.read_choice(case)))
    status = 200
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        status = _change(request, case, form)
        if status == 200:
            return redirect("case_report", public_id)
    context = build_case_context(user, case) | {"tab": "report", "form": form, "formats": reports.FORMATS}
    context |= {"may_put_together": access.may_write(user, case), "may_take": may_investigate(user)}
    context["templates"] = ReportTemplate.objects.offered()
    context["preview"] = reports.render_preview(case=case, by=user)
    return render_page(request, "investigations/reports/detail.html", context, status=status)


def _change(request: HttpRequest, case: Case, form: ReportForm) -> int:
    """Put the report together as the form says; the status of the answer."""
    return form.save_change(
        lambda: reports.change_report(case=case, by=person(request), **form.read_choice()),
        lambda: fill_report_form(reports.read_choice(case)),
    )


@require_POST
@signed_in
def case_report_template(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Put the report together as a template has it."""
    case = access.get_writable_case(person(request), public_id)
    template = ReportTemplate.objects.filter(slug=request.POST.get("template", "")).first()
    try:
        if template is None:
            raise Refused("There is no such template; choose another.")
        reports.use_template(case=case, template=template, by=person(request))
    except (Refused, Conflict) as refused:
        messages.error(request, refused.sentence)
    return redirect("case_report", public_id)


@require_POST
@requires(may_investigate)
def case_report_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The report as a file; taking it is put on record."""
    user = person(request)
    case = access.get_case(user, public_id)
    format = request.POST.get("format", "")
    try:
        redaction = find_profile(request.POST.get("redaction", ""))
        kind = format if format in reports.FORMATS else "pdf"
        file = reports.hand_out(case=case, by=user, format=kind, redaction=redaction)
    except Refused as refused:
        messages.error(request, refused.sentence)
        return redirect("case_report", public_id)
    response = HttpResponse(file.content, content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response
