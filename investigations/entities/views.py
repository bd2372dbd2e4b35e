"""Shows what a case is about, and takes what people think of it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.forms import try_change
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import render_tab
from investigations.entities import services as entities
from investigations.entities.forms import VerdictForm
from investigations.entities.related_cases import find_related_cases

PAGE_SIZE = 200


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.ENTITIES_READ)
def entity_list(request: HttpRequest, public_id: str) -> HttpResponse:
    """The entities of a case, what is thought of each, and other cases about the same."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = VerdictForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(form, lambda: entities.judge_entity(case=case, by=user, **form.cleaned_data)):
            # Who judged beside the timeline stays there.
            return redirect("case_detail" if request.POST.get("back") == "timeline" else "entity_list", public_id)
    pages = Paginator(range(entities.count_listed(case)), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    return render_tab(
        request,
        case,
        "entities",
        "investigations/entities/list.html",
        form,
        entities=entities.list_entities(case, start=max(0, page.start_index() - 1), most=PAGE_SIZE),
        page=page,
        related=find_related_cases(case, user),
    )
