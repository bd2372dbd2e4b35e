from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("investigations", "0003_evidence_copied")]

    operations = [migrations.RemoveField("evidence", "document")]
