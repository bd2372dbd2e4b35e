from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0017_case_number")]

    operations = [
        migrations.AlterField(
            model_name="case", name="number", field=models.CharField(editable=False, max_length=16, unique=True)
        ),
    ]
