"""Shows writers: their keys, which admins make, rotate and revoke, and how long each may be silent."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_curate, may_resolve
from core.compression import leave_uncompressed
from core.errors import Refused
from core.htmx import render_page
from core.posts import requires_post
from operations.models import WatchedWriter, WriterKey
from operations.writers import keys, monitor
from operations.writers.forms import KeyForm, RotateForm, SilenceForm

PAGE_SIZE = 100


@require_safe
@requires(may_curate)
def writer_list(request: HttpRequest) -> HttpResponse:
    """Every key."""
    return render_page(request, "operations/writers/list.html", {"keys": WriterKey.objects.all()})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def writer_new(request: HttpRequest) -> HttpResponse:
    """Make a key; its secret is shown this once."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        key, secret = keys.make_key(**form.cleaned_data, by=person(request))
        return _show_once(request, key, secret)
    return render_page(request, "operations/writers/new.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
@requires(may_curate)
def writer_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One key, and the form to rotate it."""
    return _render_key(request, _get_key(public_id), RotateForm())


@requires(may_curate)
@requires_post(instead="writer_detail")
def writer_rotate(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put a new key in the place of one; its secret is shown this once."""
    key, form = _get_key(public_id), RotateForm(request.POST)
    if form.is_valid():
        try:
            new_key, secret = keys.rotate_key(key, by=person(request), overlap=form.overlap)
            return _show_once(request, new_key, secret)
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
    return _render_key(request, key, form)


@require_POST
@requires(may_curate)
def writer_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """End a key at once."""
    key = keys.revoke_key(_get_key(public_id), by=person(request))
    return redirect("writer_detail", key.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def watched_writers(request: HttpRequest) -> HttpResponse:
    """Each writer's gaps and silence; leads and admins set after how long one counts as silent."""
    if request.method == "POST" and not may_resolve(person(request)):
        raise PermissionDenied("Leads and admins set after how long a writer is silent.")
    form = SilenceForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        writer = get_object_or_404(WatchedWriter, writer=form.cleaned_data["writer"])
        monitor.set_silence_limit(writer, silent_after=form.cleaned_data["silent_after"], by=person(request))
        return redirect("watched_writers")
    writers = WatchedWriter.objects.annotate(gaps=Count("missing", filter=Q(missing__arrived_at=None)))
    page = Paginator(writers.order_by("writer"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "may_set": may_resolve(person(request))}
    return render_page(request, "operations/writers/watched.html", context, status=400 if form.errors else 200)


def _get_key(public_id: str) -> WriterKey:
    return get_object_or_404(WriterKey.objects.select_related("replaces", "replaced_by"), public_id=public_id)


def _render_key(request: HttpRequest, key: WriterKey, form: RotateForm) -> HttpResponse:
    context = {"key": key, "form": form}
    return render_page(request, "operations/writers/detail.html", context, status=400 if form.errors else 200)


def _show_once(request: HttpRequest, key: WriterKey, secret: str) -> HttpResponse:
    """Answer the form itself with the key, for its secret is kept nowhere that a redirect could lead to."""
    response = render_page(request, "operations/writers/key_made.html", {"key": key, "shown": secret})
    response["Cache-Control"] = "no-store"
    leave_uncompressed(response)
    return response
