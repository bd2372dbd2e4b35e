"""What each role may do, as one table."""

import re

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template

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


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("rule", ["search", "investigate", "read_rejected", "curate"])
def test_a_template_asks_the_same_rules(role: Role, rule: str) -> None:
    user = User(role=role)
    shown = Template("{% load roles %}{% if user|may:rule %}yes{% endif %}").render(
        Context({"user": user, "rule": rule})
    )
    assert shown == ("yes" if getattr(roles, f"may_{rule}")(user) else "")


def test_a_template_lets_nobody_do_anything_who_has_not_signed_in() -> None:
    assert Template('{% load roles %}{{ user|may:"search" }}').render(Context({"user": AnonymousUser()})) == "False"


def test_no_template_decides_by_a_persons_role_itself() -> None:
    pages = (settings.BASE_DIR / "templates").rglob("*.html")
    assert [page.name for page in pages if re.search(r"user\.role\b", page.read_text())] == []
