"""Reads from an address which evidence of a case its timeline shows: by relevance and by tag."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import QueryDict

from investigations.models import Evidence


@dataclass(frozen=True, slots=True)
class EvidenceFilter:
    """An empty text leaves out nothing."""

    relevance: str = ""
    tag: str = ""

    @property
    def is_set(self) -> bool:
        """Whether something may be left out."""
        return bool(self.relevance or self.tag)

    def filter_evidence(self, evidence: Iterable[Evidence]) -> list[Evidence]:
        """What is shown, in the same order; its tags are at hand."""
        return [each for each in evidence if self._matches(each)]

    def _matches(self, evidence: Evidence) -> bool:
        if self.relevance and evidence.relevance != self.relevance:
            return False
        return not self.tag or any(tag.name == self.tag for tag in evidence.tags.all())


def read_evidence_filter(query: QueryDict) -> EvidenceFilter:
    """That of an address; a relevance that there is none of leaves out nothing."""
    relevance = query.get("relevance", "")
    return EvidenceFilter(relevance if relevance in Evidence.Relevance.values else "", query.get("tag", "")[:40])


def list_tags(evidence: Iterable[Evidence]) -> list[str]:
    """The tags of evidence, each once, in order."""
    return sorted({tag.name for each in evidence for tag in each.tags.all()})
