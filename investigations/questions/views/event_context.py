"""What is known of each identifier of an event."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.connection import trail
from core.htmx import is_partial, render_page
from investigations.access import build_scope, get_event
from investigations.questions import services as questions
from trail.questions.event_context import ask_event_context


@require_safe
@requires(may_search)
def event_context(request: HttpRequest, event_id: str) -> HttpResponse:
    """A part of the event's page, or a page by itself."""
    user = person(request)
    hit = get_event(user, event_id)
    answer = questions.ask(
        lambda: ask_event_context(trail(), hit, build_scope(user), now=datetime.now(UTC)),
        by=user,
        entry=questions.question_entry("known", event=event_id),
    )
    name = "_event_context" if is_partial(request) else "event_context"
    context = {"known": answer, "hit": hit, "coverage": answer.coverage}
    return render_page(request, f"investigations/questions/identifier/{name}.html", context)
