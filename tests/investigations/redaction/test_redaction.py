"""Redaction: no value of a field that is masked leaves the console in any format, and what leaves is proved all the same."""

import io
import json
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from core.record_key import read_signer
from investigations.attachments import services as attachments
from investigations.case_import.errors import BadCaseBundle
from investigations.clock_skews import services as clock_skews
from investigations.detections import services as detections
from investigations.detections.finding_statements import pin_finding
from investigations.entities import services as entities
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.exports import services as exports
from investigations.exports.files import build_path
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Export, RedactionProfile
from investigations.notes import services as notes
from investigations.pin_batches.result_sets import pin_result_set
from investigations.redaction import services
from investigations.redaction.pseudonym_key import derive_key
from investigations.redaction.redactor import MASKED, Redactor
from investigations.reports import services as reports
from tests.investigations.case_import.test_case_import import upload
from tests.support.factories.cases import open_case, pin, pin_batch, run
from tests.support.factories.events import use
from tests.support.factories.events import write as write_events
from tests.support.offline_verifier import verify
from trail.connection import Trail
from trail.questions.new_events import Arrived
from trail.search.spec import Search

Seal = Callable[[], object]
# The values that must not leave: one is written otherwise in texts, one has what HTML, JSON and addresses spell otherwise.
SECRETS = ("mallory.quux", "203.0.113.77", 'zeta"&<é>', "zorro.second", "nemo.nowhere")
RULES = {"user.id": "pseudonym", "user.name": "mask", "source.ip": "mask", "resource.id": "pseudonym"}


@pytest.fixture
def profile(alice: User, trail: Trail) -> RedactionProfile:
    return services.make_profile(name="No people", rules=RULES, by=alice)


@pytest.fixture
def told(case: Case, alice: User, trail: Trail, seal: Seal) -> Case:
    """A case in which the values stand in fields, in texts of events, and in what people wrote."""
    original = json.dumps({"who": SECRETS[0], "from": SECRETS[1]})
    person = {"user__id": SECRETS[0], "source__ip": SECRETS[1], "resource__id": SECRETS[2]}
    first = use(
        "t", id="first", message=f"{SECRETS[0].upper()} came from {SECRETS[1]}", event__original=original, **person
    )
    second = use(
        "t",
        id="second",
        user__id=SECRETS[3],
        message=f"after {SECRETS[0]}",
        url__path="/x/mallory.quux/zeta%22%26%3C%C3%A9%3E",
    )
    second["labels"] = {"note": f"seen with {SECRETS[1]}"}
    pin(trail, case, alice, first, second, reason=f"Mallory.Quux at {SECRETS[1]}, {SECRETS[2]}")
    seal()
    absences.pin(case=case, search=Search(text=f"user.id:{SECRETS[4]}"), reason="never seen", by=alice)
    evidence.withdraw(evidence=case.evidence.get(event_id="second"), reason=f"was {SECRETS[3]}", by=alice)
    notes.write_note(case=case, text=f"It was **{SECRETS[0]}**, and {SECRETS[3]}, not {SECRETS[4]}.", by=alice)
    hypotheses.add_hypothesis(case=case, statement=f"It was {SECRETS[0]}", by=alice)
    entities.judge_entity(case=case, field="user.id", value=SECRETS[0], word="malicious", reason=SECRETS[1], by=alice)
    attachments.attach_file(case=case, name=f"{SECRETS[0]}.txt", chunks=[SECRETS[0].encode()], by=alice)
    seal()
    return case


def write(format: str, profile: RedactionProfile, by: User, **subject: object) -> Export:
    made = exports.start(format=format, by=by, redaction=profile, **subject)  # type: ignore[arg-type]
    exports.write_export(made.pk)
    made.refresh_from_db()
    assert (made.state, made.problem) == ("finished", "")
    return made


def unpack(name: str, content: bytes) -> Iterator[bytes]:
    """The bytes of a file, and of what is compressed in it."""
    yield content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield member.encode()
                yield from unpack(member, archive.read(member))
    if content[:4] == b"PAR1":
        columns = pq.read_table(io.BytesIO(content)).columns
        yield "\n".join(column.to_string(window=10**6) for column in columns).encode()
    if content[:4] == b"%PDF":
        yield (
            "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).replace("\u200b", "").encode()
        )


