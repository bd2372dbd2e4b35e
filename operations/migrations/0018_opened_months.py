import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which months somebody's events opened, so that one writer opens few in a day."""

    dependencies = [("operations", "0017_mapping_retirement")]

    operations = [
        migrations.CreateModel(
            name="OpenedMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opener", models.CharField(max_length=200)),
                ("month", models.CharField(max_length=7)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ("pk",),
                "indexes": [models.Index(fields=["opener", "at"], name="opened_months_of_a_day")],
            },
        ),
    ]
