"""Checks what a person types to pin or withdraw evidence."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.crypto import get_random_string

from accounts.models import User
from core.forms import RevisedForm, read_number, text_area
from investigations.cases.forms import check_tags
from investigations.cases.services import split_tags
from investigations.evidence.annotations import AGAINST, FOR
from investigations.evidence.services import PinThoughts, PinWords
from investigations.models import Case, Evidence, Hypothesis
from investigations.presentation.cells import make_visible
from investigations.search_url import fix_times, refuse_secrets
from trail.errors import BadQuery
from trail.search.spec import Search

MOST_QUESTIONS = 200  # hypotheses that a form offers


class AnyChoice(forms.MultipleChoiceField):
    """Values that only the trail can tell right from wrong."""

    def valid_value(self, value: str) -> bool:
        return 0 < len(value) <= 512


Question = tuple[Hypothesis | None, bool]


class Questions:
    """The hypotheses of cases as the choices of one field: each for it and against it, those of the case that is chosen first."""

    def __init__(self, cases: "QuerySet[Case]", chosen: str) -> None:
        offered = Hypothesis.objects.filter(case__in=cases.order_by().values("pk")).select_related("case")
        by_case: dict[Case, list[Hypothesis]] = {}
        for hypothesis in offered.order_by("-case", "number")[:MOST_QUESTIONS]:
            by_case.setdefault(hypothesis.case, []).append(hypothesis)
        self._by_word: dict[str, Question] = {}
        self.choices: list[tuple[str, Any]] = [("", "Question")]
        for case in sorted(by_case, key=lambda case: case.public_id != chosen):
            self.choices.append(
                (make_visible(case.title), [pair for each in by_case[case] for pair in self._list(each)])
            )

    def _list(self, hypothesis: Hypothesis) -> Iterator[tuple[str, str]]:
        for speaks in (FOR, AGAINST):
            word = f"{hypothesis.pk} {speaks}"
            self._by_word[word] = (hypothesis, speaks == FOR)
            yield word, make_visible(f"{speaks} {hypothesis}")

    def offer(self, fields: dict[str, forms.Field]) -> None:
        """Put them into the field; where there are none there is no field."""
        field = fields["question"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = self.choices
        if not self._by_word:
            del fields["question"]

    def find(self, word: str) -> Question:
        """What a choice means."""
        return self._by_word.get(word, (None, True))


class PinnedWordsForm(forms.Form):
    """Into which case something is pinned, why, and what is thought of it: the part that all kinds of evidence share."""

    case: forms.Field = forms.CharField(widget=forms.Select)
    reason = forms.CharField(
        max_length=2_000,
        widget=text_area(2, placeholder="Why this matters"),
        error_messages={"required": "Say why: the reason stands beside the evidence for ever."},
    )
    relevance = forms.ChoiceField(choices=[("", "Relevance"), *Evidence.Relevance.choices], required=False)
    tags = forms.CharField(max_length=900, required=False, widget=forms.TextInput(attrs={"placeholder": "Tags"}))
    question = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Several of these stand on one page, so their fields' ids must differ.
        self.auto_id = f"pin-{get_random_string(4)}-%s"
        writable = Case.objects.writable_by(user)
        cases = [(case.public_id, case.title) for case in writable]
        if "question" in self.fields:
            self.questions = Questions(writable, str(self["case"].value() or ""))
            self.questions.offer(self.fields)
        # A form that was sent comes back whole, though its case may have been closed meanwhile.
        self.has_cases = bool(cases) or self.is_bound
        self.offer_cases(cases)

    def offer_cases(self, cases: list[tuple[str, str]]) -> None:
        """Offer these cases to choose from, by their ids."""
        select = self.fields["case"].widget
        assert isinstance(select, forms.Select)
        select.choices = cases

    def clean_tags(self) -> str:
        """The tags as they are kept."""
        return check_tags(self.cleaned_data["tags"])

    def clean_question(self) -> Question:
        """The hypothesis that it speaks to, and whether for it."""
        return self.questions.find(self.cleaned_data["question"])

    def read_words(self) -> PinWords:
        """What is said of each piece of evidence."""
        return PinWords(self.cleaned_data["reason"], **self.read_thoughts())

    def read_thoughts(self) -> PinThoughts:
        """The same without the reason."""
        words = self.cleaned_data
        hypothesis, speaks_for = words.get("question", (None, True))
        return PinThoughts(
            relevance=words["relevance"], tags=words["tags"], hypothesis=hypothesis, speaks_for=speaks_for
        )


class PinForm(PinnedWordsForm):
    """Which events, into which case, and why."""

    event = AnyChoice(
        widget=forms.MultipleHiddenInput, error_messages={"required": "Choose at least one event to pin."}
    )
    # The search that was shown, absolute in time, in the words of its address.
    search = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100_000, strip=False)
    back = forms.CharField(widget=forms.HiddenInput, required=False)
    run = forms.CharField(widget=forms.HiddenInput, required=False)

    def read_search(self) -> Search | None:
        """The search that the form carries, as its page says it; None where there is none, or none that is understood."""
        with suppress(BadQuery):
            return Search.from_query(QueryDict(text)) if (text := str(self["search"].value() or "")) else None
        return None

    def clean_search(self) -> Search | None:
        """How the events were found, as evidence keeps it: absolute in time. None where no search was shown."""
        text = str(self.cleaned_data["search"])
        return _read_search(self, text, now=datetime.now(UTC)) if text else None


class StoryPinForm(PinForm):
    """The form that adds the story of an identifier to a case: which, and why."""

    relevance = tags = question = None  # type: ignore[assignment]  # Django's way to leave out what a form inherits


class AbsenceForm(PinnedWordsForm):
    """Which search found nothing, into which case, and why. `provisional` accepts that events may be missing."""

    search = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100_000, strip=False)
    provisional = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["reason"].widget.attrs["placeholder"] = "Why it matters that there is nothing"

    def clean_search(self) -> Search:
        """The search in the words of its URL. Its problem is shown in place of the form's own."""
        return _read_search(self, str(self.cleaned_data["search"]))


