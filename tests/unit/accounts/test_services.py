"""Changes of people."""

import pytest
from django.core.exceptions import ValidationError

from accounts import services
from accounts.errors import Refused
from accounts.models import FirstAdminLink, User
from accounts.roles import Role


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


def test_roles_change_and_people_are_shut_out(alice: User, ada: User) -> None:
    services.set_role(user=alice, role=Role.LEAD, by=ada)
    services.deactivate(user=alice, by=ada)
    alice.refresh_from_db()
    assert (alice.role, alice.is_active) == (Role.LEAD, False)


def test_the_last_admin_stays(ada: User, alice: User) -> None:
    with pytest.raises(Refused, match="ada is the only admin"):
        services.set_role(user=ada, role=Role.LEAD, by=ada)
    with pytest.raises(Refused, match="ada is the only admin"):
        services.deactivate(user=ada, by=ada)
    services.set_role(user=alice, role=Role.ADMIN, by=ada)
    services.deactivate(user=ada, by=alice)
    ada.refresh_from_db()
    assert not ada.is_active


def test_an_admin_who_is_shut_out_does_not_count(ada: User, alice: User) -> None:
    services.set_role(user=alice, role=Role.ADMIN, by=ada)
    services.deactivate(user=alice, by=ada)
    with pytest.raises(Refused):
        services.deactivate(user=ada, by=ada)


def test_a_link_that_was_used_or_made_up_makes_nobody(db: None, quick_passwords: None) -> None:
    token = services.issue_first_admin_link()
    assert token is not None
    with pytest.raises(Refused, match="has been used or is too old"):
        services.claim_first_admin(token="made up", username="eve", password="x", name="")
    services.claim_first_admin(token=token, username="root", password="x", name="")
    with pytest.raises(Refused, match="has been used or is too old"):
        services.claim_first_admin(token=token, username="eve", password="x", name="")
    assert [user.username for user in User.objects.all()] == ["root"]
    assert not FirstAdminLink.objects.exists()
