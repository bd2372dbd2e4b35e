"""Answers a program with a sentence in JSON where a person gets a page, and finds a person's way back after a form."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

PROGRAMS = "/api/"  # what is asked by programs alone
RETRY_SECONDS = 5  # after which what was refused for now may be sent again


def is_for_program(request: HttpRequest) -> bool:
    """Whether a program asks, which reads no page."""
    return request.path.startswith(PROGRAMS)


def respond_in_json(sentence: str, status: int) -> HttpResponse:
    """The sentence and the status, with the time after which to try again where that makes sense."""
    response = JsonResponse({"error": sentence, "status": status}, status=status)
    if status in (429, 503):
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def respond_server_error(request: HttpRequest) -> HttpResponse:
    """What Django answers with for an error that nothing caught, once it is in the log."""
    if is_for_program(request):
        return respond_in_json("Something failed that should not have; the console's log has it.", 500)
    return render(request, "500.html", status=500)


def choose_way_back(request: HttpRequest, address: str, *, otherwise: str) -> str:
    """Where a form leads back to: the address that it named, if that is one of this console, else `otherwise`."""
    is_own = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if address and is_own else otherwise


def name_page_of_form(request: HttpRequest) -> str:
    """The address that a form names as its way back, else the page that it stood on.

    A form of every page names none: an address may hold what is not to be written into a page again.
    """
    return request.POST.get("back", "") or request.headers.get("Referer", "")
