from collections import Counter
from hashlib import sha256

import orjson
from django.db import migrations
from django.db.models import Exists, OuterRef

AT_ONCE = 500
COLUMNS = {
    "token.operation": ("operation", 40),
    "event.outcome": ("outcome", 20),
    "token.id": ("token_id", 512),
    "token.fingerprint": ("fingerprint", 512),
    "source.ip": ("address", 512),
    "user.id": ("user_id", 512),
    "user_agent.original": ("client", 512),
    "service.name": ("service", 512),
    "token.kind": ("token_kind", 200),
    "source.geo.city_name": ("city", 200),
    "resource.type": ("resource_type", 200),
}
ALIKE = (
    "token.operation",
    "event.action",
    "event.outcome",
    "event.reason",
    "user.id",
    "source.ip",
    "token.id",
    "service.name",
)
KINDS = ("token.id", "user.id", "source.ip", "service.name", "resource.id")


def write_facts(apps, schema_editor):
    """What was pinned before has its facts, and its entities are counted: AT_ONCE copies are held, and one case's entities."""
    evidence = apps.get_model("investigations", "Evidence").objects
    for case in apps.get_model("investigations", "Case").objects.order_by("pk").values_list("pk", flat=True):
        counts, last = Counter(), 0
        rows = evidence.filter(case=case, kind="event").order_by("number")
        while batch := list(rows.filter(number__gt=last)[:AT_ONCE]):
            last = batch[-1].number
            write_batch(apps, batch, counts)
        keep_counts(apps, case, counts)
    mark_shared(apps)


def write_batch(apps, batch, counts):
    model = apps.get_model("investigations", "EvidenceFact")
    facts = []
    for each in batch:
        try:
            document = orjson.loads(bytes(each.frozen))
        except orjson.JSONDecodeError:
            document = {}  # which is not what was pinned, as every verification says
        facts.append(model(evidence=each, **read_fact(each, document)))
        if each.withdrawn_at is None:
            counts.update(list_pairs(document))
    model.objects.bulk_create(facts, ignore_conflicts=True)


def read_fact(each, document):
    words = {column: fit(to_text(get(document, name)), most) for name, (column, most) in COLUMNS.items()}
    alike = [each.reason, *(str(get(document, name)) for name in ALIKE)]
    digest = sha256(orjson.dumps([part.encode("utf-8", "replace").decode() for part in alike])).hexdigest()[:32]
    return words | {
        "case_id": each.case_id,
        "is_withdrawn": each.withdrawn_at is not None,
        "time": read_time(each.event_timestamp),
        "fold": "" if words["operation"] == "token.revoke" else digest,
    }


def list_pairs(document):
    for field in KINDS:
        value = get(document, field)
        if isinstance(value, str) and value and value == fit(value, 512):
            yield field, value


def get(document, name):
    value = document
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def to_text(value):
    values = sorted(str(each) for each in (value if isinstance(value, list) else [value]) if each is not None)
    return values[0] if values else ""


def fit(text, most):
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:most].encode("utf-8", "replace").decode()


def read_time(text):
    from trail.times import NotATime, parse_time

    try:
        return parse_time(text)
    except NotATime:
        return 0


def keep_counts(apps, case, counts):
    entities = apps.get_model("investigations", "CaseEntity").objects
    pairs = sorted(counts)
    for start in range(0, len(pairs), AT_ONCE):
        part = [
            entities.model(case_id=case, field=field, value=value, events=counts[field, value])
            for field, value in pairs[start : start + AT_ONCE]
        ]
        entities.bulk_create(
            part, update_conflicts=True, unique_fields=["case", "field", "value"], update_fields=["events"]
        )


def mark_shared(apps):
    """Those that several cases have."""
    entities = apps.get_model("investigations", "CaseEntity").objects
    same = entities.filter(field=OuterRef("field"), value=OuterRef("value")).exclude(case=OuterRef("case"))
    entities.filter(Exists(same)).update(is_shared=True)
    facts = apps.get_model("investigations", "EvidenceFact").objects
    evidence = apps.get_model("investigations", "Evidence").objects
    twin = evidence.filter(event_id=OuterRef("evidence__event_id")).exclude(case=OuterRef("case"))
    keys = facts.filter(Exists(twin)).values("pk")
    facts.filter(pk__in=keys).update(is_shared=True)


class Migration(migrations.Migration):
    dependencies = [("investigations", "0035_evidence_facts")]

    operations = [migrations.RunPython(write_facts, migrations.RunPython.noop)]