def find_secrets(name: str, content: bytes, secrets: tuple[str, ...] = SECRETS) -> set[str]:
    spelled = {secret: {secret.lower(), json.dumps(secret)[1:-1], secret.replace('"', '""')} for secret in secrets}
    pieces = [piece.decode("utf-8", "replace").lower() for piece in unpack(name, content)]
    return {secret for secret, forms in spelled.items() for form in forms for piece in pieces if form in piece}


@pytest.mark.parametrize("format", Export.Format.values)
def test_no_masked_value_is_anywhere_in_the_bytes_of_a_file(
    format: str, told: Case, profile: RedactionProfile, alice: User
) -> None:
    made = write(format, profile, alice, case=told)
    content = build_path(made).read_bytes()
    assert ".redacted." in made.name
    assert find_secrets(made.name, content) == set()
    plain = exports.start(format=format, by=alice, case=told)
    exports.write_export(plain.pk)
    assert find_secrets(plain.name, build_path(plain).read_bytes()), "the test does not find what it looks for"


@pytest.mark.parametrize("format", Export.Format.values)
def test_every_file_names_the_profile_and_so_does_the_one_beside_it(
    client: Client, format: str, told: Case, profile: RedactionProfile, alice: User
) -> None:
    made = write(format, profile, alice, case=told)
    pieces = [piece.decode("utf-8", "replace") for piece in unpack(made.name, build_path(made).read_bytes())]
    assert any(profile.name in piece for piece in pieces)
    client.force_login(alice)
    beside = client.get(f"/exports/{made.public_id}/digest/").content.decode()
    assert f"# redacted by the profile “{profile.name}”" in beside
    plain = exports.start(format=format, by=alice, case=told)
    exports.write_export(plain.pk)
    pieces = [piece.decode("utf-8", "replace") for piece in unpack(plain.name, build_path(plain).read_bytes())]
    assert not any(profile.name in piece for piece in pieces)


# What people call somebody of whom the events say `g.hopper`, `Grace Hopper` and `grace.m.hopper@example.org`.
CALLED = (
    "Grace Hopper",
    "GRACE   HOPPER",
    "Hopper, Grace",
    "grace_hopper",
    "GraceHopper",
    "Gräce\u00a0Hopper",
    "G. Hopper",
    "grace.m.hopper",
    "Hopper",
)
# And the console's own people, one of whom works on the case.
PEOPLE = ("Alice", "Bob", "bob")


@pytest.fixture
def called(case: Case, alice: User, bob: User, trail: Trail, seal: Seal) -> Case:
    """A case in which people write of somebody as the events do not."""
    person = {"user__id": "g.hopper", "user__full_name": "Grace Hopper", "user__email": "grace.m.hopper@example.org"}
    text = "; ".join((*CALLED, "asked bob of the team"))
    pin(trail, case, alice, use("t", id="first", **person), use("t", id="second", user__id="g.hopper"), reason=text)
    seal()
    notes.write_note(case=case, text=text, by=alice)
    hypotheses.add_hypothesis(case=case, statement=text[:280], by=alice)
    absences.pin(case=case, search=Search(text="token.id:none"), reason=text, by=alice)
    case.title = text[:150]
    case.save(update_fields=["title"])
    seal()
    return case


@pytest.mark.parametrize("rules", [{"user.id": "mask"}, {"user.full_name": "pseudonym"}], ids=["id", "name"])
@pytest.mark.parametrize("format", [*Export.Format.values, *reports.FORMATS])
def test_nobody_is_named_however_people_write_it(format: str, rules: dict[str, str], called: Case, alice: User) -> None:
    profile = services.make_profile(name="Persons", rules=rules, by=alice)
    if format in reports.FORMATS:
        file = reports.hand_out(case=called, by=alice, format=format, redaction=profile)
        name, content = file.name, file.content
    else:
        made = write(format, profile, alice, case=called)
        name, content = made.name, build_path(made).read_bytes()
    assert find_secrets(name, content, (*CALLED, *PEOPLE[:1])) == set()
    assert not any(b" bob of" in piece for piece in unpack(name, content))


