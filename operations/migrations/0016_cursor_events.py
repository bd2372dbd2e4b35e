from django.db import migrations, models


def count_events(apps, schema_editor):
    """How many events of each shard are sealed; a number that was given twice counts once."""
    ranges = apps.get_model("operations", "SealedRange").objects
    for cursor in apps.get_model("operations", "Cursor").objects.all():
        covered = count = 0
        rows = ranges.filter(index=cursor.index, shard=cursor.shard, first_seq__lte=cursor.seq).order_by("first_seq")
        for first, number in rows.values_list("first_seq", "count").iterator():
            end = min(first + number, cursor.seq + 1)
            count += max(0, end - max(covered, first))
            covered = max(covered, end)
        cursor.events = count
        cursor.save(update_fields=["events"])


class Migration(migrations.Migration):
    dependencies = [("operations", "0015_place_of_rejected_texts")]

    operations = [
        migrations.AddField(
            model_name="cursor",
            name="events",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.RunPython(count_events, migrations.RunPython.noop, elidable=True),
    ]
