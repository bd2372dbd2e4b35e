from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Exists, OuterRef

AT_ONCE = 1_000


def write_custody(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """What is on record of evidence that was pinned before there was custody: who pinned it, and who withdrew it.

    What is entered already, for this is applied a second time, is not entered again.
    """
    entry = apps.get_model("investigations", "CustodyEntry")
    streams = (_build_entries(apps, "pin", "pinned"), _build_entries(apps, "withdraw", "withdrawn"))
    entries = merge(*streams, key=lambda each: each.at)
    while batch := list(islice(entries, AT_ONCE)):
        entry.objects.bulk_create(batch)


def _build_entries(apps: StateApps, action: str, acted: str) -> Iterator[Any]:
    """The entries of one act, in the order of time: AT_ONCE pieces of evidence are held, without their copies."""
    entry = apps.get_model("investigations", "CustodyEntry")
    evidence = apps.get_model("investigations", "Evidence").objects
    entered = Exists(entry.objects.filter(evidence=OuterRef("pk"), action=action))
    rows = evidence.filter(~entered, **{f"{acted}_at__isnull": False}).order_by(f"{acted}_at", "pk")
    names = ("pk", "case_id", f"{acted}_by_name", f"{acted}_at", *(["pinned_by_id"] if action == "pin" else []))
    for key, case, name, at, *by in rows.values_list(*names).iterator(AT_ONCE):
        yield entry(
            action=action,
            by_id=by[0] if by else None,
            by_name=name,
            at=at,
            case_id=case,
            evidence_id=key,
            detail="entered later, from the case's record",
        )


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0031_custody_and_verification"),
    ]

    operations = [
        migrations.RunPython(write_custody, migrations.RunPython.noop),
    ]
