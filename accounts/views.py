"""Shows a person's own pages, and the first admin's."""

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.decorators import signed_in
from accounts.forms import FirstAdminForm, NewPasswordForm
from accounts.models import User
from accounts.roles import DUTIES, Role
from core.errors import Refused


@require_safe
@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """Who the person is here, and what their role may do."""
    assert isinstance(request.user, User)
    return render(request, "accounts/profile.html", {"duties": DUTIES[Role(request.user.role)]})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_admin(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the one-time link; 404 once it was used or is too old."""
    if not services.is_first_admin_link_valid(token):
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
            get_adapter(request).login(request, user)
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/first_admin.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_link(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a link by which somebody chooses their password; 404 once it was used or is too old."""
    link = services.find_password_link(token)
    if link is None:
        raise Http404("This link has been used or is too old.")
    form = NewPasswordForm(request.POST or None, person=link.person)
    if request.method == "POST" and form.is_valid():
        try:
            services.claim_password_link(token=token, password=form.cleaned_data["password"])
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, "Your password is set; sign in with it.")
            return redirect("account_login")
    context = {"form": form, "person": link.person}
    return render(request, "accounts/password_link.html", context, status=400 if form.errors else 200)


@require_safe
def ask_an_admin(request: HttpRequest) -> HttpResponse:
    """Where a page of django-allauth that this console does not offer leads."""
    return render(request, "accounts/ask_an_admin.html")
