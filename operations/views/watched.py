"""Writers that number their events: how far each is, what is missing, and after how long it counts as silent."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, signed_in
from accounts.roles import may_resolve
from operations.forms.incidents import SilenceForm
from operations.models import WatchedWriter
from operations.services import watching
from web.htmx import render_page

PAGE_SIZE = 100


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def watched_writers(request: HttpRequest) -> HttpResponse:
    form = SilenceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if not may_resolve(person(request)):
            raise PermissionDenied("Leads and admins set after how long a writer is silent.")
        row = get_object_or_404(WatchedWriter, writer=form.cleaned_data["writer"])
        watching.expect(row, silent_after=form.cleaned_data["silent_after"], by=person(request))
        return redirect("watched_writers")
    rows = WatchedWriter.objects.annotate(gaps=Count("missing", filter=Q(missing__arrived_at=None))).order_by("writer")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "may_set": may_resolve(person(request))}
    return render_page(request, "operations/watched_writers.html", context, status=400 if form.errors else 200)
