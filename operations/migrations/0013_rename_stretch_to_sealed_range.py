from django.db import migrations


class Migration(migrations.Migration):
    """A range is called so everywhere; the table's rows stay as they are."""

    dependencies = [("operations", "0012_formats_of_rejected_texts")]

    operations = [
        migrations.RenameModel(old_name="Stretch", new_name="SealedRange"),
        migrations.RenameIndex(
            model_name="sealedrange", new_name="sealed_range_by_number", old_name="stretch_by_number"
        ),
    ]