def test_one_person_has_one_pseudonym_whatever_they_are_called(called: Case, alice: User) -> None:
    profile = services.make_profile(name="Persons", rules={"user.id": "pseudonym"}, by=alice)
    redactor = services.build_case_redactor(profile, called)
    expected = redactor.redact_value("user.id", "g.hopper")
    assert {redactor.redact_text(name) for name in CALLED} == {expected}
    assert redactor.redact_text("hoppers it") == f"{expected}s it"


def test_a_profile_without_people_leaves_them(called: Case, alice: User) -> None:
    redactor = services.build_case_redactor(
        services.make_profile(name="A", rules={"source.ip": "mask"}, by=alice), called
    )
    assert redactor.redact_text("Grace Hopper told Alice") == "Grace Hopper told Alice"


NAMES = st.lists(st.from_regex(r"[A-Za-zÀ-ÖØ-öа-яА-Я]{3,9}", fullmatch=True), min_size=2, max_size=3)


@given(
    words=NAMES,
    between=st.sampled_from([" ", "  ", "\n", ".", "_", "-", ", ", "\u00a0", ""]),
    change=st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    around=st.tuples(st.sampled_from(["", "It was ", "(", "„"]), st.sampled_from(["", ".", " again", ")"])),
)
def test_no_way_to_write_a_name_stays_in_a_text(
    words: list[str], between: str, change: Callable[[str], str], around: tuple[str, str]
) -> None:
    redactor = Redactor({"user.id": "mask"}, bytes(32))
    redactor.learn_person({"user.id": "u-17", "user.full_name": " ".join(words)})
    text = redactor.redact_text(around[0] + change(between.join(words)) + around[1])
    left = text.replace(MASKED, "").replace(around[0], "", 1).replace(around[1], "", 1)
    assert not any(character.isalpha() for character in left), text


@pytest.mark.parametrize("format", [name for name in Export.Format.values if name != "case_bundle"])
def test_the_same_holds_of_the_results_of_a_run(
    format: str, told: Case, profile: RedactionProfile, alice: User
) -> None:
    made = write(format, profile, alice, run=run(alice, text="token.id:t"))
    # What a run finds has no case whose people could have written a name of their own.
    assert find_secrets(made.name, build_path(made).read_bytes(), SECRETS[:4]) == set()


@pytest.mark.parametrize("format", reports.FORMATS)
def test_the_same_holds_of_the_report(format: str, told: Case, profile: RedactionProfile, alice: User) -> None:
    reports.change_report(
        case=told, by=alice, revision=1, title=f"About {SECRETS[0]}", is_draft=False, sections=[], left_out=[]
    )
    file = reports.hand_out(case=told, by=alice, format=format, redaction=profile)
    assert find_secrets(file.name, file.content) == set()
    assert "redacted" in file.name
    assert find_secrets(file.name, reports.hand_out(case=told, by=alice, format=format).content)


def test_pseudonyms_are_the_same_within_a_case_and_others_in_another(
    told: Case, profile: RedactionProfile, alice: User, trail: Trail
) -> None:
    def list_pseudonyms(case: Case) -> set[str]:
        lines = build_path(write("jsonl", profile, alice, case=case)).read_text().splitlines()
        return {json.loads(line)["event"]["user"]["id"] for line in lines if "event" in json.loads(line)}

    other = open_case(alice)
    evidence.pin(case=other, event_ids=["first"], reason="too", by=alice)
    assert list_pseudonyms(told) == list_pseudonyms(told)
    assert not list_pseudonyms(told) & list_pseudonyms(other)
    assert all(name.startswith("user-") for name in list_pseudonyms(told))


