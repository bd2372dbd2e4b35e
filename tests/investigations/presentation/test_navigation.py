"""The navigation of every page: who sees which links, which is current, and where work waits."""

from accounts.models import User
from investigations.presentation.navigation import ITEMS, Waiting, build_navigation


def _labels(user: User) -> list[str]:
    return [link.item.label for _, links in build_navigation(user, "", {}) for link in links]


def test_a_viewer_sees_no_link_to_what_only_investigators_may_do(rae: User, alice: User, ada: User) -> None:
    assert {"Runs", "Exports", "Findings"}.isdisjoint(_labels(rae))
    assert {"Runs", "Exports", "Findings"} <= set(_labels(alice))
    assert {"Sources", "Administration"}.isdisjoint(_labels(alice))
    assert {"Sources", "Administration"} <= set(_labels(ada))


def test_a_group_of_which_somebody_sees_no_link_is_left_out(alice: User, ada: User) -> None:
    assert "Admin" not in dict(build_navigation(alice, "", {}))
    assert "Admin" in dict(build_navigation(ada, "", {}))


def test_the_page_of_a_thing_stands_under_the_list_that_it_is_of(alice: User) -> None:
    where = {
        "evidence_detail": "Cases",
        "token_detail": "Search",
        "finding_detail": "Findings",
        "rejected_list": "Platform health",
    }
    for url_name, label in where.items():
        current = [
            link.item.label for _, links in build_navigation(alice, url_name, {}) for link in links if link.is_current
        ]
        assert current == [label]


def test_a_number_stands_beside_the_link_behind_which_work_waits(alice: User) -> None:
    waiting = {"detection_list": Waiting(6, "new findings", is_urgent=True)}
    links = [link for _, links in build_navigation(alice, "", waiting) for link in links]
    assert [link.item.label for link in links if link.waiting] == ["Findings"]


def test_every_link_has_a_key_of_its_own() -> None:
    keys = [item.key for items in ITEMS.values() for item in items]
    assert len(keys) == len(set(keys))
