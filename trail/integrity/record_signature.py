"""Signs the console's own records with a key of the console's, and finds whose signature a record carries.

Signed are the bytes of CONTEXT and the canonical form of the event (trail.canonical_form) with `signature.key_id` and without
`signature.value`, by Ed25519. Keys are written as those of signed notes are: `name+hash+base64`.
"""

from collections.abc import Iterable
from typing import Any

from trail.canonical_form import canonicalise
from trail.integrity import signed_note
from trail.integrity.signed_note import Signature, Signer, Verifier
from trail.integrity.verdict import Broken
from trail.reserved_names import SIGNATURE

# So that no signature of a record is one of anything else, and the other way round.
CONTEXT = "auditconsole-record/v1\n"


def sign_record(document: dict[str, Any], signer: Signer) -> dict[str, Any]:
    """The same event with its signature. Nothing of it may be changed afterwards."""
    key_id = signer.verifier.key_id.hex()
    value = signer.sign(_read_signed_text(document, key_id)).value
    return {**document, SIGNATURE: {"key_id": key_id, "value": signed_note.encode(value)}}


def find_signer(document: dict[str, Any], verifiers: Iterable[Verifier]) -> Verifier | Broken | None:
    """Which of these keys signed the event: None where it carries no signature, Broken where its signature does not hold."""
    if SIGNATURE not in document:
        return None
    signature = document[SIGNATURE]
    if not isinstance(signature, dict) or signature.keys() != {"key_id", "value"}:
        return Broken("its signature is malformed")
    key_id, encoded = signature["key_id"], signature["value"]
    value = signed_note.decode(encoded) if isinstance(encoded, str) and encoded.isascii() else None
    if not isinstance(key_id, str) or value is None:
        return Broken("its signature is malformed")
    named = [verifier for verifier in verifiers if verifier.key_id.hex() == key_id]
    if not named:
        return Broken("it is signed by a key that is none of this console's")
    try:
        text = _read_signed_text(document, key_id)
    except (ValueError, TypeError, RecursionError):
        return Broken("it holds what no record of the console holds")
    for verifier in named:
        if isinstance(verifier.verify(text, Signature(verifier.name, verifier.key_id, value)), Signature):
            return verifier
    return Broken("its signature does not hold: it is not what the console wrote")


def _read_signed_text(document: dict[str, Any], key_id: str) -> str:
    return CONTEXT + canonicalise({**document, SIGNATURE: {"key_id": key_id}}).decode()
