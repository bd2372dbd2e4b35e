"""The formats that can be imported. A format is one module with a `convert`; it is registered here and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from operations.formats import (
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

Flat = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """`convert` makes of one source record the fields of its events: the record's own first, then those it implies.

    It gives `event.id` as the source has it (None where the source has none), and raises ValueError on what is no
    record of this format.
    """

    name: str
    dataset: str
    convert: Callable[[dict[str, Any]], list[Flat]]


FORMATS = {
    format.name: format
    for format in (
        Format("cloudtrail", "aws.cloudtrail", cloudtrail.convert),
        Format("okta", "okta.system", okta.convert),
        Format("ecs", "ecs", ecs.convert),
        Format("github", "github.audit", github.convert),
        Format("auth0", "auth0.logs", auth0.convert),
        Format("teleport", "teleport.audit", teleport.convert),
        Format("azure", "azure.entra", azure.convert),
        Format("gsuite", "google.workspace", gsuite.convert),
        Format("slack", "slack.audit", slack.convert),
        Format("duo", "duo.logs", duo.convert),
        Format("syslog", "syslog", syslog.convert),
        Format("tailscale", "tailscale.audit", tailscale.convert),
    )
}
