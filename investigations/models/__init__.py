from investigations.models.cases import Activity, Case, Membership, Note
from investigations.models.evidence import Evidence
from investigations.models.exports import Export
from investigations.models.jobs import Job
from investigations.models.library import QueryParameter, SavedQuery, SavedQueryVersion
from investigations.models.runs import Run, RunChunk
from investigations.models.searches import PastSearch, ShortLink
from investigations.models.snippets import Snippet

__all__ = [
    "Activity",
    "Case",
    "Evidence",
    "Export",
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
]
