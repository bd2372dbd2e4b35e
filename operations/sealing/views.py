"""Serves the sealed log to programs (C2SP tlog-tiles) and to people: checkpoints, tiles, cosignatures, proofs."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, signed_in
from accounts.models import User
from accounts.roles import may_curate
from core.access import not_recorded, recorded_as
from core.audit import Program, record_access
from core.htmx import render_page
from operations.audit import OperationsAction
from operations.models import KeyScope, WriterKey
from operations.sealing import entries, public_access, witnesses
from operations.sealing import status as sealing_status
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.forms import ConsistencyForm, OpeningForm
from operations.writers.authentication import AccessRefused, authenticate_request, requires_key, respond_refused
from trail.integrity.tiles import TileMissing, parse_tile_name, tile_name

P = ParamSpec("P")
LogView = Callable[Concatenate[HttpRequest, P], HttpResponse]
FOR_EVER = "max-age=31536000, immutable"
FOR_A_MOMENT = "public, max-age=2"
MAX_NOTE = 100_000  # bytes of a cosigned checkpoint; ours have a thousand


def for_readers(view: LogView[P]) -> LogView[P]:
    """Programs with a key for the log, everybody who is signed in, and where it is open anybody.

    A log that cannot be read is a 503.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not public_access.is_open() and not isinstance(request.user, User):
            try:
                authenticate_request(request, KeyScope.LOG, KeyScope.ENTRIES)
            except AccessRefused as refusal:
                return respond_refused(refusal)
        try:
            return view(request, *args, **kwargs)
        except (LogDamaged, TileMissing) as error:
            return JsonResponse({"error": str(error), "status": 503}, status=503)

    return guarded


def _may_be_shared(request: HttpRequest) -> bool:
    """Whether a cache may give the answer to others. Not where a session came with it: its cookie may be set anew."""
    return public_access.is_open() and settings.SESSION_COOKIE_NAME not in request.COOKIES


@require_safe
@for_readers
@not_recorded(because="hashes and signatures alone, which witnesses read again and again")
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint with its cosignatures, as a signed note."""
    message = LogDirectory().note()
    if message is None:
        raise Http404("Nothing is sealed yet.")
    headers = {"Cache-Control": FOR_A_MOMENT if _may_be_shared(request) else "no-store"}
    return HttpResponse(witnesses.add_cosignatures(message), content_type="text/plain; charset=utf-8", headers=headers)


@require_safe
@for_readers
@not_recorded(because="hashes and signatures alone, which witnesses read again and again")
def tile(request: HttpRequest, name: str) -> HttpResponse:
    """A tile as far as it is signed; nothing beyond, and nothing that is no tile."""
    parsed = parse_tile_name(f"tile/{name}")
    content = sealing_status.read_tile(*parsed) if parsed else None
    if content is None:
        raise Http404("The log has no such tile.")
    headers = {"Cache-Control": f"{'public' if _may_be_shared(request) else 'private'}, {FOR_EVER}"}
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


@gzip_page
@requires_key(KeyScope.ENTRIES)
@require_safe
def entry_bundle(request: HttpRequest, key: WriterKey, name: str) -> HttpResponse:
    """What was sealed of up to 256 events, for a key of its own, where LOG_ENTRIES lets it. It is on record, and in no cache."""
    parsed = parse_tile_name(f"tile/0/{name}") if settings.LOG_ENTRIES else None
    if parsed is None:
        raise Http404("The log shows no such entries.")
    program = Program(username=f"key:{key.public_id}", name=key.name)
    record_access(OperationsAction.ENTRIES_READ, by=program, resource=("log", tile_name(0, parsed[1])))
    try:
        content = entries.build_entry_bundle(*parsed[1:])
    except entries.EntryUnwritable as error:
        return JsonResponse({"error": str(error), "status": 409}, status=409)
    except (LogDamaged, TileMissing) as error:
        return JsonResponse({"error": str(error), "status": 503}, status=503)
    if content is None:
        raise Http404("The log has not as many entries.")
    return HttpResponse(content, content_type="application/octet-stream")


@requires_key(KeyScope.LOG)
@require_POST
@not_recorded(because="hashes and signatures alone, which witnesses read again and again")
def cosignatures(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """Take a checkpoint of ours with a witness's signature, which is believed by the witness's own key alone."""
    message = request.read(MAX_NOTE + 1)
    if len(message) > MAX_NOTE:
        return JsonResponse({"error": f"A checkpoint has at most {MAX_NOTE} bytes.", "status": 413}, status=413)
    try:
        return JsonResponse({"new": witnesses.take_cosignatures(message)})
    except (witnesses.CosignatureRefused, LogDamaged) as refusal:
        return JsonResponse({"error": str(refusal), "status": 409}, status=409)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(OperationsAction.INTEGRITY_READ)
def integrity(request: HttpRequest) -> HttpResponse:
    """What is sealed, by which keys, who else holds it, and what the last comparison found. Admins open the log here."""
    if request.method == "POST":
        return _switch(request)
    context: dict[str, Any] = {"form": ConsistencyForm(), "opening": public_access.find_last_switch()}
    context["may_open"] = may_curate(person(request))
    try:
        context |= sealing_status.read_state()
    except (LogDamaged, TileMissing) as error:
        context["problem"] = str(error)
    return render_page(request, "operations/sealing/integrity.html", context)


def _switch(request: HttpRequest) -> HttpResponse:
    if not may_curate(person(request)):
        raise PermissionDenied("Admins open the log to everybody, and close it.")
    form = OpeningForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Say whether the log is to be open: yes or no.", content_type="text/plain")
    public_access.switch(to_open=form.cleaned_data["to_open"], by=person(request))
    return redirect("integrity")


@require_safe
@signed_in
@recorded_as(OperationsAction.INTEGRITY_READ)
def consistency(request: HttpRequest) -> HttpResponse:
    """That the log of one size goes on from another, with the hashes that show it."""
    # Who opens the page has given no sizes yet; a program that gives none is told what is missing.
    form = ConsistencyForm(request.GET if request.GET.keys() & {"old", "new", "format"} else None)
    continuation, problem = None, ""
    if form.is_valid():
        try:
            continuation = sealing_status.check_consistency(form.cleaned_data["old"], form.cleaned_data["new"])
        except ValueError as error:
            form.add_error(None, f"{str(error).capitalize()}.")
        except (LogDamaged, TileMissing) as error:
            problem = str(error)
    status = 400 if form.errors else 200
    if request.GET.get("format") == "json":
        return JsonResponse(
            sealing_status.consistency_as_json(continuation) if continuation else _wrong(form, problem), status=status
        )
    return render_page(
        request,
        "operations/sealing/consistency.html",
        {"form": form, "found": continuation, "problem": problem},
        status=status,
    )


def _wrong(form: ConsistencyForm, problem: str) -> dict[str, Any]:
    return {"problem": problem} if problem else {"errors": form.errors.get_json_data()}
