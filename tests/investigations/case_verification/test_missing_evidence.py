"""Evidence that was deleted from the database is named by its number, however much it is."""

import pytest
from django.db import connection
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.case_verification import services as case_verification
from investigations.models import Case, CaseVerification, CustodyEntry, Evidence, EvidenceFact
from tests.investigations.case_verification.test_services import named, pinned, verify
from trail.connection import Trail

__all__ = ["pinned"]


def delete(*numbers: int) -> None:
    """As who has the database does it."""
    keys = list(Evidence.objects.filter(number__in=numbers).values_list("pk", flat=True))
    CustodyEntry.objects.filter(evidence__in=keys)._raw_delete(connection.alias)
    EvidenceFact.objects.filter(evidence__in=keys)._raw_delete(connection.alias)
    Evidence.objects.filter(pk__in=keys)._raw_delete(connection.alias)


def test_each_number_that_no_evidence_has_is_named_and_counts(
    client: Client, case: Case, alice: User, pinned: list[Evidence]
) -> None:
    delete(1, 3)
    verification = verify(case, alice)
    assert named(verification) == [(1, "missing"), (3, "missing")]
    assert (verification.done, verification.total, verification.differing, verification.intact) == (4, 4, 2, 2)
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/custody/")
    assertContains(page, "E3: the case no longer has the evidence that was given this number.")
    assertNotContains(page, f"/cases/{case.public_id}/evidence/3/")


def test_a_gap_between_two_batches_is_named_with_the_rest_in_their_order(
    case: Case, alice: User, pinned: list[Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_verification, "AT_ONCE", 1)
    Evidence.objects.filter(pk=pinned[1].pk).update(frozen=b"\x00")
    delete(3)
    assert named(verify(case, alice)) == [(2, "copy"), (3, "missing")]


def test_a_number_that_was_forged_names_no_more_than_the_list_holds(
    case: Case, alice: User, pinned: list[Evidence], trail: Trail
) -> None:
    Evidence.objects.filter(pk=pinned[3].pk).update(number=2_000_000_000)
    verification = verify(case, alice)
    assert (len(verification.differences), verification.intact) == (CaseVerification.MOST_NAMED, 4)
    assert verification.unnamed == 2_000_000_000 - 4 - CaseVerification.MOST_NAMED
