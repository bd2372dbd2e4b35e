"""An identifier is a link to its page, whatever a writer called it."""

import pytest

from investigations.presentation.links import NOTHING, build_icon, build_link

EVIL = '"><script>alert(1)</script>\u202e'


@pytest.mark.parametrize("field", ["user.id", "source.ip", "event.action"])
def test_a_hostile_value_is_text_and_its_invisible_characters_are_spelled_out(field: str) -> None:
    link = build_link(field, EVIL, icon=True)
    assert "<script" not in link
    assert "\u202e" not in link
    assert "⟨U+202E⟩" in link
    assert link.count('"') % 2 == 0


def test_an_identifier_leads_to_its_page_and_another_value_nowhere() -> None:
    assert 'href="/users/ann/"' in build_link("user.id", "ann")
    assert 'href="/tokens/t-1/"' in build_link("token.id", "t-1")
    assert "href" not in build_link("event.action", "token.issue")
    assert build_link("user.id", None) == build_link("user.id", "") == NOTHING


def test_a_long_value_is_cut_where_it_is_shown_and_whole_in_its_title() -> None:
    link = build_link("user.id", "u" * 150)
    assert f"<bdi>{'u' * 59}…</bdi>" in link
    assert f'title="{"u" * 150}"' in link


def test_a_value_too_long_for_an_address_is_not_linked_and_not_kept_in_memory() -> None:
    assert "href" not in build_link("user.id", "u" * 50_000)
    assert len(build_link("user.id", "u" * 50_000)) < 3_000


def test_the_icon_is_that_of_the_kind_and_nothing_for_what_has_none() -> None:
    assert "#i-k-address" in build_icon("source.ip")
    assert build_icon("event.action") == ""
