"""Nothing in an event can run: hostile values in every field, through every page, every export and every command."""

import csv
import io
import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.management import call_command
from django.http import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.http import urlencode
from pytest_django import Settings
from selectolax.lexbor import LexborHTMLParser

from accounts.models import User
from investigations.api.routes import ROUTES
from investigations.attachments import services as attachments
from investigations.evidence import services as evidence
from investigations.exports.formats.csv import lines
from investigations.exports.rows import ExportRow
from investigations.models import (
    Case,
    CaseEntity,
    CaseReport,
    CaseTag,
    CaseTask,
    CaseTemplate,
    CaseVerification,
    ClockSkew,
    CustodyEntry,
    EvidenceTag,
    Hypothesis,
    ManualEvent,
    Note,
    ReportTemplate,
    Verdict,
)
from investigations.questions import indicators
from investigations.reports.content import SECTIONS
from investigations.search import links
from tests.pages.test_every_address import ABOUT, FOR_ADMINS
from tests.support import hostile
from tests.support.factories.cases import (
    accepted_key,
    case_upload,
    export,
    pin_batch,
    redaction_profile,
    run,
    saved_query,
)
from tests.support.factories.incidents import incident, rejected
from tests.support.factories.searches import detection, finding
from tests.support.offline_verifier import verify
from tests.support.pages import bytes_of
from trail.connection import Trail
from trail.errors import InvalidEvent
from trail.events import parse_event
from trail.questions.indicator_list import parse_indicators
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Filter, Search
from trail.writing.writer import write

LET_IN = [one for one in hostile.corpus() if not one.refused]
REFUSED = [one for one in hostile.corpus() if one.refused]
# What changes something, or answers no page: POST alone, or a file that is no page.
NO_PAGES = {
    "evidence_pin_each", "result_set_pin", "evidence_change",
    "case_import_carry_out", "case_import_cancel", "case_import_drop", "foreign_key_revoke", "redaction_retire",
    "case_bulk", "case_work", "case_status", "case_restriction", "attachment_remove", "case_by_number", "task_state", "clock_skew_withdraw", "case_report_template", "evidence_pin", "absence_pin", "run_start", "export_run", "export_case", "case_report_file", "case_verify", "export_cancel", "export_remove",
            "secret_known",
            "writer_rotate", "writer_revoke", "link_make", "link_about", "search_cancel", "search_forget", "search_progress"}  # fmt: skip
NEVER = {"account_logout", "login"}
ADDRESSES = (
    "href",
    "src",
    "action",
    "formaction",
    "poster",
    "data",
    "hx-get",
    "hx-post",
    "hx-push-url",
    "xlink:href",
    "data-url",
)
TAGS = {"script", "iframe", "object", "embed", "base", "style", "img", "svg", "math", "meta", "link", "animate", "form"}
# Text that a person or a program is to take as it is, and that no page draws.
EXACT = {
    "value",
    "href",
    "data-copy",
    "data-event",
    "action",
    "formaction",
    "content",
    "hx-get",
    "hx-post",
    "data-value",
    "placeholder",
}
_HIDDEN = re.compile(
    "[{}]".format(
        "".join(
            re.escape(one)
            for one in map(chr, range(0x110000))
            if unicodedata.category(one) in ("Cc", "Cf") and one not in "\n\t\r"
        )
    )
)
_FORMULA = re.compile("^[\t\r\n]|^ *[=+\\-@＝＋－＠]|[;\t\r\n]\\s*[=+\\-@＝＋－＠]")


def _unseen(text: str) -> list[str]:
    """Characters that no one sees, and those that change what others look like; what lays text out is none."""
    return [f"U+{ord(one):04X}" for one in _HIDDEN.findall(text)]


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one.name)
def test_what_the_schema_does_not_let_in_is_refused_by_the_name_of_its_field(one: hostile.Hostile) -> None:
    for name, words in one.refused.items():
        flat = {
            "@timestamp": "2026-11-02T00:00:00Z",
            "event.id": "e",
            "event.action": "a",
            "event.outcome": "success",
            "event.dataset": "hostile",
            name: {one.value: "x"} if name == "labels" else one.value,
        }
        with pytest.raises(InvalidEvent, match=words) as refused:
            parse_event(hostile.nest(flat))
        assert refused.value.field == name