def test_a_redacted_bundle_proves_which_leaves_and_not_which_values(
    told: Case, profile: RedactionProfile, alice: User, tmp_path: Path
) -> None:
    content = build_path(write("bundle", profile, alice, case=told)).read_bytes()
    lines = [json.loads(line) for line in content.splitlines()]
    assert lines[0] == {"format": "audit-trail-bundle/v5"}
    assert lines[1]["about"]["redaction"]["fields"] == dict(sorted(RULES.items()))
    entries = [line for line in lines if "index" in line]
    assert [entry.keys() for entry in entries] == [{"index", "leaf_hash", "proof", "about"}] * 2
    leaves = set(told.evidence.not_withdrawn().exclude(leaf=None).values_list("leaf", flat=True))
    assert {entry["index"] for entry in entries} >= leaves
    status, said = verify(content, tmp_path)
    assert (status, "2 of 2 events proved" in said, "2 of them withheld" in said) == (0, True, True), said
    index = content.index(b'"leaf_hash":"') + 13
    changed = content[:index] + (b"A" if content[index : index + 1] != b"A" else b"B") + content[index + 1 :]
    assert verify(changed, tmp_path)[0] == 1


def test_a_redacted_case_bundle_is_proved_and_is_not_imported(
    told: Case, profile: RedactionProfile, alice: User, lea: User, tmp_path: Path
) -> None:
    content = build_path(write("case_bundle", profile, alice, case=told)).read_bytes()
    status, said = verify(content, tmp_path, "--console-key", str(read_signer().verifier))
    assert (status, "; redacted" in said) == (0, True), said
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert not [name for name in archive.namelist() if name.startswith("attachments/")]
    assert manifest["redaction"]["profile"] == "No people"
    with pytest.raises(BadCaseBundle, match="redacted"):
        upload(content, lea)


def test_a_profile_is_not_changed_and_its_name_is_its_own(profile: RedactionProfile, alice: User) -> None:
    with pytest.raises(Refused, match="has this name"):
        services.make_profile(name="No people", rules=RULES, by=alice)
    with pytest.raises(Refused, match="at least one field"):
        services.make_profile(name="Nothing", rules={}, by=alice)
    with pytest.raises(Refused, match="cannot be redacted"):
        services.make_profile(name="Time", rules={"@timestamp": "mask"}, by=alice)
    services.retire_profile(profile=profile, by=alice)
    with pytest.raises(Refused, match="no such redaction profile"):
        services.find_profile(profile.public_id)


def test_it_is_chosen_where_one_exports(
    client: Client, told: Case, alice: User, lea: User, profile: RedactionProfile
) -> None:
    client.force_login(alice)
    answer = client.post("/redaction/", {"name": "Addresses", "source.ip": "pseudonym"})
    assertRedirects(answer, "/redaction/")
    assertContains(client.get(f"/cases/{told.public_id}/"), "Addresses")
    client.post(f"/cases/{told.public_id}/export/", {"format": "csv", "redaction": profile.public_id})
    made = Export.objects.get()
    assert made.redaction == profile
    assertContains(client.get(f"/exports/{made.public_id}/"), made.name)
    client.post(f"/cases/{told.public_id}/export/", {"format": "csv", "redaction": "nosuch"})
    assert Export.objects.count() == 1, "what names an unknown profile leaves unredacted"
    client.post(f"/cases/{told.public_id}/report/file/", {"format": "html", "redaction": "nosuch"})
    client.force_login(lea)
    client.post(f"/redaction/{profile.public_id}/retire/")
    profile.refresh_from_db()
    assert profile.retired_at


# Whom the case searched for and never pinned, a machine whose clock was wrong, and a value that is cut where it is told.
SEARCHED = ("vera.searched", "198.51.100.23", "rule.person", "clock.machine", "p" * 60 + ".long." + "q" * 60)


@pytest.fixture
def searched(told: Case, alice: User, trail: Trail, seal: Seal, profile: RedactionProfile) -> RedactionProfile:
    """What the case asked names more people than its events do; activity, statements and notes name them again."""
    write_events(trail, use("t", id="other", user__id="somebody"))
    seal()
    text = f"user.id:somebody AND NOT (user.id:{SEARCHED[0]} OR source.ip:{SEARCHED[1]})"
    found = run(alice, text=text, case=told, title=text)
    pin_batch(alice, found, told)
    pin_result_set(case=told, run=found, reason="all of it", by=alice)
    made = detections.make(
        name=f"Logins of {SEARCHED[2]}",
        search=Search(text=f"user.id:{SEARCHED[2]}"),
        minutes=5,
        severity="high",
        by=alice,
    )
    arrived = Arrived(place=made.place, count=1, events=[(trail.events, "other")], taken=(0.0, 0.0))
    raised = detections._move_on(made, Search.from_json(made.search), arrived, until=made.looked_until)
    assert raised is not None
    pin_finding(finding=raised, case=told, reason="It began here", by=alice)
    clock_skews.add_clock_skew(
        case=told, field="host.name", value=SEARCHED[3], offset=10**9, reason=f"{SEARCHED[3]} says so", by=alice
    )
    entities.judge_entity(case=told, field="user.id", value=SEARCHED[4], word="victim", reason="", by=alice)
    note = f"Neither {SEARCHED[0]} nor {SEARCHED[1]}, whatever {SEARCHED[2]} says."
    notes.write_note(case=told, text=note, by=alice)
    seal()
    return services.make_profile(name="Nobody", rules={**RULES, "host.name": "mask"}, by=alice)


