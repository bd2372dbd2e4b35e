from datetime import UTC, datetime

from investigations.presentation.first_seen import build_badges, build_filters, describe_coverage
from trail.pairs import PAIRS
from trail.search.bodies.first_seen import FirstSeen, FirstSeenCoverage
from trail.search.spec import Filter, Search

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def test_an_event_has_one_mark_for_its_user_and_one_for_its_token() -> None:
    assert [mark.label for mark in build_badges([one.name for one in PAIRS])] == [
        "user: new address, client",
        "token: new address, service",
    ]
    (badge,) = build_badges(["token_service"])
    assert badge.label == "token: new service"
    assert "at this service" in badge.help
    assert build_badges([]) == build_badges(["what an older console found"]) == ()


def test_only_firsts_that_there_are_and_those_asked_for_are_offered() -> None:
    chip = Filter("novelty", ("user_client",))
    found = build_filters(
        FirstSeen({}, {"user_address": 3}, FirstSeenCoverage(None)),
        6,
        Search(filters=(chip,)),
        lambda one: str(one.to_query()),
    )
    assert [(filter.badge.label, filter.count, filter.share, filter.active) for filter in found] == [
        ("user: new address", 3, 50, False),
        ("user: new client", 0, 0, True),
    ]
    assert found[0].url == "{'f': ['novelty:user_client', 'novelty:user_address']}"
    assert found[1].url == "{}"


def test_a_page_says_how_far_marks_go_where_that_is_not_to_the_present() -> None:
    assert describe_coverage(FirstSeenCoverage("2026-11-24T11:59:50+00:00"), NOW) == ""
    assert "had arrived by 2026-11-24T11:00:00Z" in describe_coverage(
        FirstSeenCoverage("2026-11-24T11:00:00+00:00"), NOW
    )
    assert "not known yet" in describe_coverage(FirstSeenCoverage(None), NOW)
