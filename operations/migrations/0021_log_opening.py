from django.db import migrations, models


class Migration(migrations.Migration):
    """Who opened the log's hashes to everybody, and who closed them."""

    dependencies = [("operations", "0020_witness_keys")]

    operations = [
        migrations.CreateModel(
            name="LogOpening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_open", models.BooleanField()),
                ("by_name", models.CharField(max_length=200)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ("-pk",)},
        ),
    ]
