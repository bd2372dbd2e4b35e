import orjson
from django.db import migrations

AT_ONCE = 500
LABELS = ("session", "session_id")
MOST = 512


def write_sessions(apps, schema_editor):
    """What was pinned before says of which session it was part, where its copy says so: AT_ONCE copies are held."""
    facts, last = apps.get_model("investigations", "EvidenceFact").objects, 0
    rows = facts.filter(evidence__kind="event").select_related("evidence").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = batch[-1].pk
        changed = [fact for fact in batch if read_session(fact)]
        facts.bulk_update(changed, ["session"])


def read_session(fact):
    try:
        document = orjson.loads(bytes(fact.evidence.frozen))
    except orjson.JSONDecodeError:
        return ""  # which is not what was pinned, as every verification says
    token, labels = document.get("token"), document.get("labels")
    values = [labels.get(name) for name in LABELS] if isinstance(labels, dict) else []
    if isinstance(token, dict) and token.get("kind") == "session":
        values.insert(0, token.get("id"))
    fact.session = next((fit(value) for value in values if isinstance(value, str) and value), "")
    return fact.session


def fit(text):
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:MOST].encode("utf-8", "replace").decode()


class Migration(migrations.Migration):
    dependencies = [("investigations", "0045_evidence_queries_and_sessions")]

    operations = [migrations.RunPython(write_sessions, migrations.RunPython.noop)]
