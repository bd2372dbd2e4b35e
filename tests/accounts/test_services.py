"""Changes of people."""

import pytest
from django.core.exceptions import ValidationError

from accounts import services
from accounts.models import FirstAdminLink, User
from accounts.roles import Role
from core.errors import Refused
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import TrailUnavailable


@pytest.mark.parametrize("username", ["", "a", "-a", ".a", "a b", "a\n", "ä" * 3, "a/b", "x" * 65])
def test_a_username_is_plain_for_it_stands_in_the_trail(db: None, quick_passwords: None, username: str) -> None:
    with pytest.raises(ValidationError):
        services.create_user(username=username, password="x", role=Role.VIEWER)
    assert not User.objects.exists()


def test_a_name_is_taken_in_capitals_too(alice: User) -> None:
    with pytest.raises(Refused, match="There is somebody named ALICE already"):
        services.create_user(username="ALICE", password="x", role=Role.VIEWER)


def test_a_role_that_is_none_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="king"):
        services.create_user(username="arthur", password="x", role="king")


def test_somebody_is_found_by_their_name_in_any_case(alice: User) -> None:
    assert User.objects.get_by_natural_key("AlIcE") == alice


def _change(person: User, by: User, **values: object) -> None:
    for name, value in values.items():
        setattr(person, name, value)
    services.save_person(person=person, by=by)


def test_roles_change_and_people_are_shut_out_on_record(trail: Trail, alice: User, ada: User) -> None:
    _change(alice, ada, role=Role.LEAD, email="alice@example.org")
    _change(alice, ada, is_active=False)
    alice.refresh_from_db()
    assert (alice.role, alice.is_active) == (Role.LEAD, False)
    first, second = audit_log(trail, "user.change")
    assert (first["user"]["id"], first["resource"]["id"]) == ("ada", "alice")
    assert (first["labels"]["changed"], first["labels"]["role"]) == ("email,role", "analyst → lead")
    assert (second["labels"]["changed"], second["labels"]["active"]) == ("is_active", "true → false")
    assert "alice@example.org" not in str([first, second])


def test_a_change_that_cannot_be_put_on_record_does_not_happen(alice: User, ada: User, no_trail: None) -> None:
    with pytest.raises(TrailUnavailable):
        _change(alice, ada, role=Role.ADMIN)
    assert User.objects.get(pk=alice.pk).role == Role.ANALYST


def test_the_last_admin_stays(trail: Trail, ada: User, alice: User) -> None:
    for wrong in ({"role": Role.LEAD}, {"is_active": False}):
        with pytest.raises(Refused, match="ada is the only admin"):
            _change(User.objects.get(pk=ada.pk), ada, **wrong)
    _change(alice, ada, role=Role.ADMIN)
    _change(ada, alice, is_active=False)
    assert not User.objects.get(pk=ada.pk).is_active


def test_an_admin_who_is_shut_out_does_not_count(trail: Trail, ada: User, alice: User) -> None:
    _change(alice, ada, role=Role.ADMIN)
    _change(alice, ada, is_active=False)
    with pytest.raises(Refused):
        _change(ada, ada, is_active=False)


def test_a_link_that_was_used_or_made_up_makes_nobody(trail: Trail, db: None, quick_passwords: None) -> None:
    token = services.issue_first_admin_link()
    assert token is not None
    with pytest.raises(Refused, match="has been used or is too old"):
        services.claim_first_admin(token="made up", username="eve", password="x", name="")
    services.claim_first_admin(token=token, username="root", password="x", name="")
    with pytest.raises(Refused, match="has been used or is too old"):
        services.claim_first_admin(token=token, username="eve", password="x", name="")
    assert [user.username for user in User.objects.all()] == ["root"]
    assert not FirstAdminLink.objects.exists()
    assert [one["resource"]["id"] for one in audit_log(trail, "user.make")] == ["root"]
