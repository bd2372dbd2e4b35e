"""A trail for a whole file: its tests read and never write."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.factories.events import write
from tests.support.trails import Trails
from trail.connection import Trail


@pytest.fixture(scope="module")
def trail_of(trails_of_session: Trails) -> Iterator[Callable[..., Trail]]:
    """Makes a trail that holds some events."""
    made: list[Trail] = []

    def make(*documents: dict[str, Any]) -> Trail:
        own = trails_of_session.take()
        made.append(own)
        write(own, *documents)
        return own

    yield make
    for own in made:
        trails_of_session.give_back(own)
