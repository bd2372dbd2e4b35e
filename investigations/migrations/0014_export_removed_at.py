from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0013_cases_of_an_export")]

    operations = [
        migrations.AddField(model_name="export", name="removed_at", field=models.DateTimeField(null=True)),
    ]
