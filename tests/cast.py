"""The people of every test: alice leads the case, bob is a member, rae reads only, charlie is a stranger, lea leads
everything, ada is admin."""

import pytest

from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user

PASSWORD = "correct horse battery"


def _person(username: str, role: Role) -> User:
    return create_user(username=username, password=PASSWORD, role=role, name=username.capitalize())


@pytest.fixture
def alice(db: None) -> User:
    return _person("alice", Role.ANALYST)


@pytest.fixture
def bob(db: None) -> User:
    return _person("bob", Role.ANALYST)


@pytest.fixture
def rae(db: None) -> User:
    return _person("rae", Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    return _person("charlie", Role.ANALYST)


@pytest.fixture
def lea(db: None) -> User:
    return _person("lea", Role.LEAD)


@pytest.fixture
def ada(db: None) -> User:
    return _person("ada", Role.ADMIN)
