"""Re-exports the models of investigations."""

from investigations.models.attachments import Attachment
from investigations.models.case_tasks import CaseTask
from investigations.models.case_templates import CaseTemplate
from investigations.models.case_verifications import CaseVerification
from investigations.models.cases import Activity, Case, CaseSerial, CaseTag, Membership
from investigations.models.clock_skews import ClockSkew
from investigations.models.custody import CustodyEntry
from investigations.models.detections import Detection, Finding
from investigations.models.entities import CaseEntity, Verdict
from investigations.models.evidence import Evidence, EvidenceTag
from investigations.models.evidence_facts import EvidenceFact, EvidenceFactValue
from investigations.models.evidence_queries import EvidenceMatch, EvidenceQuery
from investigations.models.exports import EVERY_CASE, NOT_CASE, Export
from investigations.models.foreign_cases import AcceptedKey, CaseImport, CaseUpload, ForeignCase, ForeignEvidence
from investigations.models.hypotheses import Hypothesis, HypothesisEvidence
from investigations.models.jobs import Job
from investigations.models.library import QueryParameter, SavedQuery, SavedQueryVersion
from investigations.models.manual_events import ManualEvent, ManualEventVersion, Phase
from investigations.models.notes import Mention, Note
from investigations.models.pin_batches import PinBatch
from investigations.models.preferences import GlassNotice, NoticesRead, TablePreference
from investigations.models.redaction import RedactionProfile
from investigations.models.reports import CaseReport, ReportTemplate
from investigations.models.runs import Run, RunChunk
from investigations.models.searches import PastSearch, ShortLink
from investigations.models.snippets import Snippet

__all__ = [
    "EVERY_CASE",
    "NOT_CASE",
    "AcceptedKey",
    "Activity",
    "Attachment",
    "Case",
    "CaseEntity",
    "CaseImport",
    "CaseReport",
    "CaseSerial",
    "CaseTag",
    "CaseTask",
    "CaseTemplate",
    "CaseUpload",
    "CaseVerification",
    "ClockSkew",
    "CustodyEntry",
    "Detection",
    "Evidence",
    "EvidenceFact",
    "EvidenceFactValue",
    "EvidenceMatch",
    "EvidenceQuery",
    "EvidenceTag",
    "Export",
    "Finding",
    "ForeignCase",
    "ForeignEvidence",
    "GlassNotice",
    "Hypothesis",
    "HypothesisEvidence",
    "Job",
    "ManualEvent",
    "ManualEventVersion",
    "Membership",
    "Mention",
    "Note",
    "NoticesRead",
    "PastSearch",
    "Phase",
    "PinBatch",
    "QueryParameter",
    "RedactionProfile",
    "ReportTemplate",
    "Run",
    "RunChunk",
    "SavedQuery",
    "SavedQueryVersion",
    "ShortLink",
    "Snippet",
    "TablePreference",
    "Verdict",
]
