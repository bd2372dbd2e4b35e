from django.db import migrations, models


class Migration(migrations.Migration):
    """The public keys with which the console signs its own records, and from which leaf on."""

    dependencies = [("operations", "0013_rename_stretch_to_sealed_range")]

    operations = [
        migrations.CreateModel(
            name="RecordKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("vkey", models.CharField(max_length=500, unique=True)),
                ("event_id", models.CharField(max_length=512)),
                ("at", models.DateTimeField()),
                ("first_size", models.PositiveBigIntegerField(null=True)),
            ],
            options={"ordering": ("pk",)},
        ),
    ]
