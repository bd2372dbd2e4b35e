"""Shows the templates of cases, makes one, and changes one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_curate
from core.htmx import render_page
from investigations.case_templates import services as case_templates
from investigations.case_templates.forms import CaseTemplateForm
from investigations.models import CaseTemplate
from investigations.template_names import name_in_addresses


@require_safe
@requires(may_curate)
def case_template_list(request: HttpRequest) -> HttpResponse:
    """Every template, those that are retired last."""
    context = {"templates": CaseTemplate.objects.order_by("retired", "name")}
    return render_page(request, "investigations/case_templates/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def case_template_new(request: HttpRequest) -> HttpResponse:
    """A new template."""
    form = CaseTemplateForm(request.POST or None)
    status = 200
    if request.method == "POST":

        def make() -> None:
            words = {name: word for name, word in form.cleaned_data.items() if name != "revision"}
            slug = name_in_addresses(str(words["name"]))
            case_templates.make_template(slug=slug, by=person(request), **words)

        status = form.save_change(make, dict, marks_field=True)
        if status == 200:
            return redirect("case_template_list")
    return render_page(request, "investigations/case_templates/detail.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def case_template_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A template, changed; of two who change it at once the second sees both."""
    template = get_object_or_404(CaseTemplate, slug=slug)
    form = CaseTemplateForm(request.POST or None, initial=case_templates.read_words(template))
    status = 200
    if request.method == "POST":

        def change() -> None:
            case_templates.change_template(template=template, by=person(request), **form.cleaned_data)

        status = form.save_change(change, lambda: _read_again(template), marks_field=True)
        if status == 200:
            messages.success(request, "The template is saved; cases that were opened from it stay as they are.")
            return redirect("case_template_list")
    context = {"form": form, "template": template}
    return render_page(request, "investigations/case_templates/detail.html", context, status=status)


def _read_again(template: CaseTemplate) -> dict[str, object]:
    template.refresh_from_db()
    return case_templates.read_words(template)
