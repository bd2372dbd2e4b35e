"""Shows the proof that an event is in the trail as it was sealed: to people, to programs, and as a file to take away."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.htmx import render_page
from investigations.proofs import bundles
from investigations.proofs import services as proofs
from investigations.proofs.services import Seal
from operations.sealing.errors import LogDamaged
from operations.sealing.proofs import Proof
from trail.integrity import merkle, signed_note, tlog_proof
from trail.integrity.bundle import Unproved
from trail.integrity.tiles import TileMissing
from trail.search.execute import Hit

FORMATS = ("json", "bundle", "tlog-proof", "sealed")


@require_safe
@requires(may_search)
def event_proof(request: HttpRequest, event_id: str) -> HttpResponse:
    """Who may see the event may see its proof; it is judged now, each time."""
    format = request.GET.get("format", "")
    (hit, *others), seal = proofs.prove_event(
        event_id,
        by=person(request),
        index=request.GET.get("index", ""),
        format=format if format in FORMATS else "",
    )
    match format:
        case "json":
            return JsonResponse(_json(hit, seal) | {"others": [other.index for other in others]})
        case "bundle" | "tlog-proof" | "sealed":
            return _attach(hit, seal, format)
    return render_page(request, "investigations/proofs/proof.html", _context(hit, seal) | {"others": others})


@require_safe
@requires(may_search)
def event_standing(request: HttpRequest, event_id: str) -> HttpResponse:
    """Whether the event is as it was sealed, judged now: a part of the event's row."""
    (hit, *_), seal = proofs.prove_event(event_id, by=person(request), index=request.GET.get("index", ""))
    return render_page(request, "investigations/proofs/_event_seal.html", {"hit": hit, "seal": seal})


def _context(hit: Hit, seal: Seal) -> dict[str, Any]:
    context: dict[str, Any] = {"hit": hit, "seal": seal, "answer": seal.answer}
    if isinstance(proof := seal.answer, Proof):
        context |= {
            "proof": proof,
            "leaf_hash": merkle.leaf_hash(proof.form),
            "steps": proofs.list_steps(proof),
            "signatures": proofs.list_signatures(proof),
            "sealed_by": proofs.find_sealing_time(proof),
            "note": proof.checkpoint.decode(),
            "uncosigned": bundles.choose_checkpoint(proof.leaf).uncosigned,
        }
    return context


def _json(hit: Hit, seal: Seal) -> dict[str, Any]:
    """Hashes in base64, as in every format of the log."""
    summary = {"event_id": hit.event_id, "state": seal.state, "leaf": seal.leaf, "reason": None}
    if not isinstance(proof := seal.answer, Proof):
        return summary | {"reason": getattr(proof, "reason", None)}
    return summary | {
        "reason": getattr(proof.verdict, "reason", None),
        "size": proof.size,
        "root": signed_note.encode(proof.root),
        "leaf_hash": signed_note.encode(merkle.leaf_hash(proof.form)),
        "proof": list(map(signed_note.encode, proof.path)),
        "checkpoint": proof.checkpoint.decode(),
    }


def _attach(hit: Hit, seal: Seal, format: str) -> HttpResponse:
    """A file about this event alone. What cannot be proved is no file: 409 with the reason."""
    try:
        if not isinstance(seal.answer, Proof) or not seal.answer.verdict:
            raise Unproved(f"{seal.label}.")
        content, extension, media_type = _build_file(hit, seal.answer, format)
    except (Unproved, LogDamaged, TileMissing) as error:
        return JsonResponse({"event_id": hit.event_id, "state": seal.state, "reason": str(error)}, status=409)
    name = f"event-{slugify(hit.event_id)[:80] or 'proof'}{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=media_type, headers=headers)


def _build_file(hit: Hit, proof: Proof, format: str) -> tuple[bytes, str, str]:
    """Its bytes, the end of its name, its media type. Raises Unproved, LogDamaged, TileMissing."""
    match format:
        case "tlog-proof":
            return bundles.build_tlog_proof(proof), tlog_proof.EXTENSION, tlog_proof.MEDIA_TYPE
        case "sealed":  # the bytes whose hash is the leaf
            return proof.form, ".sealed.json", "application/json"
    return bundles.build_event_bundle(proof, hit.document), ".bundle.jsonl", "application/x-ndjson"
