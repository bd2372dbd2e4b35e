"""Shows the custody of a case's evidence and what its verifications came to, and starts one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from core.access import recorded_as
from core.forms import read_number
from core.htmx import is_partial, render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.case_verification import services as case_verification
from investigations.cases.case_page import build_case_context
from investigations.evidence import custody

TEMPLATE = "investigations/case_verification/custody.html"
EARLIER = 5  # verifications that the page lists


@require_safe
@signed_in
@recorded_as(CaseAction.CUSTODY_READ)
def case_custody(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was done with the evidence of a case, newest first, a page at a time, and whether all of it is as it was pinned."""
    user = person(request)
    case = access.get_case(user, public_id)
    before = read_number(request.GET.get("before", ""), most=2**62)
    newest = case_verification.read_newest(case)
    entries = list(custody.read_case_custody(case, before=before)[: custody.PAGE_SIZE + 1])
    shown = entries[: custody.PAGE_SIZE]
    context = build_case_context(user, case) | {
        "tab": "custody",
        "acts": custody.fold_acts(shown),
        "before": before,
        "older": shown[-1].pk if len(entries) > len(shown) else None,
        "newest": newest,
        "earlier": case.verifications.filter(state="finished").order_by("-pk")[:EARLIER],
        "may_verify": may_investigate(user),
    }
    response = render_page(request, TEMPLATE, context, {"verification": "verification"})
    if is_partial(request) and (newest is None or newest.is_over):
        response["HX-Refresh"] = "true"  # what was entered meanwhile stands in the rest of the page
    return response


@require_POST
@requires(may_investigate)
def case_verify(request: HttpRequest, public_id: str) -> HttpResponse:
    """Verify all evidence of a case; a closed one too."""
    case = access.get_case(person(request), public_id)
    case_verification.start(case=case, by=person(request))
    return redirect("case_custody", public_id)
