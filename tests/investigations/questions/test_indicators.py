"""Many indicators at once: pasted or uploaded, on record without their content, as a page and as files."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.questions.forms import MOST_BYTES
from tests.support.factories.events import use, write
from tests.support.factories.incidents import Kind, incident
from tests.support.pages import at_sign_in, audit_log, bytes_of
from trail.connection import Trail
from trail.questions.indicator_list import parse_indicators

PAGE = "/indicators/"
SECRET = "fm2_lJPECAAAAAAAAAAAxBAAAAAAAAAAAAAAAAAAAAAA"
LIST = "indicator,note\nt-1,x\n192.0.2.0/24\nnobody\n=cmd|1\n999.1.1.1\nt-1\n"


@pytest.fixture
def answer(client: Client, alice: User, trail: Trail) -> str:
    """The address of an answer: three uses of t-1, one refused."""
    write(trail, use("t-1"), use("t-1", event__outcome="failure"), use("t-1", source__ip="198.51.100.1"))
    client.force_login(alice)
    return client.post(PAGE, {"indicators": LIST}).url


def test_a_pasted_list_says_what_was_seen_and_what_never(client: Client, answer: str) -> None:
    response = client.get(answer)
    assertContains(response, "2 of 4 indicators seen")
    assertContains(response, "2 never")
    assertContains(response, "1 duplicate folded")
    assertContains(response, "Line 6: It is neither an address nor a network")
    assertContains(response, "f=token.id%3At-1")
    assertContains(response, "f=source.ip%28network%29%3A192.0.2.0%2F24")
    assertContains(response, "Whole trail")
    assert response.content.decode().count("never seen") == 2


def test_it_is_on_record_by_number_and_digest_and_never_by_content(
    client: Client, answer: str, trail: Trail, alice: User
) -> None:
    client.get(f"{answer}file/")
    (asked,) = audit_log(trail, "indicators.ask")
    digest = parse_indicators(LIST).digest()
    assert (asked["user"]["id"], asked["labels"]) == ("alice", {"count": "4", "sha256": digest})
    (taken,) = audit_log(trail, "indicators.download")
    assert taken["resource"]["id"] == digest
    assert "nobody" not in str(asked) + str(taken)


def test_an_uploaded_list_is_added_to_what_is_pasted(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    file = SimpleUploadedFile("list.csv", "\ufeffzoë;x\nt-2\n".encode())
    assertContains(client.post(PAGE, {"indicators": "t-1", "file": file}, follow=True), "0 of 3 indicators seen")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"indicators": " \n#\n"}, "There is nothing in the list"),
        ({"indicators": "\n".join(map(str, range(10_001)))}, "There are 10,001 indicators, and at most 10,000"),
        ({"indicators": "x" * (MOST_BYTES + 1)}, "longer than 2,000,000 characters"),
        ({"file": b"\xff\xfea\x00"}, "no text in UTF-8"),
        ({"file": b"x\n" * (MOST_BYTES // 2 + 1)}, "longer than 2,000,000 bytes"),
        ({"file": b"x\n" * 2_000_000}, "longer than 2,000,000 bytes"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_what_cannot_be_taken_is_said(client: Client, alice: User, sent: dict[str, object], said: str) -> None:
    client.force_login(alice)
    if "file" in sent:
        sent = {"file": SimpleUploadedFile("list.txt", bytes(sent["file"]))}  # type: ignore[call-overload]
    assertContains(client.post(PAGE, sent), said, status_code=400)


def test_a_list_with_a_secret_is_refused_by_line_and_the_rest_of_it_comes_back(
    client: Client, alice: User, trail: Trail, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(alice)
    response = client.post(PAGE, {"indicators": f"t-1\n{SECRET}\nt-2"})
    assertContains(response, "Line 2 looks like tokens", status_code=400)
    assertContains(response, "t-1\n# removed: it looks like a token itself\nt-2", status_code=400)
    uploaded = client.post(PAGE, {"file": SimpleUploadedFile("list.txt", SECRET.encode())})
    for one in (response, uploaded):
        assertNotContains(one, "fm2_", status_code=400)
    assert "fm2_" not in caplog.text
    assert not audit_log(trail, "indicators.ask")


def test_rows_are_filtered_sorted_and_never_all_at_once(client: Client, alice: User, trail: Trail) -> None:
    write(trail, *(use("t-7") for _ in range(3)), use("t-9", at="2026-12-01T00:00:00Z", event__outcome="failure"))
    client.force_login(alice)
    address = client.post(PAGE, {"indicators": "\n".join(f"t-{number}" for number in range(450))}).url

    def shown(query: str) -> list[str]:
        return [row.indicator.value for row, _ in client.get(f"{address}?{query}").context["rows"]]

    assert (len(shown("")), len(shown("page=3")), shown("page=3")[0]) == (200, 50, "t-400")
    assert shown("show=seen&sort=events") == ["t-7", "t-9"]
    assert shown("show=seen&sort=failures") == ["t-9", "t-7"]
    assert shown("show=failed") == ["t-9"]
    assert shown("sort=last")[:2] == ["t-9", "t-7"]
    assert shown("show=never&containing=T-44") == ["t-44", *(f"t-44{n}" for n in range(10))]
    assert len(shown("show=nonsense&sort=nonsense&page=nonsense")) == 200
    assertContains(client.get(f"{address}?show=never"), "show=never&amp;page=2")


def test_both_files_hold_every_row_with_what_was_searched(client: Client, answer: str) -> None:
    incident(Kind.GAP, "billing")
    text = bytes_of(client.get(f"{answer}file/?format=csv")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["indicator"], row["field"], row["events"], row["failures"]) for row in rows] == [
        ("t-1", "token.id", "3", "1"),
        ("192.0.2.0/24", "source.ip", "2", "1"),
        ("nobody", "", "0", "0"),
        ("'=cmd|1", "", "0", "0"),
    ]
    assert {row["provisional"] for row in rows} == {"no"}  # it was asked before anything was in doubt
    told = json.loads(bytes_of(client.get(f"{answer}file/?format=json")))
    assert (told["never"], told["coverage"]["whole"], told["problems"][0]["line"]) == (2, True, 6)
    assert told["answers"][0]["seen"][0]["field"] == "token.id"


def test_an_answer_is_its_askers_alone(client: Client, answer: str, bob: User) -> None:
    client.force_login(bob)
    for address in (answer, f"{answer}file/", f"{PAGE}nosuchthing/"):
        assert client.get(address).status_code == 404
    client.logout()
    assert at_sign_in(client.get(answer))


def test_an_outage_loses_nothing_that_was_typed(client: Client, alice: User, trail: Trail, settings: Settings) -> None:
    client.force_login(alice)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    response = client.post(PAGE, {"indicators": "t-1\nt-2"})
    assertContains(response, "t-1\nt-2", status_code=503)
    assertContains(response, "does not answer", status_code=503)
