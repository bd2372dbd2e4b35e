from django.db import migrations, models


class Migration(migrations.Migration):
    """A key may be one that reads every sealed event."""

    dependencies = [("operations", "0021_log_opening")]

    operations = [
        migrations.AlterField(
            model_name="writerkey",
            name="scope",
            field=models.CharField(
                choices=[
                    ("events:write", "Write events"),
                    ("metrics:read", "Read metrics"),
                    ("log:read", "Read the sealed log"),
                    ("log:entries", "Read every sealed event"),
                    ("trail:read", "Ask the trail"),
                ],
                default="events:write",
                max_length=20,
            ),
        ),
    ]
