"""The sealed log for programs (C2SP tlog-tiles) and for people: its checkpoints, tiles, cosignatures, proofs."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import signed_in
from accounts.models import User
from operations.access import NotLetIn, authenticated, refused, with_key
from operations.forms.log import ConsistencyForm
from operations.models import Scope, WriterKey
from operations.sealing import looking, witnesses
from operations.sealing.errors import LogDamaged
from operations.sealing.log import Log
from trail.integrity.tiles import TileMissing, parse_tile_name
from web.htmx import render_page

P = ParamSpec("P")
LogView = Callable[Concatenate[HttpRequest, P], HttpResponse]
FOR_EVER = "private, max-age=31536000, immutable"
MAX_NOTE = 100_000  # bytes of a cosigned checkpoint; ours have a thousand


def for_readers(view: LogView[P]) -> LogView[P]:
    """Programs with a key for the log, and everybody who is signed in. A log that cannot be read is a 503."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, User):
            try:
                authenticated(request, Scope.LOG)
            except NotLetIn as refusal:
                return refused(refusal)
        try:
            return view(request, *args, **kwargs)
        except (LogDamaged, TileMissing) as error:
            return JsonResponse({"error": str(error), "status": 503}, status=503)

    return guarded


@require_safe
@for_readers
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint with its cosignatures, as a signed note."""
    message = Log().note()
    if message is None:
        raise Http404("Nothing is sealed yet.")
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(witnesses.cosigned(message), content_type="text/plain; charset=utf-8", headers=headers)


@require_safe
@for_readers
def tile(request: HttpRequest, name: str) -> HttpResponse:
    """A tile as far as it is signed; nothing beyond, and nothing that is no tile."""
    parsed = parse_tile_name(f"tile/{name}")
    content = looking.tile(*parsed) if parsed else None
    if content is None:
        raise Http404("The log has no such tile.")
    return HttpResponse(content, content_type="application/octet-stream", headers={"Cache-Control": FOR_EVER})


@with_key(Scope.LOG)
@require_POST
def cosignatures(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """Take a checkpoint of ours with a witness's signature, which is believed by the witness's own key alone."""
    message = request.read(MAX_NOTE + 1)
    if len(message) > MAX_NOTE:
        return JsonResponse({"error": f"A checkpoint has at most {MAX_NOTE} bytes.", "status": 413}, status=413)
    try:
        return JsonResponse({"new": witnesses.take(message)})
    except (witnesses.NotTaken, LogDamaged) as refusal:
        return JsonResponse({"error": str(refusal), "status": 409}, status=409)


@require_safe
@signed_in
def integrity(request: HttpRequest) -> HttpResponse:
    """What is sealed, by which keys, who else holds it, and what the last comparison found."""
    context: dict[str, Any] = {"form": ConsistencyForm()}
    try:
        context |= looking.state()
    except (LogDamaged, TileMissing) as error:
        context["problem"] = str(error)
    return render_page(request, "operations/integrity.html", context)


@require_safe
@signed_in
def consistency(request: HttpRequest) -> HttpResponse:
    """That the log of one size goes on from another, with the hashes that show it."""
    form = ConsistencyForm(request.GET)
    found, problem = None, ""
    if form.is_valid():
        try:
            found = looking.consistency(form.cleaned_data["old"], form.cleaned_data["new"])
        except ValueError as error:
            form.add_error(None, f"{str(error).capitalize()}.")
        except (LogDamaged, TileMissing) as error:
            problem = str(error)
    status = 400 if form.errors else 200
    if request.GET.get("format") == "json":
        return JsonResponse(looking.consistency_json(found) if found else _wrong(form, problem), status=status)
    return render_page(
        request, "operations/consistency.html", {"form": form, "found": found, "problem": problem}, status=status
    )


def _wrong(form: ConsistencyForm, problem: str) -> dict[str, Any]:
    return {"problem": problem} if problem else {"errors": form.errors.get_json_data()}
