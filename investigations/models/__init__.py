from investigations.models.cases import Activity, Case, Membership, Note
from investigations.models.detections import Detection, Finding
from investigations.models.evidence import Evidence
from investigations.models.exports import Export
from investigations.models.jobs import Job
from investigations.models.library import QueryParameter, SavedQuery, SavedQueryVersion
from investigations.models.preferences import TablePreference
from investigations.models.runs import Run, RunChunk
from investigations.models.searches import PastSearch, ShortLink
from investigations.models.snippets import Snippet

__all__ = [
    "Activity",
    "Case",
    "Detection",
    "Evidence",
    "Export",
    "Finding",
    "Job",
    "Membership",
    "Note",
    "PastSearch",
    "QueryParameter",
    "Run",
    "RunChunk",
    "SavedQuery",
    "SavedQueryVersion",
    "ShortLink",
    "Snippet",
    "TablePreference",
]
