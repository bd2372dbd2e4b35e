from collections import Counter

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def number_cases(apps, schema_editor):
    """Cases that exist are numbered in the order in which they were opened."""
    serials = Counter()
    Case = apps.get_model("investigations", "Case")
    for case in Case.objects.order_by("opened_at", "pk").iterator():
        year = case.opened_at.year
        serials[year] += 1
        Case.objects.filter(pk=case.pk).update(number=f"C-{year}-{serials[year]:04}")
    CaseSerial = apps.get_model("investigations", "CaseSerial")
    CaseSerial.objects.bulk_create(CaseSerial(year=year, last=last) for year, last in serials.items())


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0016_notices_read"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CaseSerial",
            fields=[
                ("year", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="CaseTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(db_index=True, max_length=40)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tags", to="investigations.case"
                    ),
                ),
            ],
            options={"ordering": ("name",)},
        ),
        migrations.AddConstraint(
            model_name="casetag", constraint=models.UniqueConstraint(fields=("case", "name"), name="tagged_once")
        ),
        migrations.AddField(
            model_name="case", name="number", field=models.CharField(editable=False, max_length=16, null=True)
        ),
        migrations.AddField(
            model_name="case",
            name="disposition",
            field=models.CharField(
                blank=True,
                default="",
                choices=[
                    ("true_positive", "True positive: it was an incident"),
                    ("benign", "Benign: it was expected"),
                    ("false_positive", "False positive: it did not happen"),
                    ("duplicate", "Duplicate of another case"),
                    ("inconclusive", "Inconclusive"),
                ],
                max_length=20,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="case",
            name="closing_reason",
            field=models.TextField(blank=True, default="", max_length=2_000),
            preserve_default=False,
        ),
        migrations.AddField(model_name="case", name="closed_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="case",
            name="assignee",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="case",
            name="status",
            field=models.CharField(
                choices=[("open", "Open"), ("contained", "Contained"), ("closed", "Closed")],
                default="open",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="case",
            name="description",
            field=models.TextField(blank=True, max_length=20_000, verbose_name="summary"),
        ),
        migrations.RunPython(number_cases, migrations.RunPython.noop),
    ]
