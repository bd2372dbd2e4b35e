"""Registers the formats that can be imported. A format is a module with a `convert`; it is registered here and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from operations.imports.formats import (
    auth0,
    azure,
    cloudtrail,
    duo,
    ecs,
    github,
    gsuite,
    okta,
    slack,
    syslog,
    tailscale,
    teleport,
)

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """`convert` makes of one source record the fields of its events: the record's own first, then those it implies.

    It gives `event.id` as the source has it (None where the source has none), and raises ValueError on what is no
    record of this format. `list_names` are the members under which a document may hold a list of records.
    `may_share_id` says of a record that its source may give its id to another record too. `find_exemption` says why what
    stands among the records of this source is none and is passed over; empty for every other.
    """

    name: str
    dataset: str
    convert: Callable[[dict[str, Any]], list[Fields]]
    list_names: tuple[str, ...] = ("Records",)
    may_share_id: Callable[[dict[str, Any]], bool] = lambda record: False
    find_exemption: Callable[[dict[str, Any]], str] = lambda record: ""


FORMATS = {
    format.name: format
    for format in (
        SourceFormat(
            "cloudtrail",
            "aws.cloudtrail",
            cloudtrail.convert,
            may_share_id=cloudtrail.is_correction,
            find_exemption=cloudtrail.find_exemption,
        ),
        SourceFormat("okta", "okta.system", okta.convert),
        SourceFormat("ecs", "ecs", ecs.convert),
        SourceFormat("github", "github.audit", github.convert),
        SourceFormat("auth0", "auth0.logs", auth0.convert),
        SourceFormat("teleport", "teleport.audit", teleport.convert),
        SourceFormat("azure", "azure.entra", azure.convert, ("Records", "records", "value"), lambda record: True),
        SourceFormat(
            "gsuite", "google.workspace", gsuite.convert, ("Records", "items", "activities"), lambda record: True
        ),
        SourceFormat("slack", "slack.audit", slack.convert, ("Records", "entries")),
        SourceFormat("duo", "duo.logs", duo.convert, may_share_id=lambda record: True),
        SourceFormat("syslog", "syslog", syslog.convert),
        SourceFormat("tailscale", "tailscale.audit", tailscale.convert),
    )
}
