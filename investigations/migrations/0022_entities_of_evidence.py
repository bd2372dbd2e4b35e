import orjson
from django.db import migrations

FIELDS = (("token", "id"), ("user", "id"), ("source", "ip"), ("service", "name"), ("resource", "id"))


def collect_entities(apps, schema_editor):
    """What was pinned before has its entities too."""
    Evidence = apps.get_model("investigations", "Evidence")
    CaseEntity = apps.get_model("investigations", "CaseEntity")
    known = set()
    for case, frozen in Evidence.objects.filter(kind="event").values_list("case", "frozen").iterator():
        document = orjson.loads(bytes(frozen))
        for parent, name in FIELDS:
            part = document.get(parent)
            value = part.get(name) if isinstance(part, dict) else None
            if isinstance(value, str) and 0 < len(value) <= 512 and "\0" not in value and value.isprintable():
                known.add((case, f"{parent}.{name}", value))
    CaseEntity.objects.bulk_create(
        (CaseEntity(case_id=case, field=field, value=value) for case, field, value in sorted(known)),
        batch_size=1_000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("investigations", "0021_entities")]

    operations = [migrations.RunPython(collect_entities, migrations.RunPython.noop)]
