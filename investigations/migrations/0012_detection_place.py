"""Gives each detection a place in the engine's own numbers.

What a detection from before had looked at is known by time only (`looked_until`, of `event.ingested`), and the numbers that
belong to a time are the engine's to say, which a migration does not ask. So the place of those stays empty: their first look
asks of all numbers for what was taken in after `looked_until`, as it would have, and keeps the numbers from then on.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('investigations', '0011_revisions'),
    ]

    operations = [
        migrations.AddField(
            model_name='detection',
            name='place',
            field=models.JSONField(null=True),
        ),
    ]
