"""Shows the templates of reports, makes one, and changes one beside the report of an example."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_curate
from core.htmx import render_page
from investigations.models import ReportTemplate
from investigations.report_templates import services as report_templates
from investigations.report_templates.example import render_example
from investigations.report_templates.forms import ReportTemplateForm, fill_template
from investigations.template_names import name_in_addresses


@require_safe
@requires(may_curate)
def report_template_list(request: HttpRequest) -> HttpResponse:
    """Every template, those that are retired last."""
    context = {"templates": ReportTemplate.objects.order_by("retired", "name")}
    return render_page(request, "investigations/report_templates/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def report_template_new(request: HttpRequest) -> HttpResponseBase:
    """A new template."""
    form = ReportTemplateForm(request.POST or None, initial=fill_template(ReportTemplate()))

    def make() -> None:
        words = form.read_template()
        words.pop("revision")
        slug = name_in_addresses(words["name"])
        report_templates.make_report_template(slug=slug, by=person(request), **words)

    return _render_or_save(request, form, ReportTemplate(), make, dict)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def report_template_detail(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A template, changed; of two who change it at once the second sees both."""
    template = get_object_or_404(ReportTemplate, slug=slug)
    form = ReportTemplateForm(request.POST or None, initial=fill_template(template))

    def change() -> None:
        report_templates.change_report_template(template=template, by=person(request), **form.read_template())

    def read_current() -> Mapping[str, Any]:
        template.refresh_from_db()
        return fill_template(template)

    return _render_or_save(request, form, template, change, read_current)


def _render_or_save(
    request: HttpRequest,
    form: ReportTemplateForm,
    template: ReportTemplate,
    save: Callable[[], None],
    read_current: Callable[[], Mapping[str, Any]],
) -> HttpResponseBase:
    """Save what was typed, or show what it makes of the example where that was asked for."""
    status = 200
    if request.method == "POST" and "preview" not in request.POST:
        status = form.save_change(save, read_current, marks_field=True)
        if status == 200:
            messages.success(request, "The template is saved; reports that were put together by it stay as they are.")
            return redirect("report_template_list")
    shown = form.build_template() if form.is_bound and form.is_valid() else template
    context = {"form": form, "template": template, "preview": render_example(shown, person(request))}
    status = 400 if status == 200 and form.errors else status
    return render_page(request, "investigations/report_templates/detail.html", context, status=status)
