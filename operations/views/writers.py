"""Writers' keys, for admins: the list, making one (its secret is shown this once), rotating, revoking."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import requires
from accounts.errors import Refused
from accounts.models import User
from accounts.roles import may_curate
from operations.forms.keys import KeyForm, RotateForm
from operations.models import WriterKey
from operations.services import keys
from web.htmx import render_page


@require_safe
@requires(may_curate)
def writer_list(request: HttpRequest) -> HttpResponse:
    return render_page(request, "operations/writer_list.html", {"keys": WriterKey.objects.all()})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def writer_new(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        key, shown = keys.make(**form.cleaned_data, by=_admin(request))
        return _shown_once(request, key, shown)
    return render_page(request, "operations/writer_new.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
@requires(may_curate)
def writer_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    return _page(request, _key(public_id), RotateForm())


@require_POST
@requires(may_curate)
def writer_rotate(request: HttpRequest, public_id: str) -> HttpResponse:
    key, form = _key(public_id), RotateForm(request.POST)
    if form.is_valid():
        try:
            return _shown_once(request, *keys.rotate(key, by=_admin(request), overlap=form.overlap))
        except Refused as refusal:
            form.add_error(None, refusal.sentence)
    return _page(request, key, form)


@require_POST
@requires(may_curate)
def writer_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    key = keys.revoke(_key(public_id), by=_admin(request))
    return redirect("writer_detail", key.public_id)


def _key(public_id: str) -> WriterKey:
    return get_object_or_404(WriterKey.objects.select_related("replaces", "replaced_by"), public_id=public_id)


def _admin(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _page(request: HttpRequest, key: WriterKey, form: RotateForm) -> HttpResponse:
    return render_page(
        request, "operations/writer_detail.html", {"key": key, "form": form}, status=400 if form.errors else 200
    )


def _shown_once(request: HttpRequest, key: WriterKey, shown: str) -> HttpResponse:
    """The answer to the form itself, for the secret is kept nowhere that a redirect could lead to."""
    response = render_page(request, "operations/writer_made.html", {"key": key, "shown": shown})
    response["Cache-Control"] = "no-store"
    return response
