"""Re-exports the models of operations."""

from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.notices import Notice
from operations.models.publication import Cosignature, Publication
from operations.models.rejected import Decision, Mapping, MappingRetirement, RejectedEvent, RejectedStep
from operations.models.sealed_log import (
    Adoption,
    Checkpoint,
    Cursor,
    LogOpening,
    RecordKey,
    SealedRange,
    SealKey,
    Verification,
)
from operations.models.watched_writers import MissingNumbers, WatchedWriter
from operations.models.writer_keys import KeyScope, OpenedMonth, WriterKey

__all__ = [
    "Adoption",
    "Checkpoint",
    "Cosignature",
    "Cursor",
    "Decision",
    "Incident",
    "IncidentStep",
    "IncidentWriter",
    "KeyScope",
    "LogOpening",
    "Mapping",
    "MappingRetirement",
    "MissingNumbers",
    "Notice",
    "OpenedMonth",
    "Publication",
    "RecordKey",
    "RejectedEvent",
    "RejectedStep",
    "SealKey",
    "SealedRange",
    "Verification",
    "WatchedWriter",
    "WriterKey",
]
