"""A trail with events enough to read in pages."""

import pytest

from tests.support.factories.events import event, write
from trail.connection import Trail


@pytest.fixture
def full(trail: Trail) -> Trail:
    """500 events over three months, many at the same nanosecond."""
    write(
        trail,
        *(
            event(
                id=f"e{n:03d}",
                at=f"2026-{9 + n % 3:02d}-01T00:00:00.{n // 50:09d}Z",
                user__id=f"u{n % 7}",
                event__outcome="failure" if n % 5 == 0 else "success",
                event__sequence=n,
            )
            for n in range(500)
        ),
    )
    return trail
