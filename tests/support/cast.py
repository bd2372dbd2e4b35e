"""The people of every test: alice leads the case, bob is a member, rae reads only, charlie is a stranger, lea leads
everything, ada is admin."""

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user

PASSWORD = "correct horse battery"


@pytest.fixture
def quick_passwords(settings: Settings) -> None:
    """Making a person takes a moment, not the third of a second that an attacker is to be held up for."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def _person(username: str, role: Role) -> User:
    return create_user(username=username, password=PASSWORD, role=role, name=username.capitalize())


@pytest.fixture
def alice(db: None, quick_passwords: None) -> User:
    return _person("alice", Role.ANALYST)


@pytest.fixture
def bob(db: None, quick_passwords: None) -> User:
    return _person("bob", Role.ANALYST)


@pytest.fixture
def rae(db: None, quick_passwords: None) -> User:
    return _person("rae", Role.VIEWER)


@pytest.fixture
def charlie(db: None, quick_passwords: None) -> User:
    return _person("charlie", Role.ANALYST)


@pytest.fixture
def lea(db: None, quick_passwords: None) -> User:
    return _person("lea", Role.LEAD)


@pytest.fixture
def ada(db: None, quick_passwords: None) -> User:
    return _person("ada", Role.ADMIN)
