"""Counts the commonest values of fields among the evidence that a timeline shows."""

from dataclasses import replace

from django.utils.http import urlencode

from investigations.evidence_search.counts import count_commonest
from investigations.presentation.columns import LABELS
from investigations.presentation.sidebar import FacetSection, FacetValue
from investigations.timeline.evidence_filter import EvidenceFilter
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.facts import COLUMNS
from trail.search.spec import Filter

MOST = 6
# The fingerprint of a token says no more than the token, to a person.
FIELDS = tuple(name for name in COLUMNS if name != "token.fingerprint")
_OUTCOMES = {"success": "accepted", "failure": "denied"}


def count_facets(facts: Facts, chosen: EvidenceFilter, address: str) -> list[FacetSection]:
    """A section for each field that the events have, counted by SQL of all of them. One query for each field, and more for one
    of which an event has several values.

    `address` is the page that the values lead to, with what is `chosen` there already.
    """
    sections = [_count_facet(facts, field, chosen, address) for field in FIELDS]
    return [section for section in sections if section.values or section.others]


def _count_facet(facts: Facts, field: str, chosen: EvidenceFilter, address: str) -> FacetSection:
    counts = count_commonest(facts, COLUMNS[field], MOST)
    values = [_build_value(field, value, number, counts.events, chosen, address) for value, number in counts.values]
    return FacetSection(field, LABELS.get(field, field).lower(), values, counts.others, 0)


def _build_value(field: str, value: str, number: int, total: int, chosen: EvidenceFilter, address: str) -> FacetValue:
    chip = Filter(field, (value,))
    text, active = str(chip), str(chip) in chosen.filters
    without = chosen.with_filter(text, None)
    narrowed = without if active else chosen.with_filter("", chip)
    left_out = without.with_filter("", replace(chip, negated=True))
    return FacetValue(
        value=value,
        shown=_OUTCOMES.get(value, value) if field == "event.outcome" else value,
        count=number,
        share=round(number * 100 / total),
        include=f"{address}?{urlencode(narrowed.words)}",
        exclude=f"{address}?{urlencode(left_out.words)}",
        chip=f"-{chip}",
        active=active,
    )
