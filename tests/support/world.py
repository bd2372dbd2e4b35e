"""A case with something of every kind in it, the people who ask for it, and the values of its addresses."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user
from investigations.attachments import services as attachments
from investigations.case_tasks import services as tasks
from investigations.cases import services as cases
from investigations.clock_skews import services as clock_skews
from investigations.hypotheses import services as hypotheses
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, Membership
from investigations.notes import services as notes
from investigations.questions import indicators
from operations.status import health
from tests.support.cast import PASSWORD
from tests.support.factories.cases import (
    accepted_key,
    case_template,
    case_upload,
    export,
    pin,
    pin_batch,
    redaction_profile,
    report_template,
    run,
    saved_query,
)
from tests.support.factories.events import use
from tests.support.factories.incidents import incident, rejected
from tests.support.factories.keys import writer_key
from tests.support.factories.searches import finding, link, past
from trail.connection import Trail
from trail.questions.indicator_list import parse_indicators


@dataclass
class World:
    """alice's case with something of every kind in it, who asks for it, and the values of its addresses."""

    people: dict[str, User]
    values: dict[str, list[object]] = field(default_factory=dict)

    def address(self, view: str, about: str) -> str:
        """Where a view shows the thing of this kind."""
        return reverse(view, args=self.values[about])


@pytest.fixture
def world(
    trail: Trail,
    case: Case,
    alice: User,
    bob: User,
    rae: User,
    charlie: User,
    lea: User,
    ada: User,
    seal: Callable[[], object],
) -> World:
    people = {user.username: user for user in (alice, bob, rae, charlie, lea, ada)}
    for name, role in (("dora", Role.VIEWER), ("erik", Role.ANALYST), ("frank", Role.ANALYST)):
        people[name] = create_user(username=name, password=PASSWORD, role=role, name=name.capitalize())
    for name in ("erik", "frank"):
        cases.add_member(case=case, user=people[name], level=Membership.Level.MEMBER, by=alice)
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    task = tasks.add_task(case=case, title="Rotate it", by=alice)
    file = attachments.attach_file(case=case, name="letter.pdf", chunks=[b"%PDF-1.7"], by=alice)
    words = ManualEventWords(kind="call", title="The owner called", starts="2026-03-01T09:00:00.000000000Z")
    entered = manual_events.add_manual_event(case=case, words=words, by=alice)
    skew = clock_skews.add_clock_skew(case=case, field="service.name", value="auth", offset=1, reason="NTP", by=alice)
    note = notes.write_note(case=case, text="hm", by=alice)
    (evidence,) = pin(trail, case, alice, use("t", id="e1"))
    saved_query("failures", "event.outcome:failure")
    own_run, case_run, former_run = run(alice), run(alice, case=case), run(people["erik"], case=case)
    found = finding(alice)
    values: dict[str, list[object]] = {
        "": [], "event": ["e1"], "token": ["t"], "user": ["user", "mallory"], "values": ["user", "mallory", "source.ip"], "identifier": ["t"],
        "import": [case_upload(ada).public_id], "foreign key": [accepted_key(ada).pk],
        "redaction": [redaction_profile(alice).public_id],
        "case": [case.public_id], "number": [case.number], "note": [case.public_id, note.pk], "attachment": [case.public_id, file.number], "task": [case.public_id, task.number], "manual event": [case.public_id, entered.number], "clock skew": [case.public_id, skew.pk], "hypothesis": [case.public_id, hypothesis.number], "evidence": [case.public_id, evidence.number], "query": ["failures"], "template": [case_template(ada).slug], "report template": [report_template(ada).slug],
        "run": [case_run.public_id], "batch": [pin_batch(alice, case_run, case).public_id], "own run": [own_run.public_id], "former run": [former_run.public_id],
        "export": [export(alice, case=case).public_id], "own export": [export(alice, run=own_run).public_id],
        "former export": [export(people["erik"], case=case).public_id],
        "past": [past(alice).public_id], "link": [link(alice).public_id], "detection": [found.detection.public_id], "finding": [found.public_id],
        "list": [indicators.keep(indicators.ask(parse_indicators("nobody"), by=alice), by=alice)],
        "incident": [incident().public_id], "rejected": [rejected().public_id], "key": [writer_key(ada)[0].public_id],
    }  # fmt: skip
    cases.remove_member(case=case, user=people["erik"], by=alice)
    seal()
    health.record_heartbeat()  # every part is up, as the status page sees it
    return World(people, values)
