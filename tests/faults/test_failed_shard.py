"""A shard that the engine gave up comes back by itself when what kept it from opening is gone."""

from pathlib import Path

import pytest
from pytest_django import Settings

from core.connection import trail as connect
from operations.maintenance import probes
from operations.models import Incident
from tests.support.factories.events import use, write
from trail.connection import Trail
from trail.errors import WriteRefused, WriteUnknown

GIVEN_UP = 5  # failures after which the engine tries no more
pytestmark = [pytest.mark.lone, pytest.mark.django_db]


def find_translog(trail: Trail, index: str) -> Path:
    """The folder without which the index's shard does not open."""
    (node,) = trail.client.nodes.stats(metric="fs")["nodes"].values()
    uuid = trail.client.indices.get_settings(index=index)[index]["settings"]["index"]["uuid"]
    (folder,) = Path(node["fs"]["data"][0]["path"]).glob(f"**/indices/{uuid}/0/translog")
    return folder


def count_failures(trail: Trail, index: str) -> int:
    """How often the engine has failed to open the index's shard."""
    shard = trail.client.cluster.allocation_explain(body={"index": index, "shard": 0, "primary": True})
    return int(shard.get("unassigned_info", {}).get("failed_allocation_attempts", 0))


@pytest.fixture
def away(trail: Trail) -> Path:
    """The shard of the trail's month given up by the engine, and the folder away from its place."""
    write(trail, use("t-1", id="before"))
    (index,) = trail.client.indices.get(index=f"{trail.prefix}-events-*")
    translog = find_translog(trail, index)
    trail.client.indices.close(index=index)
    away = translog.rename(translog.with_name("away"))
    trail.client.indices.open(index=index, params={"wait_for_active_shards": "0"})
    while count_failures(trail, index) < GIVEN_UP:
        pass
    return away


def test_a_shard_that_was_given_up_is_opened_when_its_cause_is_gone(
    trail: Trail, away: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OWN_ENGINE = True
    monkeypatch.setattr(probes, "RETRY", 0.0)
    with pytest.raises(WriteUnknown):
        write(connect(), use("t-1", id="meanwhile"))
    with pytest.raises(WriteRefused, match="lost a shard"):
        probes.probe_engine()
    away.rename(away.with_name("translog"))
    while True:
        try:
            probes.probe_engine()
            break
        except WriteRefused:
            continue
    write(trail, use("t-1", id="meanwhile"))
    assert not Incident.objects.exclude(resolved_at=None).exists()
