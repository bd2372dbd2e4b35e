"""The pages of an event: its own page, its row opened in a table, and whether it is as it was sealed."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_investigate, may_search
from core.connection import trail
from core.htmx import render_page
from investigations.evidence.forms import PinForm
from investigations.models import Case
from investigations.presentation import cells, first_seen, identifiers
from investigations.presentation import event as event_parts
from investigations.proofs import services as proofs
from investigations.search import services
from investigations.search_url import read_search_request
from investigations.working_case import read_chosen_case
from operations.sealing.record_signatures import judge_records
from trail.canonical_form import canonicalise, compute_digest
from trail.documents import get
from trail.first_seen import coverage
from trail.search.spec import Search


@require_safe
@requires(may_search)
def event_detail(request: HttpRequest, event_id: str) -> HttpResponse:
    """Every field of the event, its source record, its proof, what lies around it, and the cases it is evidence in."""
    user = person(request)
    hit, *others = services.open_event(event_id, by=user, index=request.GET.get("index", ""))
    visible_cases = Case.objects.visible_to(user)
    context = {
        "hit": hit,
        "others": others,
        "fields": cells.build_fields(hit.document),
        "original": hit.document.get("event", {}).get("original"),
        "digest": compute_digest(hit.document),
        "canonical": canonicalise(hit.document).decode(),
        "pinned": visible_cases.filter(evidence__event_id=event_id, evidence__withdrawn_at=None).distinct(),
        "pin": PinForm(user=user, initial={"case": read_chosen_case(request), "back": request.get_full_path()}),
        "may_investigate": may_investigate(user),
        "seal": proofs.judge_event(hit),
        "signature": judge_records([hit]).get(event_id),
        "badges": first_seen.build_badges(coverage.read_kinds(trail(), [event_id]).get(event_id, ())),
        "around": identifiers.links_around(hit),
    }
    return render_page(request, "investigations/search/event.html", context)


@require_safe
@requires(may_search)
def event_row(request: HttpRequest, event_id: str) -> HttpResponse:
    """The event opened in its row; or as JSON, whole or one field, to copy."""
    hit, *others = services.open_event(event_id, by=person(request), index=request.GET.get("index", ""))
    if request.GET.get("format") == "json":
        name = request.GET.get("field")
        return JsonResponse({"value": cells.to_text(get(hit.document, name))} if name else hit.document)
    search_request = read_search_request(request.GET)
    search = search_request.search or Search()
    context = {
        "hit": hit,
        "others": others,
        "properties": event_parts.build_properties(hit.document, search, search_request.page_url),
        "sources": event_parts.build_source_records(hit.document),
        "around": identifiers.links_around(hit),
        "signature": judge_records([hit]).get(event_id),
        "may_investigate": may_investigate(person(request)),
        **event_parts.build_peek(hit.document),
    }
    return render_page(request, "investigations/search/_event_row.html", context)
