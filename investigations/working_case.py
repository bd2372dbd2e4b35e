"""Remembers in a person's session which case they work in, and gives it out to who may still see it."""

from django.http import HttpRequest

from accounts.models import User
from investigations import access
from investigations.models import Case

_SESSION_KEY = "working_case"
_READ = "_working_case"  # on the request: one query for a page, however many parts of it ask


def begin_work(request: HttpRequest, case: Case) -> None:
    """From the next request on this is the case that is worked in."""
    request.session[_SESSION_KEY] = case.public_id


def end_work(request: HttpRequest) -> None:
    """No case is worked in any more."""
    request.session.pop(_SESSION_KEY, None)


def read_working_case(request: HttpRequest) -> Case | None:
    """The case that is worked in. One that the person may no longer see leaves the session, and nothing is said of it."""
    if not hasattr(request, _READ):
        setattr(request, _READ, _read(request))
    case: Case | None = getattr(request, _READ)
    return case


def read_chosen_case(request: HttpRequest) -> str:
    """The public id of the case that a form begins with: the one that the address names, else the one that is worked in."""
    if named := request.GET.get("case", ""):
        return named
    case = read_working_case(request)
    return case.public_id if case is not None and case.is_open else ""


def _read(request: HttpRequest) -> Case | None:
    if not isinstance(request.user, User) or not (public_id := request.session.get(_SESSION_KEY)):
        return None
    case = access.find_case(request.user, str(public_id))
    if case is None:
        end_work(request)
    return case
