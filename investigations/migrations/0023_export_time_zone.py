from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0022_entities_of_evidence")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="time_zone",
            field=models.CharField(default="UTC", max_length=64),
        ),
    ]
