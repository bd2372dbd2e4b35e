from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

AT_ONCE = 1_000


def write_custody(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """What is on record of evidence that was pinned before there was custody: who pinned it, and who withdrew it."""
    evidence = apps.get_model("investigations", "Evidence")
    entry = apps.get_model("investigations", "CustodyEntry")
    entries = []
    for row in evidence.objects.order_by("pk").iterator(AT_ONCE):
        common = {"case_id": row.case_id, "evidence_id": row.pk, "detail": "entered later, from the case's record"}
        entries.append(
            entry(action="pin", by_id=row.pinned_by_id, by_name=row.pinned_by_name, at=row.pinned_at, **common)
        )
        if row.withdrawn_at is not None:
            entries.append(entry(action="withdraw", by_name=row.withdrawn_by_name, at=row.withdrawn_at, **common))
    entry.objects.bulk_create(sorted(entries, key=lambda each: each.at), batch_size=AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0031_custody_and_verification"),
    ]

    operations = [
        migrations.RunPython(write_custody, migrations.RunPython.noop),
    ]
