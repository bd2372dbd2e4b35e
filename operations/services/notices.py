"""Tell people and programs outside of incidents: by a signed webhook and by e-mail, each until it is taken.

A message is a row, written with the step it is about, so that a receiver that is down loses nothing. A message may come
twice (its id says so), and what comes and goes does not flood: "again" is said at most every AGAIN_EVERY, and only if it
still fails by then.
"""

import hashlib
import hmac
import json
import smtplib
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.utils import timezone

from operations.models.incidents import Incident, IncidentStep
from operations.models.notices import Notice

Step = IncidentStep.Kind
Channel = Notice.Channel
SAID = (Step.OPENED, Step.AGAIN, Step.OVER, Step.ACKNOWLEDGED, Step.RESOLVED)
AGAIN_EVERY = timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = 5, 3_600  # seconds between tries
PATIENCE = 10  # seconds for a receiver to answer
AT_ONCE = 50
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def queue(step: IncidentStep) -> None:
    """Put into the outbox what is to be said of a step. Call it in the transaction that makes the step."""
    channels = [Channel.WEBHOOK] * bool(settings.INCIDENT_WEBHOOK_URL) + [Channel.EMAIL] * bool(
        settings.INCIDENT_EMAIL_TO
    )
    if not channels or step.kind not in SAID:
        return
    due = step.at
    if step.kind == Step.OVER and _drop_unsaid(step.incident, step.at):
        return  # nobody was told that it failed again
    if step.kind == Step.AGAIN:
        due = max(due, _last_again(step) + AGAIN_EVERY)
    Notice.objects.bulk_create(Notice(step=step, channel=channel, due_at=due) for channel in channels)


def _drop_unsaid(incident: Incident, now: datetime) -> int:
    unsaid = Notice.objects.filter(
        step__incident=incident, step__kind=Step.AGAIN, sent_at=None, dropped_at=None, due_at__gt=now
    )
    return unsaid.update(dropped_at=now)


def _last_again(step: IncidentStep) -> datetime:
    before = Notice.objects.filter(step__incident=step.incident, step__kind=Step.AGAIN, dropped_at=None)
    last = before.order_by("-due_at").first()
    return last.due_at if last else step.at - AGAIN_EVERY


def send_due() -> int:
    """Send what is due; how many were taken. What is not taken is tried again later, ever less often."""
    now = timezone.now()
    waiting = Notice.objects.filter(Q(due_at__lte=now), sent_at=None, dropped_at=None)
    taken = 0
    for notice in list(waiting.select_related("step__incident").order_by("pk")[:AT_ONCE]):
        problem = _send(notice)
        if problem:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(notice.attempts, 20))
            due = timezone.now() + timedelta(seconds=pause)
            Notice.objects.filter(pk=notice.pk).update(attempts=notice.attempts + 1, problem=problem[:500], due_at=due)
        else:
            Notice.objects.filter(pk=notice.pk).update(sent_at=timezone.now(), problem="")
            taken += 1
    return taken


def _send(notice: Notice) -> str:
    """Why it was not taken; empty when it was."""
    try:
        if notice.channel == Channel.WEBHOOK:
            _post(notice)
        else:
            _mail(notice)
    except (OSError, smtplib.SMTPException, ValueError) as error:  # urllib's errors are OSErrors
        return f"{type(error).__name__}: {error}"
    return ""


def message(notice: Notice) -> dict[str, Any]:
    """What is said, as JSON has it."""
    step, incident = notice.step, notice.step.incident
    return {
        "id": f"{incident.public_id}-{step.pk}",
        "step": {"kind": step.kind, "at": step.at.isoformat(), "by": step.by_name, "text": step.text},
        "incident": {
            "id": incident.public_id, "kind": incident.kind, "title": incident.get_kind_display(),
            "subject": incident.subject, "what": incident.what, "state": incident.state,
            "opened_at": incident.opened_at.isoformat(), "events": incident.events, "failures": incident.failures,
        },
    }  # fmt: skip


def signature(body: bytes, secret: str) -> str:
    """As GitHub signs its webhooks (X-Hub-Signature-256): HMAC-SHA256 (RFC 2104) of the body, in hexadecimal."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


class _NotElsewhere(urllib.request.HTTPRedirectHandler):
    """A signed message goes to the address that was set, and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _post(notice: Notice) -> None:
    said = message(notice)
    body = json.dumps(said).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "auditconsole", "X-Delivery-Id": said["id"]}
    if settings.INCIDENT_WEBHOOK_SECRET:
        headers["X-Hub-Signature-256"] = signature(body, settings.INCIDENT_WEBHOOK_SECRET)
    request = urllib.request.Request(settings.INCIDENT_WEBHOOK_URL, body, headers)  # noqa: S310  settings allow https? alone
    with urllib.request.build_opener(_NotElsewhere).open(request, timeout=PATIENCE):
        pass


def _mail(notice: Notice) -> None:
    step, incident = notice.step, notice.step.incident
    by = f" by {step.by_name}" if step.by_name else ""
    lines = (
        f"{incident.get_kind_display()}: {incident.subject}", f"{step.get_kind_display()}{by} at {step.at:%Y-%m-%d %H:%M:%S}Z",
        "", step.text or incident.what, "", f"Since {incident.opened_at:%Y-%m-%d %H:%M:%S}Z, {incident.failures:,} failures, "
        f"{incident.events:,} events touched. In the console: /incidents/{incident.public_id}/",
    )  # fmt: skip
    subject = " ".join(f"[{step.get_kind_display()}] {lines[0]}".split())[:200]
    connection = get_connection(SMTP, timeout=PATIENCE)
    headers = {"Message-ID": f"<{notice.pk}.{incident.public_id}@auditconsole>"}
    to = settings.INCIDENT_EMAIL_TO
    EmailMessage(
        subject, "\n".join(lines), settings.DEFAULT_FROM_EMAIL, to, headers=headers, connection=connection
    ).send()
