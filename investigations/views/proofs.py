"""The proof that an event is in the trail as it was sealed: for people, for programs, and as a file to take away."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from investigations import journal
from investigations.access import event_for
from investigations.journal import Action
from investigations.services import bundles, proofs
from investigations.services.proofs import Standing
from operations.sealing.errors import LogDamaged
from operations.sealing.proofs import Proof
from trail.integrity import merkle, note
from trail.integrity.bundle import Unproved
from trail.integrity.tiles import TileMissing
from trail.search.execute import Hit
from web.htmx import render_page


@require_safe
@requires(may_search)
def event_proof(request: HttpRequest, event_id: str) -> HttpResponse:
    """Who may see the event may see its proof; it is judged now, each time."""
    user = person(request)
    hit = event_for(user, event_id)
    journal.record(Action.EVENT_PROVE, by=user, resource=("event", event_id))
    standing = proofs.of_event(hit)
    match request.GET.get("format"):
        case "json":
            return JsonResponse(_json(hit, standing))
        case "bundle":
            return _bundle(hit, standing)
    return render_page(request, "investigations/proof.html", _context(hit, standing))


def _context(hit: Hit, standing: Standing) -> dict[str, Any]:
    context: dict[str, Any] = {"hit": hit, "standing": standing, "found": standing.found}
    if isinstance(proof := standing.found, Proof):
        context |= {
            "proof": proof, "leaf_hash": merkle.leaf_hash(proof.form), "steps": proofs.steps(proof),
            "signatures": proofs.signatures(proof), "sealed_by": proofs.sealed_by(proof), "note": proof.checkpoint.decode(),
        }  # fmt: skip
    return context


def _json(hit: Hit, standing: Standing) -> dict[str, Any]:
    """Hashes in base64, as in every format of the log."""
    told = {"event_id": hit.event_id, "state": standing.state, "leaf": standing.leaf, "reason": None}
    if not isinstance(proof := standing.found, Proof):
        return told | {"reason": getattr(proof, "reason", None)}
    return told | {
        "reason": getattr(proof.verdict, "reason", None), "size": proof.size, "root": note.encode(proof.root),
        "leaf_hash": note.encode(merkle.leaf_hash(proof.form)), "proof": list(map(note.encode, proof.path)),
        "checkpoint": proof.checkpoint.decode(),
    }  # fmt: skip


def _bundle(hit: Hit, standing: Standing) -> HttpResponse:
    """A bundle of this event alone. What cannot be proved is no file: 409 with the reason."""
    try:
        if not isinstance(standing.found, Proof):
            raise Unproved(f"{standing.label}.")
        content = bundles.of_event(standing.found, hit.document)
    except (Unproved, LogDamaged, TileMissing) as error:
        return JsonResponse({"event_id": hit.event_id, "state": standing.state, "reason": str(error)}, status=409)
    name = f"event-{slugify(hit.event_id)[:80] or 'proof'}.bundle.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/x-ndjson", headers=headers)
