"""Guards views by who may see them; a guard is the first line of every view."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import quote, urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url

from accounts.models import User
from accounts.session_ends import read_end
from core.htmx import is_partial, whole_page

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def requires(check: Callable[[User], bool]) -> Callable[[View[P]], View[P]]:
    """Signed in and `check(user)`, or 403; somebody not signed in goes to sign in and comes back."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return _to_sign_in(request)
            if not check(request.user):
                raise PermissionDenied("Your role does not let you do that; an admin can change it.")
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def signed_in(view: View[P]) -> View[P]:
    """Anybody with an account."""
    return requires(lambda user: True)(view)


def person(request: HttpRequest) -> User:
    """Who asks; the decorators have made sure of it."""
    assert isinstance(request.user, User)
    return request.user


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """The sign-in page, which says why; for htmx the whole page goes there, never a form into a fragment."""
    back = request.get_full_path()
    if is_partial(request):
        current = urlsplit(request.headers.get("HX-Current-URL", "/"))
        back = current.path + (f"?{current.query}" if current.query else "")
    end = read_end(request)
    words = {"next": back} | ({"ended": end.value} if end else {})
    return whole_page(request, f"{resolve_url('account_login')}?{urlencode(words, safe='/', quote_via=quote)}")
