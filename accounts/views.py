"""A person's own pages, and the first admin's."""

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.decorators import signed_in
from accounts.errors import Refused
from accounts.forms import FirstAdminForm
from accounts.models import User
from accounts.roles import DUTIES, Role


@require_safe
@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    return render(request, "accounts/profile.html", {"duties": DUTIES[Role(request.user.role)]})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_admin(request: HttpRequest, token: str) -> HttpResponse:
    if not services.first_admin_link_holds(token):
        raise Http404("This link has been used or is too old.")
    form = FirstAdminForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            user = services.claim_first_admin(
                token=token, username=values["username"], password=values["password"], name=values["name"]
            )
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            login(request, user)
            return redirect("/")
    return render(request, "accounts/first_admin.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
def ask_an_admin(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/ask_an_admin.html")
