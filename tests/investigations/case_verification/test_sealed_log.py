"""What a verification says of the sealed log: of one that grows meanwhile, and of one that was not asked."""

from collections.abc import Callable

import pytest

from accounts.models import User
from investigations.case_verification.comparison import EvidenceComparison
from investigations.evidence.custody import Action
from investigations.models import Case, CustodyEntry, Evidence
from investigations.proofs import services as proofs
from tests.investigations.case_verification.test_services import verify
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from trail.connection import Trail

Seal = Callable[[], object]


@pytest.mark.parametrize("is_noted", [True, False])
def test_what_is_sealed_after_the_log_was_opened_is_compared_with_the_log_as_it_is_now(
    case: Case, alice: User, trail: Trail, seal: Seal, is_noted: bool
) -> None:
    seal()
    pin(trail, case, alice, use("t", id="e"))
    comparison = EvidenceComparison()
    seal()
    if is_noted:
        proofs.note_leaves()
    (check,) = comparison.compare(list(Evidence.objects.all()))
    assert (check.differences, check.is_sealed, comparison.log_problem) == ({}, True, "")


def test_a_leaf_beyond_the_newest_checkpoint_differs(case: Case, alice: User, trail: Trail, seal: Seal) -> None:
    (copy,) = pin(trail, case, alice, use("t", id="e"))
    seal()
    Evidence.objects.filter(pk=copy.pk).update(leaf=1_000)
    (difference,) = verify(case, alice).differences
    assert difference["what"] == "it was sealed as leaf 1,000, and the sealed log ends before that"


def test_where_the_log_was_not_asked_custody_does_not_speak_for_it(case: Case, alice: User, trail: Trail) -> None:
    pin(trail, case, alice, use("t", id="e"))
    verification = verify(case, alice)
    assert verification.log_problem
    assert verification.unsealed == 0
    entry = CustodyEntry.objects.get(action=Action.VERIFY)
    assert entry.detail == "intact; the sealed log was not asked"
