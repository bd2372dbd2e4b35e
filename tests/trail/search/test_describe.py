"""A search in words: what is asked, and nothing of what is not."""

import pytest

from trail.search.describe import describe_range, describe_search
from trail.search.spec import Filter, Search


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (Search(), "any event"),
        (Search(text=" user.id:$who ", parameters=(("who", ("ann", "bob")),)), "user.id:$who (who: ann, bob)"),
        (Search(filters=(Filter("user.id", ("ann", "bob")),)), "user.id: ann or bob"),
        (
            Search(text="x", filters=(Filter("user.id", (), operator="exists", negated=True),)),
            "x; not user.id: is there",
        ),
        (Search(filters=(Filter("source.ip", ("10.0.0.0/8",), operator="network"),)), "source.ip: in 10.0.0.0/8"),
        (Search(filters=(Filter("event.sequence", ("3", ""), operator="between"),)), "event.sequence: 3 to any"),
        (Search(filters=(Filter("user.id", ("ann",), disabled=True),)), "any event"),
    ],
)
def test_a_search_is_said_as_people_would(search: Search, said: str) -> None:
    assert describe_search(search) == said


def test_a_range_is_said_by_the_ends_it_has() -> None:
    assert [
        describe_range("a", "b"),
        describe_range("a", None),
        describe_range(None, "b"),
        describe_range(None, None),
    ] == [
        "from a to b",
        "since a",
        "before b",
        "at any time",
    ]
