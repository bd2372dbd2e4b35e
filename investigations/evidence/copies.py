"""Pins what one case holds to another case, as the same frozen copies with the same digests."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.models import User
from core.errors import Refused
from core.records import next_number
from investigations.evidence.records import add_evidence
from investigations.models import Case, Evidence, EvidenceTag
from trail.canonical_form import compute_digest

AT_ONCE = 500  # pieces of evidence that are held at a time


@dataclass(slots=True)
class CopiedEvidence:
    """What became of the evidence of another case.

    `numbers` leads from each number there to the one here, of what was here before too. `origins` are the keys of what is
    new with its words for custody; `labels` the ids and digests of the first of it, for the trail's record.
    """

    numbers: dict[int, int] = field(default_factory=dict)
    origins: list[tuple[int, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


def copy_evidence(*, source: Case, target: Case, by: User) -> CopiedEvidence:
    """Pin every event of `source` that is not withdrawn to `target`; what `target` has already is not pinned twice.

    Nothing is read from the trail: the copy is the one that was frozen, so a month that is away holds nobody up. Statements are
    left out, for the trail's record of each names its own case. The caller holds both cases and puts it on record, in the
    trail and in custody. Raises Refused for a copy that is not what was pinned.
    """
    copied = CopiedEvidence()
    for batch in _read_batches(source):
        for each in batch:
            _check_copy(each, source)
        _copy_batch(batch, source, target, by, copied)
    return copied


def _read_batches(source: Case) -> Iterator[list[Evidence]]:
    events = source.evidence.not_withdrawn().filter(kind=Evidence.Kind.EVENT).order_by("number")
    last = 0
    while batch := list(events.filter(number__gt=last).prefetch_related("tags")[:AT_ONCE]):
        yield batch
        last = batch[-1].number


def _check_copy(evidence: Evidence, source: Case) -> None:
    """A copy that was tampered with is not pinned under anybody's name."""
    try:
        is_intact = compute_digest(evidence.document) == evidence.digest
    except ValueError:
        is_intact = False
    if not is_intact:
        raise Refused(f"{evidence.label} of {source.number} is not what was pinned; verify its evidence first.")


def _copy_batch(batch: list[Evidence], source: Case, target: Case, by: User, copied: CopiedEvidence) -> None:
    wanted = [each.event_id for each in batch]
    present = dict(target.evidence.not_withdrawn().filter(event_id__in=wanted).values_list("event_id", "number"))
    missing = [each for each in batch if each.event_id not in present]
    new = [
        _build_copy(each, source, target, number, by)
        for number, each in enumerate(missing, next_number(target.evidence))
    ]
    add_evidence(target, new)
    EvidenceTag.objects.bulk_create(
        EvidenceTag(evidence=copy, name=tag.name)
        for each, copy in zip(missing, new, strict=True)
        for tag in each.tags.all()
    )
    present |= {copy.event_id: copy.number for copy in new}
    copied.numbers |= {each.number: present[each.event_id] for each in batch}
    copied.origins += [
        (copy.pk, f"from {source.outward_name} {each.label}") for each, copy in zip(missing, new, strict=True)
    ]
    copied.labels += [f"{copy.event_id}={copy.digest}" for copy in new[: 40 - len(copied.labels)]]


def _build_copy(evidence: Evidence, source: Case, target: Case, number: int, by: User) -> Evidence:
    """The same event in another case: its reason says where it was pinned before, and by whom."""
    origin = f"From {source.outward_name} {evidence.label}, pinned there by {evidence.pinned_by_name}"
    return Evidence(
        case=target,
        number=number,
        event_id=evidence.event_id,
        event_index=evidence.event_index,
        event_timestamp=evidence.event_timestamp,
        event_place=evidence.event_place,
        frozen=evidence.frozen,
        digest=evidence.digest,
        leaf=evidence.leaf,
        reason=f"{origin}: {evidence.reason}",
        search=evidence.search,
        relevance=evidence.relevance,
        pinned_by=by,
        pinned_by_name=by.name or by.username,
    )