@pytest.fixture
def events(trail: Trail) -> list[execute.Hit]:
    """Each value in an event of its own, as the trail gives it back."""
    documents = [hostile.event(one, number) for number, one in enumerate(LET_IN)]
    outcomes = write(
        trail, documents, by_console=True
    )  # as somebody does who writes past the console: in signatures too
    assert [(one.status, one.reason) for one in outcomes if one.status != "created"] == []
    trail.client.indices.refresh(index=trail.events)
    search = Search(text="event.dataset:hostile", sort=("@timestamp", "asc"))
    found = [hit for batch in execute.scan(trail, search, WHOLE_TRAIL) for hit in batch.hits]
    assert [hit.document["message"] for hit in found] == [document["message"] for document in documents]
    return found


@pytest.fixture
def seeds(events: list[execute.Hit], case: Case, alice: User, ada: User, seal: Callable[[], object]) -> list[str]:
    """Where to begin: something of every kind with hostile values in it, and every page of an identifier."""
    values = [one.value for one in LET_IN if len(one.value) < 2_000]
    for number in range(0, len(events), 8):
        ids = [hit.event_id for hit in events[number : number + 8]]
        evidence.pin(case=case, event_ids=ids, reason=f"It matters {LET_IN[number].value[:500]}", by=alice)
    Note.objects.create(case=case, text="\n".join(values), author=alice, author_name=values[0])
    for number, value in enumerate(values, 1):
        CaseTask.objects.create(case=case, number=number, title=value[:200], created_by_name=value[:200])
        words = {"statement": value[:300], "answer": value, "created_by_name": value[:200]}
        Hypothesis.objects.create(case=case, number=number, **words)
        words = {
            "title": value[:300],
            "details": value,
            "starts": "2026-03-01T09:00:00Z",
            "place": "2026-03-01T09:00:00.000000000",
        }
        ManualEvent.objects.create(case=case, number=number, created_by=alice, created_by_name=value[:200], **words)
        ClockSkew.objects.create(
            case=case, field="service.name", value=value[:512], offset=1, reason=value[:500], created_by=alice, created_by_name=value[:200]
        )  # fmt: skip
        entity, _ = CaseEntity.objects.get_or_create(case=case, field="user.id", value=value[:512])
        Verdict.objects.create(entity=entity, word="victim", reason=value[:500], by=alice, by_name=value[:200])
    for value in values[:20]:
        case_upload(ada, words=value)
        accepted_key(ada, words=value)
        redaction_profile(alice, name=value)
        attachments.attach_file(case=case, name=value, chunks=[value.encode()], by=alice, description=value[:500])
    CaseReport.objects.create(
        case=case, title=values[1][:200], sections=list(SECTIONS), introduction="\n\n".join(values), closing=values[1]
    )
    CaseTag.objects.bulk_create(CaseTag(case=case, name=name) for name in {value[:40] for value in values})
    copy = case.evidence.get(number=1)
    EvidenceTag.objects.bulk_create(EvidenceTag(evidence=copy, name=name) for name in {value[:40] for value in values})
    CustodyEntry.objects.bulk_create(
        CustodyEntry(
            case=case,
            evidence=copy,
            action="view",
            by_name=value[:200],
            address="::1",
            client=value[:1_000],
            detail=value[:500],
        )
        for value in values
    )
    CaseVerification.objects.create(
        case=case, state="finished", ended_at=timezone.now(), differing=1, started_by_name=values[0], log_problem=values[0][:500],
        differences=[{"evidence": 1, "kind": "copy", "what": value} for value in values],
    )  # fmt: skip
    made = run(alice, text="event.dataset:hostile", case=case, title=values[1])
    saved_query(
        "hostile",
        "event.dataset:hostile AND user.id:$who",
        {"name": "who", "label": values[2], "kind": "user"},
        name=values[3],
    )
    for number, value in enumerate(values):
        words = {
            "name": f"{number} {value}"[:120],
            "summary": value,
            "tags": value[:40],
            "tasks": value,
            "retired": False,
        }
        CaseTemplate.objects.create(slug=f"t{number}", changed_by_name=value[:200], **words)
        texts = {
            "name": f"{number} {value}"[:120],
            "introduction": value,
            "closing": value,
            "changed_by_name": value[:200],
        }
        ReportTemplate.objects.create(slug=f"t{number}", sections=list(SECTIONS), **texts)
    CaseTemplate.objects.get(slug="t0").cases.add(case)
    found = finding(alice, *((hit.index, hit.event_id) for hit in events[:8]), count=8)
    watched = detection(alice, "event.dataset:hostile", name=values[4])
    listed = indicators.keep(indicators.ask(parse_indicators("\n".join(values)), by=alice), by=alice)
    failed = incident(subject=values[0])
    refused = rejected()
    seal()
    pages = [reverse(name) for name, about in ABOUT.items() if not about and name not in NO_PAGES]
    pages += [
        *(
            reverse(name, args=[case.public_id])
            for name, about in ABOUT.items()
            if about == "case" and name not in NO_PAGES
        ),
        reverse("evidence_detail", args=[case.public_id, 1]),
        reverse("evidence_annotate", args=[case.public_id, 1]),
        reverse("timeline_entry", args=[case.public_id, 1]),
        f"{reverse('case_timelines')}?case={case.number}",
        reverse("run_detail", args=[made.public_id]),
        reverse("result_set_pin") + f"?run={made.public_id}",
        reverse("pin_batch_detail", args=[pin_batch(alice, made, case, reason=values[0]).public_id]),
        reverse("incident_detail", args=[failed.public_id]),
        reverse("rejected_detail", args=[refused.public_id]),
        reverse("export_detail", args=[export(alice, case=case).public_id]),
        "/?q=event.dataset:hostile&columns="
        "event.action,event.reason,user.id,user_agent.original,url.path,message,labels.team,raw.value,token.caveats.types",
    ]
    pages += [
        reverse("finding_detail", args=[found.public_id]),
        reverse("detection_detail", args=[watched.public_id]),
        reverse("indicators_result", args=[listed]),
        reverse("indicators_file", args=[listed]),
    ]
    pages += [reverse("case_template_detail", args=[f"t{number}"]) for number in range(0, len(values), 8)]
    pages += [reverse("report_template_detail", args=[f"t{number}"]) for number in range(0, len(values), 8)]
    pages += [reverse("attachment_download", args=[case.public_id, number]) for number in range(1, 21)]
    pages += [reverse("manual_event_detail", args=[case.public_id, number]) for number in range(1, len(values), 8)]
    pages.append(reverse("entity_values", args=["service", values[0], "user.id"]))
    for number, (one, hit) in enumerate(zip(LET_IN, events, strict=True)):
        pages.append(reverse(("event_detail", "event_row")[number % 2], args=[hit.event_id]))
        if number % 8 == 0:
            pages.append(reverse("event_standing", args=[hit.event_id]))
        if len(one.value) < 1_000 and one.value.strip():
            token = ("token_detail", "token_lineage", "token_compromise")[number % 3]
            pages.append(reverse(token, args=[one.value]))
            kind = ("user", "service", "client", "organisation", "resource", "user_agent", "trace")[number % 7]
            pages.append(reverse("entity_detail", args=[kind, one.value]))
            pages.append(f"/?{urlencode({'q': one.value, 'f': f'user.id:{one.value}'})}")
            shared = links.make(search=Search(filters=(Filter("user.id", (one.value,)),)), fixed=False, by=alice)
            pages.append(reverse("link_open", args=[shared.public_id]))
    return pages


