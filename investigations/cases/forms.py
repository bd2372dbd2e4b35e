"""Checks what people type about cases."""

from typing import Any

from django import forms

from accounts.models import User
from core.forms import RevisedForm, text_area
from core.forms import read_number as read_whole_number
from investigations.cases.bulk import MOST_TAGS, BulkChange
from investigations.cases.numbers import read_number
from investigations.cases.services import split_tags
from investigations.models import Case, CaseTemplate, Membership

LONGEST_TAG = 40


def list_assignees(case: Case) -> list[tuple[str, str]]:
    """Nobody, and who may write to the case, as the choices of a field."""
    writers = case.memberships.filter(level__in=Membership.WRITERS).select_related("user")
    return [("", "Nobody"), *((writer.user.username, str(writer.user)) for writer in writers)]


def check_tags(text: str) -> str:
    """Tags with commas between, as they are kept. Raises ValidationError where they are too many or too long."""
    tags = split_tags(text)
    if len(tags) > MOST_TAGS:
        raise forms.ValidationError(f"There may be at most {MOST_TAGS} tags; these are {len(tags)}.")
    if too_long := next((tag for tag in tags if len(tag) > LONGEST_TAG), None):
        raise forms.ValidationError(f"A tag has at most {LONGEST_TAG} characters: {too_long[:60]} is too long.")
    return ", ".join(tags)


class CaseForm(forms.Form):
    """A case's own words."""

    title = forms.CharField(max_length=200, help_text="What happened, in a few words.")
    severity = forms.ChoiceField(choices=Case.Severity, initial=Case.Severity.MEDIUM)
    description = forms.CharField(
        label="Summary",
        max_length=20_000,
        required=False,
        widget=text_area(6),
        help_text="What is known so far. E12 leads to that evidence, Markdown is understood.",
    )
    tags = forms.CharField(max_length=900, required=False, help_text="Words to find it by, with commas between.")

    def clean_tags(self) -> str:
        """The tags as they are kept."""
        return check_tags(self.cleaned_data["tags"])


class CaseChangeForm(CaseForm, RevisedForm):
    """A case's own words, changed, and whose it is: one of those who may write to it."""

    assignee = forms.ChoiceField(required=False)
    field_order = ("title", "severity", "assignee", "description", "tags", "revision")

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignee = self.fields["assignee"]
        assert isinstance(assignee, forms.ChoiceField)
        assignee.choices = list_assignees(case)


class NewCaseForm(CaseForm):
    """A case's own words, and who may know of it."""

    restricted = forms.BooleanField(
        required=False, help_text="Nobody but its members knows of it, leads included. It can be lifted later."
    )

    def __init__(self, *args: Any, template: CaseTemplate | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if template is not None:
            self.initial.update(severity=template.severity, description=template.summary, tags=template.tags)


class BreakGlassForm(forms.Form):
    """Which restricted case somebody has to see, and why."""

    number = forms.CharField(max_length=20, label="Case", help_text="Its number, such as C-2026-0042.")
    reason = forms.CharField(
        max_length=400, widget=text_area(3), help_text="The members of the case read it, and it is in the audit log."
    )

    def clean_number(self) -> str:
        """The number as it is written."""
        number = read_number(str(self.cleaned_data["number"]))
        if not number:
            raise forms.ValidationError("A case's number reads like C-2026-0042.")
        return number


class BulkForm(forms.Form):
    """Which cases are changed, each with the revision that was shown, and what is changed in all of them."""

    severity = forms.ChoiceField(choices=[("", ""), *Case.Severity.choices], required=False)
    assignee = forms.CharField(max_length=80, required=False)
    add_tag = forms.CharField(max_length=LONGEST_TAG, required=False)
    remove_tag = forms.CharField(max_length=LONGEST_TAG, required=False)
    contained = forms.BooleanField(required=False)

    def read_change(self) -> BulkChange:
        """What the form says, once it is valid."""
        return BulkChange(**self.cleaned_data)


def read_revisions(chosen: list[str]) -> dict[str, int]:
    """The public ids that a form holds with the revision of each, as `public_id:revision`; what is none is left out."""
    pairs = (text.partition(":") for text in chosen)
    return {key: number for key, _, text in pairs if key and (number := read_whole_number(text)) is not None}


class CloseForm(forms.Form):
    """What a case turned out to be, and why it is closed."""

    disposition = forms.ChoiceField(label="It was", choices=Case.Disposition)
    reason = forms.CharField(
        max_length=2_000, widget=text_area(4), help_text="What was found and done, for who reads it later."
    )


class MemberForm(forms.Form):
    """Who is let into a case. By username, so that nobody needs a list of everybody."""

    username = forms.CharField(max_length=64)
    level = forms.ChoiceField(choices=Membership.Level, initial=Membership.Level.MEMBER, label="As")

    def clean_username(self) -> str:
        """The username as it was typed; the person of that name is then `person`."""
        username = str(self.cleaned_data["username"]).strip()
        users = User.objects.filter(username__iexact=username)
        # Who is shut out of the console cannot be let into a case, and can be let out of one.
        self.person = (users if self.data.get("action") == "remove" else users.filter(is_active=True)).first()
        if self.person is None:
            raise forms.ValidationError(f"There is nobody named {username} here.")
        return username
