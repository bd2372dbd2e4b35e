"""Shows redaction profiles, makes one, and retires one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, requires
from accounts.roles import may_investigate, may_resolve
from core.access import recorded_as
from core.forms import try_change
from core.htmx import render_page
from investigations.audit import CaseAction
from investigations.models import RedactionProfile
from investigations.redaction import services
from investigations.redaction.forms import ProfileForm


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
@recorded_as(CaseAction.REDACTION_READ)
def redaction_list(request: HttpRequest) -> HttpResponse:
    """Every profile with its rules, and a form for another."""
    form = ProfileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = {"name": form.cleaned_data["name"], "rules": form.read_rules()}
        if try_change(form, lambda: services.make_profile(by=person(request), **words)):
            return redirect("redaction_list")
    context = {
        "form": form,
        "profiles": [(profile, sorted(profile.rules.items())) for profile in RedactionProfile.objects.all()],
        "may_retire": may_resolve(person(request)),
    }
    return render_page(request, "investigations/redaction/list.html", context, status=400 if form.errors else 200)


@require_POST
@requires(may_resolve)
def redaction_retire(request: HttpRequest, public_id: str) -> HttpResponse:
    """Offer a profile no more."""
    profile = RedactionProfile.objects.filter(public_id=public_id).first()
    if profile is None:
        raise Http404("There is no such profile.")
    services.retire_profile(profile=profile, by=person(request))
    return redirect("redaction_list")
