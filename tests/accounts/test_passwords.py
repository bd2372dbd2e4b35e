"""No password is made of its person's own names."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User

CHARLIE = User(username="charlie", name="Charlie Brown", email="cb@peanuts.example")


@pytest.mark.parametrize(
    "password",
    [
        "charliecharlie",
        "CharlieCharlie!",
        "charlie-charlie-2026",
        "xXcharlieXx1234",
        "Ch4rl13Ch4rl13",
        "brownbrown1234",
        "eilrahceilrahc",
        "charliebrown99",
        "c.h.a.r.l.i.e.charlie",
    ],
)
def test_a_name_doubled_turned_or_decorated_is_no_password(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, CHARLIE)


@pytest.mark.parametrize("password", ["correct horse battery", "charlie rides a purple bicycle", "7f3a9c1e5b2d8f60"])
def test_what_has_enough_of_its_own_is_one(password: str) -> None:
    validate_password(password, CHARLIE)
