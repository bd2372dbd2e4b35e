"""Pin that a search found nothing."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.decorators import person, requires
from accounts.roles import may_investigate
from investigations import access
from investigations.errors import Refused
from investigations.forms.cases import AbsenceForm
from investigations.services import absences
from investigations.services.absences import Doubtful
from investigations.views.search import OUTAGES, unanswered
from trail.errors import BadQuery
from web.htmx import render_page


@require_POST
@requires(may_investigate)
def pin(request: HttpRequest) -> HttpResponseBase:
    """Ask anew and pin it. What was typed comes back when something is wrong with it, or when there is something now."""
    form, status = AbsenceForm(request.POST, user=person(request)), 400
    context: dict[str, object] = {"absence": form}
    if form.is_valid():
        words = form.cleaned_data
        case = access.writable_case_for(person(request), words.pop("case"))
        try:
            evidence = absences.pin(case=case, by=person(request), **words)
            messages.success(request, f"{evidence.label}: that there is no such event is pinned to “{case.title}”.")
            return redirect("evidence_detail", case.public_id, evidence.number)
        except Doubtful as refused:
            form.add_error("provisional", refused.sentence)
            context["doubts"] = refused.doubts
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        except BadQuery as error:
            form.add_error(None, error.message)
        except OUTAGES as error:
            context |= unanswered(error)
            status = 503
    return render_page(request, "investigations/pin_absence.html", context, status=status)
