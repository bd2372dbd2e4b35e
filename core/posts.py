"""Leads whoever comes to the address of a form without the form, as by a reload, to the page where the form is."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
_LED = ("GET", "HEAD")


def requires_post(*, instead: str) -> Callable[[View[P]], View[P]]:
    """For a view that takes a form and may show a page: what is no POST is led to `instead`, an address's name."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            if request.method in _LED:
                return redirect(reverse(instead, args=args, kwargs=kwargs))
            return HttpResponseNotAllowed([*_LED, "POST"])

        return guarded

    return decorate
