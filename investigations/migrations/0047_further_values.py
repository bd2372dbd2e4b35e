from itertools import islice

import django.db.models.deletion
import orjson
from django.db import migrations, models

AT_ONCE = 500
MOST = 512


def write_values(apps, schema_editor):
    """What was pinned before has all of its addresses: AT_ONCE copies, and as many rows, are held."""
    facts = apps.get_model("investigations", "EvidenceFact").objects
    values, last = apps.get_model("investigations", "EvidenceFactValue"), 0
    rows = facts.filter(evidence__kind="event").select_related("evidence").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = batch[-1].pk
        new = (
            values(fact_id=fact.pk, case_id=fact.case_id, column="address", value=value)
            for fact in batch
            for value in list_further_addresses(fact)
        )
        while part := list(islice(new, AT_ONCE)):
            values.objects.bulk_create(part, ignore_conflicts=True)


def list_further_addresses(fact):
    try:
        document = orjson.loads(bytes(fact.evidence.frozen))
    except orjson.JSONDecodeError:
        return []  # which is not what was pinned, as every verification says
    source = document.get("source")
    value = source.get("ip") if isinstance(source, dict) else None
    texts = sorted({str(each) for each in (value if isinstance(value, list) else [value]) if each is not None})
    return list(dict.fromkeys(fit(text) for text in texts[1:]))


def fit(text):
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:MOST].encode("utf-8", "replace").decode()


class Migration(migrations.Migration):
    dependencies = [("investigations", "0046_sessions_of_evidence")]

    operations = [
        migrations.CreateModel(
            name="EvidenceFactValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("column", models.CharField(max_length=20)),
                ("value", models.CharField(max_length=512)),
                (
                    "case",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="investigations.case",
                    ),
                ),
                (
                    "fact",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="further_values",
                        to="investigations.evidencefact",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["case", "column", "value", "fact"], name="further_values_of_case"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("fact", "column", "value"), name="one_further_value_of_a_fact"),
                ],
            },
        ),
        migrations.RunPython(write_values, migrations.RunPython.noop),
    ]