@pytest.mark.timeout(900)
@pytest.mark.timeout(1200)  # every page, with every value
def test_no_page_makes_anything_of_a_value_but_text(
    client: Client, seeds: list[str], alice: User, ada: User, settings: Settings
) -> None:
    wrong: list[str] = []
    seen: Counter[str] = Counter()
    for person in (alice, ada):
        client.force_login(person)
        admin = person is ada
        queue = [page for page in seeds if (_name(page) in FOR_ADMINS) == admin]
        asked: set[str] = set()
        while queue:
            address = queue.pop(0)
            name = _name(address)
            if address in asked or name is None or name in NEVER or name in NO_PAGES:
                continue
            if address not in seeds and seen[name] >= 4:
                continue
            asked.add(address)
            seen[name] += 1
            response = client.get(address)
            wrong += [f"{address[:80]}: {what}" for what in _faults(response)]
            if "html" in response.get("Content-Type", "") and response.status_code == 200:
                queue += _links(address, response)
    assert wrong == []
    assert ABOUT.keys() - seen.keys() <= NO_PAGES | {"writer_detail"}


def _name(address: str) -> str | None:
    try:
        found = resolve(urlsplit(address).path)
        return None if found.app_name == "admin" else found.url_name
    except Resolver404:
        return None


def _links(address: str, response: HttpResponseBase) -> Iterator[str]:
    for link in LexborHTMLParser(bytes_of(response)).css("a[href], [hx-get]"):
        where = urljoin(address, link.attributes.get("href") or link.attributes.get("hx-get") or "").partition("#")[0]
        if where.startswith("/") and len(where) < 7_000:
            yield where


