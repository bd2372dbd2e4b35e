"""Who is named in a note is told."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case, Mention
from investigations.notes import services as notes
from investigations.notices.services import count_new_notices, list_notices


def test_who_is_named_is_told_once_and_led_to_the_note(client: Client, case: Case, alice: User, bob: User) -> None:
    note = notes.write_note(case=case, text="@Bob, please look; bob@example.org is no mention", by=alice)
    notes.edit_note(note=note, text="@bob, please look soon", version=1, by=alice)
    (notice,) = list_notices(bob)
    assert notice.words == f"Alice named you in a note of {case.number}, {case.title}"
    assert count_new_notices(bob) == 1
    client.force_login(bob)
    shown = client.get(notice.url)
    assertContains(shown, f'id="{notice.url.partition("#")[2]}"')
    assertContains(shown, '<span class="mention">@bob</span>')
    assert list_notices(alice) == []


def test_strangers_are_not_told_and_who_left_hears_no_more(case: Case, alice: User, bob: User, charlie: User) -> None:
    notes.write_note(case=case, text="@charlie @bob @alice @nobody", by=alice)
    assert [mention.user for mention in Mention.objects.all()] == [bob]
    assert list_notices(charlie) == []
    cases.remove_member(case=case, user=bob, by=alice)
    assert list_notices(bob) == []


def test_the_bell_shows_it(client: Client, case: Case, alice: User, bob: User) -> None:
    client.force_login(bob)
    assertNotContains(client.get("/notices/"), case.number)
    notes.write_note(case=case, text="@bob", by=alice)
    assertContains(client.get("/notices/"), f"named you in a note of {case.number}")
