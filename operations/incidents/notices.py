"""Sends notices of incidents by a signed webhook and by e-mail, each until its receiver has taken it.

A notice is a row, written with the step that it is about, so that a receiver that is down loses nothing. It may come twice
(its id says so). What comes and goes does not flood: "again" is sent at most every AGAIN_EVERY, and only if it still fails
by then.
"""

import hashlib
import hmac
import json
import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.utils import timezone

from operations.models.incidents import IncidentStep
from operations.models.notices import Notice
from trail.http import ResponseCutOff, ResponseTooLong, send_request

Step = IncidentStep.Kind
Channel = Notice.Channel
STEPS_TOLD = (Step.OPENED, Step.AGAIN, Step.OVER, Step.ACKNOWLEDGED, Step.RESOLVED)
AGAIN_EVERY = timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = 5, 3_600  # seconds between tries
PATIENCE = 10  # seconds for a receiver to answer
LONGEST_ANSWER = 64 * 1024  # bytes
BATCH = 50
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def queue_notices(step: IncidentStep) -> None:
    """Put the notices of a step into the outbox. Call it in the transaction that makes the step."""
    if step.kind in STEPS_TOLD:
        for channel in _get_channels():
            _queue_notice(step, channel)


def _get_channels() -> list[Channel]:
    channels = {Channel.WEBHOOK: settings.INCIDENT_WEBHOOK_URL, Channel.EMAIL: settings.INCIDENT_EMAIL_TO}
    return [channel for channel, receiver in channels.items() if receiver]


def _queue_notice(step: IncidentStep, channel: Channel) -> None:
    """Each channel for itself: one may have been told what another still waits to take."""
    if step.kind == Step.OVER and _drop_untold(step, channel):
        return  # this channel was never told that it failed again
    due_at = step.at
    if step.kind == Step.AGAIN and (last := _find_last_again(step, channel)):
        due_at = max(due_at, last + AGAIN_EVERY)
    Notice.objects.create(step=step, channel=channel, due_at=due_at)


def _drop_untold(step: IncidentStep, channel: Channel) -> int:
    """Drop what the channel was to be told later: that the incident fails again. How many notices that were.

    One that was tried is not dropped, for its receiver may have taken it without an answer that arrived.
    """
    untold = Notice.objects.filter(
        step__incident=step.incident, step__kind=Step.AGAIN, channel=channel, attempts=0, sent_at=None, dropped_at=None
    )
    return untold.filter(due_at__gt=step.at).update(dropped_at=step.at)


def _find_last_again(step: IncidentStep, channel: Channel) -> datetime | None:
    """When the channel was told last, or will be, that the incident fails again."""
    earlier = Notice.objects.filter(
        step__incident=step.incident, step__kind=Step.AGAIN, channel=channel, dropped_at=None
    )
    return earlier.order_by("-due_at").values_list("due_at", flat=True).first()


def send_due_notices() -> int:
    """Send what is due; how many were taken. What is not taken is tried again later, ever less often."""
    waiting = Notice.objects.filter(Q(due_at__lte=timezone.now()), sent_at=None, dropped_at=None)
    sent = 0
    for notice in list(waiting.select_related("step__incident").order_by("pk")[:BATCH]):
        problem = _send(notice)
        row = Notice.objects.filter(pk=notice.pk)
        if problem:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(notice.attempts, 20))
            due_at = timezone.now() + timedelta(seconds=pause)
            row.update(attempts=notice.attempts + 1, problem=problem[:500], due_at=due_at)
        else:
            row.update(sent_at=timezone.now(), problem="")
            sent += 1
    return sent


def _send(notice: Notice) -> str:
    """Why it was not taken; empty when it was."""
    try:
        if notice.channel == Channel.WEBHOOK:
            _post_webhook(notice)
        else:
            _send_mail(notice)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def build_message(notice: Notice) -> dict[str, Any]:
    """The body of a webhook: the step, and the incident as it is now. `id` is the same whenever the notice is sent."""
    step, incident = notice.step, notice.step.incident
    return {
        "id": f"{incident.public_id}-{step.pk}",
        "step": {"kind": step.kind, "at": step.at.isoformat(), "by": step.by_name, "text": step.text},
        "incident": {
            "id": incident.public_id,
            "kind": incident.kind,
            "title": incident.get_kind_display(),
            "subject": incident.subject,
            "what": incident.what,
            "state": incident.state,
            "opened_at": incident.opened_at.isoformat(),
            "events": incident.events,
            "failures": incident.failures,
        },
    }


def sign_body(body: bytes, secret: str) -> str:
    """As GitHub signs its webhooks (X-Hub-Signature-256): HMAC-SHA256 (RFC 2104) of the body, in hexadecimal."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _post_webhook(notice: Notice) -> None:
    message = build_message(notice)
    body = json.dumps(message).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "auditconsole", "X-Delivery-Id": message["id"]}
    if settings.INCIDENT_WEBHOOK_SECRET:
        headers["X-Hub-Signature-256"] = sign_body(body, settings.INCIDENT_WEBHOOK_SECRET)
    try:
        # Without redirects: a signed message goes to the address that was set, and nowhere else.
        response = send_request(
            settings.INCIDENT_WEBHOOK_URL, timeout=PATIENCE, limit=LONGEST_ANSWER, headers=headers, body=body
        )
    except (ResponseTooLong, ResponseCutOff):
        return  # it was a success; what the receiver says beside its status does not matter
    if not response.is_success:
        raise OSError(f"the receiver answered {response.status} {response.reason}")


def _send_mail(notice: Notice) -> None:
    step, incident = notice.step, notice.step.incident
    by = f" by {step.by_name}" if step.by_name else ""
    title = f"{incident.get_kind_display()}: {incident.subject}"
    text = (
        f"{title}\n"
        f"{step.get_kind_display()}{by} at {step.at:%Y-%m-%d %H:%M:%S}Z\n\n"
        f"{step.text or incident.what}\n\n"
        f"Since {incident.opened_at:%Y-%m-%d %H:%M:%S}Z, {incident.failures:,} failures, "
        f"{incident.events:,} events touched. In the console: /incidents/{incident.public_id}/"
    )
    subject = " ".join(f"[{step.get_kind_display()}] {title}".split())[:200]
    mail = EmailMessage(
        subject,
        text,
        settings.DEFAULT_FROM_EMAIL,
        settings.INCIDENT_EMAIL_TO,
        headers={"Message-ID": f"<{notice.pk}.{incident.public_id}@auditconsole>"},
        connection=get_connection(SMTP, timeout=PATIENCE),
    )
    mail.send()
