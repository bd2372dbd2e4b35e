from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0001_initial")]

    operations = [migrations.AddField("evidence", "frozen", models.BinaryField(default=b""), preserve_default=False)]
