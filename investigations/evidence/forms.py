"""What people type about cases and evidence."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.crypto import get_random_string

from accounts.models import User
from investigations.forms.search import refuse_secrets
from investigations.models import Case, Membership
from trail.errors import BadQuery
from trail.search.spec import Search


def _area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


class CaseForm(forms.Form):
    """A case's own words."""

    title = forms.CharField(max_length=200, help_text="What happened, in a few words.")
    severity = forms.ChoiceField(choices=Case.Severity, initial=Case.Severity.MEDIUM)
    description = forms.CharField(max_length=20_000, required=False, widget=_area(6), help_text="What is known so far.")


class NoteForm(forms.Form):
    text = forms.CharField(max_length=20_000, label="Note", widget=_area(3))


class MemberForm(forms.Form):
    """Who is let into a case. By username, so that nobody needs a list of everybody."""

    username = forms.CharField(max_length=64)
    level = forms.ChoiceField(choices=Membership.Level, initial=Membership.Level.MEMBER, label="As")

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"]).strip()
        found = User.objects.filter(username__iexact=username)
        # Who is shut out of the console cannot be let into a case, and can be let out of one.
        self.person = (found if self.data.get("action") == "remove" else found.filter(is_active=True)).first()
        if self.person is None:
            raise forms.ValidationError(f"There is nobody named {username} here.")
        return username


class AnyChoice(forms.MultipleChoiceField):
    """Values that only the trail can tell right from wrong."""

    def valid_value(self, value: str) -> bool:
        return 0 < len(value) <= 512


class PinForm(forms.Form):
    """Which events, into which case, and why."""

    case = forms.CharField(widget=forms.Select)
    reason = forms.CharField(
        max_length=2_000,
        widget=_area(2, placeholder="Why this matters"),
        error_messages={"required": "Say why: the reason stands beside the evidence for ever."},
    )
    event = AnyChoice(
        widget=forms.MultipleHiddenInput, error_messages={"required": "Choose at least one event to pin."}
    )
    back = forms.CharField(widget=forms.HiddenInput, required=False)
    run = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Several of these stand on one page, so their fields' ids must differ.
        self.auto_id = f"pin-{get_random_string(4)}-%s"
        cases = [(case.public_id, case.title) for case in Case.objects.writable_by(user)]
        # A form that was sent comes back whole, though its case may have been closed meanwhile.
        self.has_cases = bool(cases) or self.is_bound
        select = self.fields["case"].widget
        assert isinstance(select, forms.Select)
        select.choices = cases


class AbsenceForm(forms.Form):
    """Which search found nothing, into which case, and why. `provisional` accepts that events may be missing."""

    case = forms.CharField(widget=forms.Select)
    reason = forms.CharField(
        max_length=2_000,
        widget=_area(2, placeholder="Why it matters that there is nothing"),
        error_messages={"required": "Say why: the reason stands beside the evidence for ever."},
    )
    search = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100_000, strip=False)
    provisional = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = f"absence-{get_random_string(4)}-%s"
        cases = [(case.public_id, case.title) for case in Case.objects.writable_by(user)]
        self.has_cases = bool(cases) or self.is_bound
        select = self.fields["case"].widget
        assert isinstance(select, forms.Select)
        select.choices = cases

    def clean_search(self) -> Search:
        """The search in the words of its URL. Its problem is shown in place of the form's own."""
        query = QueryDict(str(self.cleaned_data["search"]))
        try:
            refuse_secrets(query)
            return Search.from_query(query)
        except BadQuery as error:
            # A token itself is not shown again.
            self.data = {name: value for name, value in self.data.items() if name != "search"}
            raise forms.ValidationError(error.message) from None


class CaseNoteForm(NoteForm):
    """A note, and in which case."""

    case = forms.ChoiceField(error_messages={"invalid_choice": "Choose an open case that you may write to."})
    field_order = ("case", "text")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case = self.fields["case"]
        assert isinstance(case, forms.ChoiceField)
        case.choices = [(case.public_id, case.title) for case in Case.objects.writable_by(user)]


class ReasonForm(forms.Form):
    """Why something is withdrawn."""

    reason = forms.CharField(max_length=2_000, widget=_area(2))