def _read_search(form: forms.Form, text: str, *, now: datetime | None = None) -> Search:
    """A search from the words of its address, fixed in time as of `now` where that is given.

    Raises ValidationError; a token itself is then not shown again.
    """
    query = QueryDict(text)
    try:
        refuse_secrets(query)
        search = Search.from_query(query)
        return fix_times(search, now) if now else search
    except BadQuery as error:
        form.data = {name: value for name, value in form.data.items() if name != "search"}
        raise forms.ValidationError(error.message) from None


class AnnotationForm(RevisedForm):
    """How relevant evidence is, words to find it by, and a hypothesis that it speaks to."""

    relevance = forms.ChoiceField(choices=[("", "Not said"), *Evidence.Relevance.choices], required=False)
    tags = forms.CharField(max_length=900, required=False, help_text="Words to find it by, with commas between.")
    hypothesis = forms.ChoiceField(required=False, label="Hypothesis that it speaks to")
    speaks = forms.ChoiceField(choices=[(FOR, "for it"), (AGAINST, "against it")], required=False)
    field_order = ("relevance", "tags", "hypothesis", "speaks", "revision")

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hypotheses = {str(hypothesis.number): hypothesis for hypothesis in case.hypotheses.all()}
        field = self.fields["hypothesis"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "none"), *((number, make_visible(str(each))) for number, each in self.hypotheses.items())]
        if not self.hypotheses:
            for name in ("hypothesis", "speaks"):
                self.fields[name].widget = forms.HiddenInput()

    def clean_tags(self) -> str:
        """The tags as they are kept."""
        return check_tags(self.cleaned_data["tags"])

    def clean_speaks(self) -> str:
        """On which side it stands: for it, where nobody says."""
        return self.cleaned_data["speaks"] or FOR

    def read_words(self) -> dict[str, Any]:
        """What `annotations.annotate` is given."""
        return self.cleaned_data | {"hypothesis": self.hypotheses.get(self.cleaned_data["hypothesis"])}


class EvidenceChangeForm(forms.Form):
    """Which evidence of a case is changed, each with the revision that was shown, and what is changed in all of it."""

    ANNOTATE, WITHDRAW = "annotate", "withdraw"
    act = forms.ChoiceField(choices=[(ANNOTATE, "Change"), (WITHDRAW, "Withdraw")], widget=forms.HiddenInput)
    relevance = forms.ChoiceField(choices=[("", "as it is"), *Evidence.Relevance.choices], required=False)
    add_tag = forms.CharField(max_length=40, required=False)
    remove_tag = forms.CharField(max_length=40, required=False)
    reason = forms.CharField(max_length=2_000, required=False, label="Reason to withdraw", widget=text_area(2))

    def clean_add_tag(self) -> str:
        """The tag as it is kept: one, or none."""
        return self._read_tag("add_tag")

    def clean_remove_tag(self) -> str:
        """The same."""
        return self._read_tag("remove_tag")

    def _read_tag(self, name: str) -> str:
        tags = split_tags(self.cleaned_data[name])
        if len(tags) > 1:
            raise forms.ValidationError("Write one tag.")
        return tags[0] if tags else ""


def read_revisions(chosen: list[str]) -> dict[int, int]:
    """The numbers of evidence that a form holds with the revision of each, as `12:1`; what is none is left out."""
    pairs = (text.partition(":") for text in chosen)
    numbers = ((read_number(number), read_number(revision)) for number, _, revision in pairs)
    return {number: revision for number, revision in numbers if number and revision is not None}
