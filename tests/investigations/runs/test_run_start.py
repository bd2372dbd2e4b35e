"""Starting a search in the background."""

import pytest
import redis
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case, Run
from investigations.runs import services as runs
from tests.support.factories.cases import close_case, saved_query
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

PAGE = "/runs/start/"


def test_it_queues_the_search_of_the_page_for_a_worker(
    client: Client,
    alice: User,
    trail: Trail,
    redis_url: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(alice)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(PAGE, {"q": "user.id:$who", "p.who": ["mallory", "eve"], "f": "event.outcome:failure"})
    run = Run.objects.get()
    assertRedirects(response, f"/runs/{run.public_id}/")
    assert (run.title, run.started_by, run.state, run.case) == ("user.id:$who", alice, "queued", None)
    assert run.search["p.who"] == ["mallory", "eve"]
    with redis.Redis.from_url(redis_url) as queue:
        assert queue.llen("runs") == 1


def test_its_search_is_fixed_to_the_moment(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e1"))
    client.force_login(alice)
    client.post(PAGE, {"q": "token.id:t", "from": "now-50y"})
    write(trail, use("t", id="late"))
    run = Run.objects.get()
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done) == ("finished", 1)
    assert "now" not in str(run.search)


def test_it_is_on_record_with_what_was_asked(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.post(PAGE, {"q": "user.id:mallory"})
    (recorded,) = audit_log(trail, "run.start")
    assert recorded["resource"] == {"type": "run", "id": Run.objects.get().public_id}
    assert "q=user.id:mallory" in recorded["labels"]["search"]


def test_a_long_query_in_any_script_is_on_record_as_far_as_a_label_goes(
    client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    assert client.post(PAGE, {"q": "user.id:" + "漢" * 5_000}).status_code == 302
    (recorded,) = audit_log(trail, "run.start")
    assert "漢" * 2_000 in recorded["labels"]["search"]


def test_in_a_case_it_is_the_cases(client: Client, case: Case, bob: User, trail: Trail) -> None:
    client.force_login(bob)
    client.post(PAGE, {"q": "user.id:mallory", "case": case.public_id})
    assert Run.objects.get().case == case
    assert case.activities.first().summary == "started a background search"
    (recorded,) = audit_log(trail, "run.start")
    assert recorded["resource"] == {"type": "case", "id": case.public_id}


def test_it_remembers_the_saved_query_and_its_version(client: Client, alice: User, trail: Trail) -> None:
    query = saved_query("failures", "event.outcome:failure", name="All failures")
    client.force_login(alice)
    client.post(PAGE, {"q": "event.outcome:failure", "query": "failures", "v": "1"})
    run = Run.objects.get()
    assert (run.version, run.title) == (query.current, "All failures")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"q": "user.id:"}, "is followed by nothing"),
        ({"q": "user.id:$who"}, "$who has no value; fill it in."),
        ({"q": "source.ip:house"}, "holds addresses"),
        ({"q": "mallory", "from": "yesterday"}, "is not a time"),
        ({"q": "fm2_" + "lJPECAAAAAAAAbcd" * 4}, "treat the token as leaked"),
        ({"q": "mallory", "v": "²", "sort": "x:asc"}, "cannot be sorted"),
    ],
)
def test_what_cannot_be_run_is_said_where_it_was_typed(
    client: Client, alice: User, trail: Trail, words: dict[str, str], sentence: str
) -> None:
    client.force_login(alice)
    response = client.post(PAGE, words)
    assertContains(response, sentence, status_code=400)
    assertContains(response, f">{words['q']}</textarea>", status_code=400)
    assertContains(response, "Run in background", status_code=400)
    assert not Run.objects.exists()
    assert audit_log(trail) == []


def test_a_closed_case_takes_no_run(client: Client, case: Case, alice: User) -> None:
    close_case(case, alice)
    client.force_login(alice)
    response = client.post(PAGE, {"q": "mallory", "case": case.public_id})
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assert not Run.objects.exists()


def test_a_trail_that_is_down_starts_nothing(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(PAGE, {"q": "mallory"}), "Nothing was changed.", status_code=503)
    assert not Run.objects.exists()


def test_in_a_case_a_stranger_gets_404_and_a_reader_403(
    client: Client, case: Case, alice: User, charlie: User, trail: Trail
) -> None:
    client.force_login(charlie)
    assert client.post(PAGE, {"q": "x", "case": case.public_id}).status_code == 404
    cases.add_member(case=case, user=charlie, level="reader", by=alice)
    assert client.post(PAGE, {"q": "x", "case": case.public_id}).status_code == 403
    assert not Run.objects.exists()


def test_a_viewer_gets_403(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assert client.post(PAGE, {"q": "x"}).status_code == 403
    assert not Run.objects.exists()


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.post(PAGE, {"q": "x"}))


def test_a_link_does_not_do_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    assertRedirects(client.get(PAGE, {"q": "x"}), "/runs/")
    assert not Run.objects.exists()


def test_a_run_of_filters_alone_is_named_by_them(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.post(PAGE, {"f": ["user.id:mallory", "-event.outcome:success"]})
    assert Run.objects.get().title == "user.id: mallory; not event.outcome: success"


def test_a_run_of_everything_is_named_so(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.post(PAGE, {"from": "now-1h"})
    assert Run.objects.get().title == "All events"