def _faults(response: HttpResponseBase) -> Iterator[str]:
    content, kind = bytes_of(response), response.get("Content-Type", "")
    if response.status_code >= 500 and b"Status" not in content:  # which says here that no worker runs
        yield f"answered {response.status_code}"
    if response.status_code in (301, 302):
        if urlsplit(response["Location"]).netloc:
            yield f"leads to {response['Location'][:80]}"
    elif kind.startswith("text/html"):
        yield from _faults_of_page(content)
    elif kind.startswith("text/csv"):
        yield from _faults_of_sheet(content.decode("utf-8-sig"))
    elif response.get("X-Content-Type-Options") != "nosniff":
        yield f"a {kind} that a browser may take for a page"


def _faults_of_page(content: bytes) -> Iterator[str]:
    page = LexborHTMLParser(content)
    if len(content) > 6_000_000:
        yield f"{len(content):,} bytes long"
    for element in page.root.traverse() if page.root else ():
        tag, attributes = element.tag, element.attributes
        if tag in TAGS and not _ours(tag, attributes):
            yield f"an element <{tag} {attributes}>"
        if "hostile" in (tag or "") or "-" in (tag or "").strip("-"):
            yield f"an element <{tag}>"
        for name, value in attributes.items():
            if name.startswith(("on", "hx-on", "data-hx")) or name in ("style", "srcdoc") or "hostile" in name:
                yield f"an attribute {name} of <{tag}>"
            if name in ADDRESSES and not _is_here(value or ""):
                yield f"{name} of <{tag}> leads to {(value or '')[:80]!r}"
            if name not in EXACT and (unseen := _unseen(value or "")):
                yield f"{name} of <{tag}> holds {unseen[:3]}"
    for element in page.css("script, textarea, template"):
        element.decompose()
    if page.body and (unseen := _unseen(page.body.text(deep=True))):
        where = next(e for e in page.body.css("*") if _unseen(e.text(deep=False)))
        yield f"the text of <{where.tag} class={where.attributes.get('class')}> in <{where.parent.tag if where.parent else ''}> holds {sorted(set(unseen))[:3]}"