@pytest.mark.parametrize("format", ["case_bundle", "jsonl", "csv", "bundle"])
def test_nobody_whom_a_case_searched_for_is_named_in_a_file(
    format: str, searched: RedactionProfile, told: Case, alice: User
) -> None:
    secrets = (*SEARCHED[:4], "p" * 60)
    made = write(format, searched, alice, case=told)
    assert find_secrets(made.name, build_path(made).read_bytes(), secrets) == set()


def test_nobody_whom_a_case_searched_for_is_named_in_its_report(
    searched: RedactionProfile, told: Case, alice: User
) -> None:
    file = reports.hand_out(case=told, by=alice, format="markdown", redaction=searched)
    assert find_secrets(file.name, file.content, (*SEARCHED[:4], "p" * 60)) == set()


def test_a_run_is_not_named_by_its_search(profile: RedactionProfile, told: Case, alice: User) -> None:
    text = f"token.id:t AND NOT user.id:{SEARCHED[0]}"
    made = write("bundle", profile, alice, run=run(alice, text=text, title=text))
    assert find_secrets(made.name, build_path(made).read_bytes(), SEARCHED) == set()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("josé.núñez", unicodedata.normalize("NFD", "it was josé.núñez")),
        (unicodedata.normalize("NFD", "josé.núñez"), "it was José.Núñez"),
        ("Ada Lovelace", "it was Ada\nLovelace"),
        ("svc_build_bot", r"it was svc\_build\_bot"),
        ("2001:db8::77", "from 2001:0db8:0000:0000:0000:0000:0000:0077"),
        ("2001:db8:0:0::77", "from 2001:db8::77"),
    ],
)
def test_a_value_that_is_written_otherwise_in_a_text_is_taken_out_of_it(value: str, text: str) -> None:
    redactor = Redactor({"user.id": "mask"}, bytes(32))
    redactor.learn("user.id", [value])
    assert redactor.redact_text(text).endswith(MASKED)


VALUES = st.text(st.characters(exclude_categories=("Cs",)), min_size=4, max_size=12)


@given(values=st.lists(VALUES, min_size=1, max_size=8), around=st.lists(st.text(max_size=6), min_size=9, max_size=9))
def test_no_value_that_was_learnt_stays_in_a_text(values: list[str], around: list[str]) -> None:
    redactor = Redactor({"user.id": "mask"}, bytes(32))
    redactor.learn("user.id", values)
    text = "".join(chain.from_iterable(zip(around, [*values, ""], strict=False)))
    pieces = redactor.redact_text(text).split(MASKED)
    assert not [value for value in values for piece in pieces if value in piece]


@given(value=VALUES)
def test_a_pseudonym_follows_from_the_value_and_the_cases_key_alone(value: str) -> None:
    one, same, other = (Redactor({"user.id": "pseudonym"}, bytes([number]) * 32) for number in (1, 1, 2))
    assert one.redact_value("user.id", value) == same.redact_value("user.id", value)
    assert one.redact_value("user.id", value) != other.redact_value("user.id", value)
    assert value not in one.redact_value("user.id", value) or len(value) < 5


def test_the_secret_is_its_owners_alone(settings: object) -> None:
    from django.conf import settings as configured

    assert derive_key("case:a") == derive_key("case:a") != derive_key("case:b")
    path = Path(configured.STATE_DIR) / "redaction_key"
    assert path.stat().st_mode & 0o777 == 0o600
