import orjson
from django.db import migrations


def copy(apps, schema_editor):
    evidence = apps.get_model("investigations", "Evidence").objects
    for pk, document in evidence.values_list("pk", "document").iterator(500):
        evidence.filter(pk=pk).update(frozen=orjson.dumps(document))


class Migration(migrations.Migration):
    dependencies = [("investigations", "0002_evidence_frozen")]

    operations = [migrations.RunPython(copy, migrations.RunPython.noop)]
