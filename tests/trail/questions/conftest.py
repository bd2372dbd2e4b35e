"""A trail for a whole file: its tests read and never write."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.factories.events import write
from trail.connection import Trail, connect
from trail.mapping import install


@pytest.fixture(scope="module")
def trail_of(node: str) -> Iterator[Callable[..., Trail]]:
    """Makes a trail that holds some events."""
    made: list[Trail] = []

    def make(*documents: dict[str, Any]) -> Trail:
        own = connect(node, prefix=f"t-{uuid.uuid4().hex[:8]}")
        install(own)
        made.append(own)
        write(own, *documents)
        return own

    yield make
    for own in made:
        own.client.indices.delete(index=list(own.client.indices.get(index=f"{own.prefix}-events-*")))
        own.client.indices.delete_index_template(name=f"{own.prefix}-events")
        own.client.close()