def _ours(tag: str, attributes: dict[str, str | None]) -> bool:
    """Whether an element of a kind that could do harm is one that our templates hold."""
    match tag:
        case "script":
            return (attributes.get("src") or "").startswith("/static/")
        case "link":
            return (attributes.get("href") or "").startswith("/static/")
        case "img":
            return (attributes.get("src") or "").startswith("/static/")
        case "meta":
            return "http-equiv" not in attributes
        case "svg":
            return "onload" not in attributes
        case "form":
            return _is_here(attributes.get("action") or "")
    return False


def _is_here(address: str) -> bool:
    parts = urlsplit(address.replace("\\", "/"))
    return not parts.scheme and not parts.netloc and not _unseen(address) and not address.startswith("//")


def _faults_of_sheet(text: str) -> Iterator[str]:
    csv.field_size_limit(10_000_000)
    rows = list(csv.reader(io.StringIO(text), strict=True))
    if len({len(row) for row in rows}) > 1:
        yield "rows of different lengths"
    for row in rows[1:]:
        for cell in row:
            if _FORMULA.search(cell):
                yield f"a cell that is calculated: {cell[:60]!r}"


def test_no_export_calculates_or_loses_anything(
    events: list[execute.Hit], case: Case, alice: User, client: Client, seal: Callable[[], object]
) -> None:
    sheet = b"".join(line for line, _ in lines(ExportRow.of_hit(hit) for hit in events)).decode()
    assert list(_faults_of_sheet(sheet)) == []
    evidence.pin(case=case, event_ids=[hit.event_id for hit in events], reason="=1+1", by=alice)
    client.force_login(alice)
    made = export(alice, format="jsonl", case=case)
    records = [json.loads(line) for line in bytes_of(client.get(f"/exports/{made.public_id}/file/")).splitlines()]
    assert [record["event"] for record in records] == [hit.document for hit in events]


def test_a_bundle_proves_every_value_and_says_so_without_drawing_one(
    events: list[execute.Hit], case: Case, alice: User, client: Client, seal: Callable[[], object], tmp_path: Path
) -> None:
    seal()
    evidence.pin(case=case, event_ids=[hit.event_id for hit in events], reason=LET_IN[0].value, by=alice)
    seal()
    client.force_login(alice)
    made = export(alice, format="bundle", case=case)
    status, said = verify(bytes_of(client.get(f"/exports/{made.public_id}/file/")), tmp_path / "away")
    assert (status, said.startswith(f"{len(events)} of {len(events)} events proved")) == (0, True), said
    assert _unseen(said) == []


def test_the_api_gives_every_value_back_as_it_is_and_never_as_a_page(
    events: list[execute.Hit], alice: User, client: Client, settings: Settings
) -> None:
    settings.API_RATE = 1_000
    client.force_login(alice)
    about = itertools.cycle([route.name for route in ROUTES if "{" in route.path])
    for one, hit in zip(LET_IN, events, strict=True):
        search = Search(filters=(Filter("event.id", (hit.event_id,)),))
        (found,) = client.get("/api/v1/search", search.to_query()).json()["hits"]
        assert found["event"] == hit.document
        if len(one.value) < 1_000 and one.value.strip():
            name = next(about)
            answer = client.get(reverse(f"api_{name}", args=[one.value]))
            assert answer.status_code in (200, 400, 404), (name, one.name)
            assert answer["Content-Type"] == "application/json", (name, one.name)
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert isinstance(answer.json(), dict)


def test_no_command_moves_the_terminal(
    events: list[execute.Hit], ada: User, capsys: pytest.CaptureFixture[str], trail: Trail
) -> None:
    questions = itertools.cycle(itertools.product(("user", "token", "service", "client"), ((), ("--json",))))
    for one in LET_IN:
        if 0 < len(one.value.strip()) < 2_000 and not one.value.startswith("-"):
            question, more = next(questions)
            said = io.StringIO()
            with suppress(SystemExit):  # with 1, where the trail never saw it
                call_command("ask", question, one.value, "--by", "ada", *more, stdout=said, stderr=said)
            assert _unseen(said.getvalue()) == [], (question, one.name)
            assert said.getvalue()
