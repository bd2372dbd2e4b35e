"""The link that makes the first admin goes to a person at a terminal, and into no file."""

from accounts.models import User
from accounts.services import has_admin
from auditconsole.local.web import describe_sign_in

ADDRESS = "http://127.0.0.1:8400"


def test_a_person_at_the_terminal_is_given_the_link_in_a_line_that_no_log_takes(db: None) -> None:
    said, link = describe_sign_in(ADDRESS, has_terminal=True)
    assert said == "» Make the first admin with this link, which works once:"
    assert link.startswith(f"»» {ADDRESS}/accounts/first-admin/")


def test_where_what_is_said_goes_into_a_file_no_link_is_made(db: None) -> None:
    assert describe_sign_in(ADDRESS, has_terminal=False) == [
        "» There is no admin yet; manage.py first_admin prints a link that makes the first one."
    ]


def test_with_an_admin_there_is_no_link(ada: User) -> None:
    assert has_admin()
    assert describe_sign_in(ADDRESS, has_terminal=True) == ["» Sign in with your account."]
