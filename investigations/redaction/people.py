"""Lists the people whom a case names, of this console and of others, as they were called when they did something there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from django.apps import apps
from django.db.models import CharField, ForeignKey, Model

from accounts.models import User
from investigations.evidence.custody import SCHEDULE
from investigations.models import Case, Evidence, ForeignCase

# How people of another console are called: by their name there and its log (`case_import.contents.name_people`), perhaps cut.
_ORIGIN = re.compile(r" \([^()]*\)?$")
_NAMES = ("_name", "foreign_assignee")
_OWNERS = ("evidence", "entity", "event", "note", "hypothesis")
# Who said something in a part of a statement.
_BY = ("by", "made_by")
AT_ONCE = 200  # statements
Person = dict[str, str]


@dataclass(frozen=True, slots=True)
class NamedPeople:
    """A model of which rows belong to a case: how they lead to it, and their columns that name a person, each with the column
    that leads to the person's account where there is one."""

    model: type[Model]
    path: str
    columns: dict[str, str]


def list_people(case: Case) -> Iterator[Person]:
    """Everybody by the names of fields: the accounts of the console, and whoever rows of the case name, as they were called then;
    of whoever has no account here the name alone. A query for each model with such a column and one for AT_ONCE statements."""
    for username, name, email in User.objects.values_list("username", "name", "email"):
        yield {"user.id": username, "user.full_name": name, "user.email": email}
    for person in chain(_list_authors(case), _list_foreign_people(case), _list_asking(case)):
        name = _ORIGIN.sub("", person.get("user.full_name", ""))
        if name != SCHEDULE:
            yield person | {"user.full_name": name}


def list_columns() -> Iterator[NamedPeople]:
    """Every column that names a person, in every model of which rows belong to a case."""
    for model in apps.get_app_config("investigations").get_models():
        fields = {field.name: field for field in model._meta.get_fields()}
        texts = [name for name, field in fields.items() if isinstance(field, CharField) and name.endswith(_NAMES)]
        keys = {name: fields.get(name.removesuffix("_name")) for name in texts}
        columns = {name: f"{key.name}__username" if isinstance(key, ForeignKey) else "" for name, key in keys.items()}
        if columns and (path := _find_path(model)):
            yield NamedPeople(model, path, columns)


def _find_path(model: type[Model]) -> str:
    """How a row leads to its case, by itself or by what it belongs to; empty where it does not."""
    if model is Case:
        return "pk"
    keys = [field.name for field in model._meta.get_fields() if isinstance(field, ForeignKey)]
    owner = next((key for key in keys if key in _OWNERS), "")
    return "case" if "case" in keys else f"{owner}__case" if owner else ""


def _list_authors(case: Case) -> Iterator[Person]:
    for named in list_columns():
        rows = named.model._default_manager.filter(**{named.path: case.pk}).order_by()
        for column, account in named.columns.items():
            names = rows.values_list(column, account) if account else rows.values_list(column)
            for name, *username in names.distinct():
                yield _build_person(name, *username)


def _build_person(name: str, username: str | None = None) -> Person:
    return {"user.full_name": name} | ({"user.id": username} if username else {})


def _list_foreign_people(case: Case) -> Iterator[Person]:
    """Those whom the case had at the console that it came from."""
    foreign = ForeignCase.objects.filter(case=case).select_related("key").first()
    if foreign is None:
        return
    names = [foreign.exported_by, foreign.key.accepted_by_name, foreign.key.revoked_by_name]
    names += [str(foreign.words.get(name, "")) for name in ("assignee", "opened_by")]
    names += [str(person["name"]) for person in foreign.people]
    yield from map(_build_person, (*names, *(str(run["started_by"]) for run in foreign.runs)))


def _list_asking(case: Case) -> Iterator[Person]:
    """Who is named in the documents of statements. Who asked at another console is nobody's account here."""
    statements = case.evidence.exclude(kind=Evidence.Kind.EVENT).order_by("number")
    for statement in statements.iterator(chunk_size=AT_ONCE):
        document = statement.document
        asking = document.get("asked_by") or {}
        if statement.pinned_by_id:
            yield _build_person(asking.get("name", ""), asking.get("id"))
        else:
            yield from (_build_person(str(each)) for each in asking.values())
        for part in (document.get("rule"), document.get("state")):
            yield from (_build_person(part[name]) for name in _BY if part and part.get(name))
