"""What the console asks of the sealed log for evidence."""

from collections.abc import Callable

from accounts.models import User
from investigations.evidence import services as evidence
from investigations.models import Evidence
from investigations.proofs import services as proofs
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import use
from trail.connection import Trail


def test_evidence_that_never_gets_a_leaf_holds_up_no_other(
    trail: Trail, alice: User, seal: Callable[[], object]
) -> None:
    """What was lost, or written past the log, is pinned and stays without a leaf, newer or older than what is sealed."""
    case = open_case(alice)
    pinned = pin(trail, case, alice, *(use("t", id=f"e{number}") for number in range(7)))
    for copy in pinned[:3] + pinned[4:]:
        Evidence.objects.filter(pk=copy.pk).update(event_id=f"gone-{copy.number}")
    seal()
    assert proofs.note_leaves(at_once=2) == 1
    leaves = {copy.label: copy.leaf is not None for copy in evidence.stream_timeline(case)}
    assert leaves == {label: label == "E4" for label in ("E1", "E2", "E3", "E4", "E5", "E6", "E7")}
