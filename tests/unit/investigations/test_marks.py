from datetime import UTC, datetime

from investigations.marks import marks, note, offers
from trail.pairing import PAIRINGS
from trail.search.novelty import Covered, Firsts
from trail.search.spec import Filter, Search

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def test_an_event_has_one_mark_for_its_user_and_one_for_its_token() -> None:
    assert [mark.label for mark in marks([one.name for one in PAIRINGS])] == [
        "user: new address, client", "token: new address, service",
    ]  # fmt: skip
    (mark,) = marks(["token_service"])
    assert mark.label == "token: new service"
    assert "at this service" in mark.help
    assert marks([]) == marks(["what an older console found"]) == ()


def test_only_firsts_that_there_are_and_those_asked_for_are_offered() -> None:
    chip = Filter("novelty", ("user_client",))
    found = offers(
        Firsts({}, {"user_address": 3}, Covered(None)), Search(filters=(chip,)), lambda one: str(one.to_query())
    )
    assert [(offer.mark.label, offer.count, offer.active) for offer in found] == [
        ("user: new address", 3, False), ("user: new client", 0, True),
    ]  # fmt: skip
    assert found[0].url == "{'f': ['novelty:user_client', 'novelty:user_address']}"
    assert found[1].url == "{}"


def test_a_page_says_how_far_marks_go_where_that_is_not_to_the_present() -> None:
    assert note(Covered("2026-11-24T11:59:50+00:00"), NOW) == ""
    assert "had arrived by 2026-11-24T11:00:00Z" in note(Covered("2026-11-24T11:00:00+00:00"), NOW)
    assert "not known yet" in note(Covered(None), NOW)
