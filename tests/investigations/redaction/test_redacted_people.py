"""People of other consoles, and those who were called otherwise once, are named in nothing that is redacted."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import CharField

from accounts.models import User
from investigations.case_tasks import services as tasks
from investigations.entities import services as entities
from investigations.evidence import absences
from investigations.evidence.custody import SCHEDULE, Action, record_custody
from investigations.exports.files import build_path
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Export, RedactionProfile
from investigations.notes import services as notes
from investigations.redaction import services
from investigations.redaction.people import list_columns
from investigations.reports import services as reports
from tests.investigations.case_import.test_case_import import bring_in
from tests.investigations.exports.test_case_bundle import export_case_bundle
from tests.investigations.redaction.test_redaction import find_secrets, write
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from trail.connection import Trail
from trail.search.spec import Search

Seal = Callable[[], object]
NAMES = ("Maxim", "Muster", "Erika", "Beispiel")
RULES = {"user.id": "pseudonym"}


def rename(user: User, name: str) -> None:
    user.name = name
    user.save(update_fields=["name"])


@pytest.fixture
def worked(case: Case, alice: User, bob: User, trail: Trail, seal: Seal) -> Case:
    """A case in which Alice and Bob did something of every kind, whose names were others then."""
    rename(alice, "Erika Beispiel")
    rename(bob, "Maxim Muster")
    pin(trail, case, bob, use("t", id="first", user__id="eve"))
    seal()
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=bob)
    notes.write_note(case=case, text="Maxim Muster said so", by=bob)
    entities.judge_entity(case=case, field="user.id", value="eve", word="malicious", reason="so", by=bob)
    hypotheses.add_hypothesis(case=case, statement="It was eve", by=bob)
    tasks.add_task(case=case, title="Ask Beispiel", by=alice)
    seal()
    return case


@pytest.fixture
def foreign(worked: Case, alice: User, bob: User, lea: User) -> Case:
    """The same at another console, of whom nobody has an account here."""
    content = export_case_bundle(worked, alice)
    rename(alice, "Alice")
    rename(bob, "Bob")
    return bring_in(content, lea)


def make_profile(by: User, rules: dict[str, str] = RULES) -> RedactionProfile:
    return services.make_profile(name="Persons", rules=rules, by=by)


def read(format: str, case: Case, by: User) -> tuple[str, bytes]:
    profile = make_profile(by)
    if format in reports.FORMATS:
        file = reports.hand_out(case=case, by=by, format=format, redaction=profile)
        return file.name, file.content
    made = write(format, profile, by, case=case)
    return made.name, build_path(made).read_bytes()


FOREIGN_FORMATS = [name for name in Export.Format.values if "bundle" not in name]


@pytest.mark.parametrize("format", [*FOREIGN_FORMATS, *reports.FORMATS])
def test_nobody_of_another_console_is_named(format: str, foreign: Case, lea: User) -> None:
    assert foreign.evidence.get(event_id="first").pinned_by_name.startswith("Maxim Muster (")
    name, content = read(format, foreign, lea)
    assert find_secrets(name, content, NAMES) == set()


@pytest.mark.parametrize("format", ["csv", "bundle", "case_bundle", "html", "pdf"])
def test_nobody_is_named_as_they_were_called_once(format: str, worked: Case, alice: User, bob: User) -> None:
    rename(alice, "Alice")
    rename(bob, "Robert")
    name, content = read(format, worked, alice)
    assert find_secrets(name, content, NAMES) == set()


def test_who_is_called_otherwise_now_has_one_pseudonym(worked: Case, alice: User, bob: User) -> None:
    rename(bob, "Robert Neu")
    redactor = services.build_case_redactor(make_profile(alice), worked)
    expected = redactor.redact_value("user.id", "bob")
    assert {redactor.redact_text(name) for name in ("Maxim Muster", "muster", "Robert", "bob")} == {expected}


def test_the_schedule_is_nobody(worked: Case, alice: User) -> None:
    record_custody(list(worked.evidence.all()), Action.VERIFY, by=None)
    redactor = services.build_case_redactor(make_profile(alice), worked)
    assert redactor.redact_text(f"{SCHEDULE} of the console") == f"{SCHEDULE} of the console"


def test_every_column_that_names_somebody_in_a_case_is_read(worked: Case) -> None:
    """A model that is added is not forgotten: its columns are found by what they are called."""
    columns = {(named.model.__name__, column) for named in list_columns() for column in named.columns}
    related = {key.related_model for key in Case._meta.related_objects}
    for model in related - {Case}:
        for field in model._meta.get_fields():
            if isinstance(field, CharField) and (field.name == "by_name" or field.name.endswith("_name")):
                assert (model.__name__, field.name) in columns
    assert {("Verdict", "by_name"), ("ManualEventVersion", "by_name"), ("Case", "opened_by_name")} <= columns


def test_a_redacted_case_bundle_names_the_foreign_nowhere(worked: Case, alice: User, bob: User) -> None:
    rename(bob, "Robert")
    made = write("case_bundle", make_profile(alice), alice, case=worked)
    with zipfile.ZipFile(io.BytesIO(build_path(made).read_bytes())) as archive:
        case: dict[str, Any] = json.loads(archive.read("case.json"))
    assert len({piece["pinned_by"] for piece in case["evidence"]}) == 1
    assert all(piece["pinned_by"].startswith("user-") for piece in case["evidence"])


def test_people_who_are_masked_are_not_one_account(case: Case, alice: User, trail: Trail, seal: Seal) -> None:
    pin(trail, case, alice, *(use("t", id=f"by-{user}", user__id=user, user__name=user) for user in ("eve", "mallory")))
    seal()
    rules = {"user.id": "mask", "user.name": "mask"}
    made = write("stix", make_profile(alice, rules), alice, case=case)
    bundle = json.loads(build_path(made).read_bytes())
    assert not [each for each in bundle["objects"] if each["type"] == "user-account"]
