from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NATIVE = "trail"


def keep_formats(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Say of texts kept before how they are read: an import's source names its format, a key its format and dataset."""
    rejected = apps.get_model("operations", "RejectedEvent").objects.order_by()
    for source in rejected.filter(source__startswith="import:").values_list("source", flat=True).distinct():
        rejected.filter(source=source).update(format=source.removeprefix("import:").partition(" ")[0][:40])
    by_writer: dict[str, set[tuple[str, str]]] = {}
    keys = apps.get_model("operations", "WriterKey").objects.exclude(dataset="")
    for writer, dataset, format in keys.values_list("writer", "dataset", "format"):
        by_writer.setdefault(writer, set()).add((dataset, format))
    for writer, ways in by_writer.items():
        if len(ways) != 1:
            continue  # which key it was is not known
        ((dataset, format),) = ways
        over_http = rejected.filter(writer=writer, source__startswith="/api/v1/")
        over_http.update(dataset=dataset)
        over_http.filter(source__endswith="_bulk").update(format="" if format == NATIVE else format)


class Migration(migrations.Migration):

    dependencies = [
        ('operations', '0011_how_rejected_texts_are_read'),
    ]

    operations = [
        migrations.RunPython(keep_formats, migrations.RunPython.noop),
    ]
