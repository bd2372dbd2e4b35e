"""What tests of writing over HTTP share: a key, and a web process that has just begun."""

import pytest

from accounts.models import User
from operations.ingest import limits, outcomes
from operations.models import WriterKey
from tests.support.factories.keys import bearer, writer_key
from trail.connection import Trail


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process remembers how much each key has sent, and whether the engine was well."""
    monkeypatch.setattr(limits, "rate_limit", limits.RateLimit())
    monkeypatch.setattr(outcomes._Engine, "well", False)


@pytest.fixture
def new_key(trail: Trail, ada: User) -> tuple[WriterKey, str]:
    return writer_key(ada)


@pytest.fixture
def key(new_key: tuple[WriterKey, str]) -> WriterKey:
    return new_key[0]


@pytest.fixture
def headers(new_key: tuple[WriterKey, str]) -> dict[str, str]:
    return bearer(new_key[1])
