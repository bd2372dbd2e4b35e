"""What each role may do, as one table."""

import pytest

from accounts import roles
from accounts.models import User
from accounts.roles import DUTIES, Role

#             search, investigate, every case, curate
MAY = {
    Role.VIEWER: (True, False, False, False),
    Role.ANALYST: (True, True, False, False),
    Role.LEAD: (True, True, True, False),
    Role.ADMIN: (True, True, False, True),
}


def _may(user: User) -> tuple[bool, ...]:
    checks = (roles.may_search, roles.may_investigate, roles.sees_every_case, roles.may_curate)
    return tuple(check(user) for check in checks)


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_the_table_says(role: Role) -> None:
    assert _may(User(role=role)) == MAY[role]


@pytest.mark.parametrize("role", [*Role, "king"])
def test_who_is_shut_out_or_has_no_role_may_nothing(role: str) -> None:
    assert _may(User(role=role, is_active=role == "king")) == (False,) * 4


@pytest.mark.parametrize(
    ("permission", "may"),
    [
        ("accounts.add_user", True),
        ("accounts.delete_user", False),
        ("investigations.change_savedquery", True),
        ("investigations.delete_savedquery", False),
        ("investigations.view_case", False),
        ("investigations.view_evidence", False),
        ("auth.add_group", False),
        ("account.view_emailaddress", False),
        ("nonsense", False),
    ],
)
def test_the_admin_reaches_people_and_the_library_alone(permission: str, may: bool) -> None:
    assert User(role=Role.ADMIN).has_perm(permission) is may
    assert not User(role=Role.LEAD).has_perm(permission)
    assert not User(role=Role.ADMIN, is_active=False).has_perm(permission)


def test_every_role_has_duties_to_read() -> None:
    assert DUTIES.keys() == set(Role)
