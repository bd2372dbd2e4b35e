"""What is said outside, to real receivers: once taken it is not said again, and a receiver that is down loses nothing."""

import hashlib
import hmac
import json
import socketserver
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from operations.incidents import response
from operations.incidents.notices import send_due_notices
from operations.incidents.services import IncidentKind, record_failure, record_recovery
from operations.models import Incident, Notice

SECRET = "a shared word"


class Receiver(BaseHTTPRequestHandler):
    """Takes webhooks, or answers with the status it is set to."""

    status = 200
    answer = b""
    taken: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.status < 300:
            self.taken.append((dict(self.headers), body))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    do_GET = do_POST  # noqa: N815  http.server's names

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver(settings: Settings, db: None) -> Iterator[type[Receiver]]:
    kind = type("Own", (Receiver,), {"taken": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.INCIDENT_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/hook"
    settings.INCIDENT_WEBHOOK_SECRET = SECRET
    yield kind
    server.shutdown()
    server.server_close()


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as taking a mail needs."""

    taken: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                mail = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    mail += part
                self.taken.append(mail.decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def mail(settings: Settings, db: None) -> Iterator[type[MailServer]]:
    kind = type("Own", (MailServer,), {"taken": []})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.INCIDENT_EMAIL_TO = ["security@example.org"]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
    yield kind
    server.shutdown()
    server.server_close()


def steps_told(receiver: type[Receiver]) -> list[str]:
    return [json.loads(body)["step"]["kind"] for _, body in receiver.taken]


def now_due() -> None:
    Notice.objects.update(due_at=timezone.now())


def outage() -> Incident:
    incident = record_failure(IncidentKind.OUTAGE, "opensearch", "It does not answer.")
    assert incident is not None
    return incident


def test_a_webhook_is_signed_and_says_what_happened(receiver: type[Receiver]) -> None:
    incident = outage()
    assert (send_due_notices(), send_due_notices()) == (1, 0)
    ((headers, body),) = receiver.taken
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"
    message = json.loads(body)
    assert (message["incident"]["id"], message["step"]["kind"]) == (incident.public_id, "opened")
    assert message["id"] == headers["X-Delivery-Id"]


def test_every_step_that_matters_is_said(receiver: type[Receiver], lea: User) -> None:
    incident = outage()
    response.acknowledge_incident(incident=incident, by=lea)
    response.add_note(incident=incident, by=lea, text="a thought of mine")
    record_recovery(IncidentKind.OUTAGE, "opensearch")
    response.resolve_incident(incident=incident, by=lea, text="A full disk.")
    send_due_notices()
    assert steps_told(receiver) == ["opened", "acknowledged", "over", "resolved"]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_ever_later_until_it_is(receiver: type[Receiver], status: int) -> None:
    outage()
    receiver.status = status
    pauses = []
    for _ in range(3):
        now_due()
        assert send_due_notices() == 0
        pauses.append(round((Notice.objects.get().due_at - timezone.now()).total_seconds()))
    assert pauses == [5, 10, 20]
    assert str(status) in Notice.objects.get().problem
    assert send_due_notices() == 0
    receiver.status = 200
    now_due()
    assert send_due_notices() == 1
    assert steps_told(receiver) == ["opened"]


def test_a_receiver_that_answers_at_length_has_taken_it(receiver: type[Receiver]) -> None:
    receiver.answer = b"x" * 100_000
    outage()
    assert (send_due_notices(), send_due_notices()) == (1, 0)
    assert len(receiver.taken) == 1


def test_a_receiver_that_is_not_there_loses_nothing(receiver: type[Receiver], settings: Settings) -> None:
    outage()
    there = settings.INCIDENT_WEBHOOK_URL
    settings.INCIDENT_WEBHOOK_URL = "http://127.0.0.1:1/"
    assert send_due_notices() == 0
    settings.INCIDENT_WEBHOOK_URL = there
    now_due()
    assert send_due_notices() == 1


def test_what_comes_and_goes_does_not_flood(receiver: type[Receiver]) -> None:
    outage()
    for _ in range(20):
        record_recovery(IncidentKind.OUTAGE, "opensearch")
        send_due_notices()
        outage()
        send_due_notices()
    assert steps_told(receiver) == ["opened", "over", "again", "over"]
    assert Notice.objects.filter(sent_at=None, dropped_at=None).count() == 1
    Notice.objects.filter(sent_at=None).update(due_at=timezone.now() - timedelta(seconds=1))
    send_due_notices()
    assert steps_told(receiver)[-1] == "again"  # it still fails after ten minutes
    record_recovery(IncidentKind.OUTAGE, "opensearch")
    send_due_notices()
    assert steps_told(receiver)[-1] == "over"


def test_a_mail_says_the_same(mail: type[MailServer]) -> None:
    incident = record_failure(
        IncidentKind.GAP, "billing\nBcc: x@y", "Writer billing: 4 never arrived.", writer="billing", events=1
    )
    assert incident is not None
    assert send_due_notices() == 1
    (taken,) = mail.taken
    assert "To: security@example.org" in taken
    assert "Writer billing: 4 never arrived." in taken
    assert incident.public_id in taken
    assert "\nBcc:" not in taken.partition("\r\n\r\n")[0]


def test_a_mail_server_that_is_down_is_tried_again(mail: type[MailServer], settings: Settings) -> None:
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    outage()
    assert send_due_notices() == 0
    settings.EMAIL_PORT = there
    now_due()
    assert send_due_notices() == 1


def test_where_nobody_is_to_be_told_nothing_waits(db: None) -> None:
    outage()
    assert not Notice.objects.exists()


def test_each_channel_is_tried_on_its_own(receiver: type[Receiver], mail: type[MailServer], settings: Any) -> None:
    receiver.status = 500
    outage()
    assert send_due_notices() == 1
    assert len(mail.taken) == 1


def subjects(mail: type[MailServer]) -> list[str]:
    return [line for sent in mail.taken for line in sent.splitlines() if line.startswith("Subject: ")]


def test_a_channel_that_was_told_is_told_the_end_while_another_still_waits(
    receiver: type[Receiver], mail: type[MailServer]
) -> None:
    receiver.status = 500
    for _ in range(2):
        outage()
        send_due_notices()
        record_recovery(IncidentKind.OUTAGE, "opensearch")
        send_due_notices()
    title = "A part is down: opensearch"
    assert subjects(mail) == [f"Subject: [{step}] {title}" for step in ("opened", "over", "failing again", "over")]
    receiver.status = 200
    now_due()
    send_due_notices()
    assert steps_told(receiver) == ["opened", "over", "again", "over"]
