"""Holds the names that are the console's own and the demonstration's, and refuses the former in an event of anybody else."""

from typing import Any

from trail.documents import get
from trail.errors import InvalidEvent

AUDIT_DATASET = "console"
AUDIT_WRITER = "auditconsole"
SIGNATURE = "signature"
# What stands before each writer of the demonstration. No key and no emitter may have such a name, so that a gap or a silence
# of a service is never taken for the demonstration's.
DEMONSTRATION_WRITERS = "demonstration/"


def is_reserved_dataset(name: Any) -> bool:
    """Whether this is the dataset of the console's own records, or reads like it."""
    return isinstance(name, str) and name.strip().casefold() == AUDIT_DATASET


def is_reserved_writer(name: Any) -> bool:
    """Whether this is the console's own name as a writer, or reads like it."""
    return isinstance(name, str) and name.strip().casefold() == AUDIT_WRITER


def demonstration_writer(service: str) -> str:
    """The name of a service of the demonstration as a writer."""
    return f"{DEMONSTRATION_WRITERS}{service}"


def is_demonstration_writer(name: Any) -> bool:
    """Whether this is a writer of the demonstration, or reads like one."""
    return isinstance(name, str) and name.strip().casefold().startswith(DEMONSTRATION_WRITERS)


def find_claim(document: dict[str, Any]) -> InvalidEvent | None:
    """By what an event says of itself that it is one of the console's own records, as the error that others get; else None."""
    if is_reserved_dataset(get(document, "event.dataset")):
        return InvalidEvent(
            "event.dataset", f"{AUDIT_DATASET} is reserved for the console's own records; use another name"
        )
    if is_reserved_writer(get(document, "writer.id")):
        return InvalidEvent("writer.id", f"{AUDIT_WRITER} is reserved for the console itself; use another name")
    if SIGNATURE in document:
        return InvalidEvent(SIGNATURE, "is made by the console alone, over its own records; leave it out")
    return None


def expect_unreserved(document: dict[str, Any]) -> None:
    """Raises InvalidEvent for an event that claims to be one of the console's own records."""
    if claim := find_claim(document):
        raise claim
