"""What tests of writing over HTTP share: a key, and a web process that has just begun."""

import pytest

from accounts.models import User
from operations.ingest import limits, writing
from operations.models import WriterKey
from tests.factories.keys import bearer, writer_key
from trail.connection import Trail


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process remembers how much each key has sent, and whether the engine was well."""
    monkeypatch.setattr(limits, "rate", limits.Rate())
    monkeypatch.setattr(writing._Engine, "well", False)


@pytest.fixture
def made(trail: Trail, ada: User) -> tuple[WriterKey, str]:
    return writer_key(ada)


@pytest.fixture
def key(made: tuple[WriterKey, str]) -> WriterKey:
    return made[0]


@pytest.fixture
def headers(made: tuple[WriterKey, str]) -> dict[str, str]:
    return bearer(made[1])
