"""Registers the formats that can be imported. A format is a module with a `convert`; it is registered here and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from operations.imports.envelopes import LISTS, unwrap_records
from operations.imports.formats import (
    auth0,
    azure,
    cef,
    cloudflare,
    cloudtrail,
    duo,
    ecs,
    gcp,
    generic,
    github,
    gitlab,
    gsuite,
    kubernetes,
    microsoft365,
    okta,
    onepassword,
    slack,
    syslog,
    syslog_lines,
    tailscale,
    teleport,
    vault,
)

Fields = dict[str, Any]
AUTO = "auto"  # each record by the format that it has the signs of


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """`convert` makes of one source record the fields of its events: the record's own first, then those it implies.

    It gives `event.id` as the source has it (None where the source has none), and raises ValueError on what is no
    record of this format. `signs` are sets of names by which a record of it is recognised: one that has all of a set is one.
    `list_names` are the members under which a document may hold a list of records.
    `may_share_id` says of a record that its source may give its id to another record too. `find_exemption` says why what
    stands among the records of this source is none and is passed over; empty for every other. `can_lack_signs` says of an object
    without them that it is a record all the same. `has_lines`: a record may be a line
    of plain text, and comes as `{"message": line}`.
    """

    name: str
    dataset: str
    convert: Callable[[dict[str, Any]], list[Fields]]
    signs: tuple[tuple[str, ...], ...] = ()
    list_names: tuple[str, ...] = LISTS
    may_share_id: Callable[[dict[str, Any]], bool] = lambda record: False
    find_exemption: Callable[[dict[str, Any]], str] = lambda record: ""
    has_lines: bool = False
    can_lack_signs: Callable[[dict[str, Any]], bool] | None = None

    def is_record(self, value: dict[str, Any]) -> bool:
        """Whether an object has the signs of a record of this format."""
        return any(all(name in value for name in sign) for sign in self.signs)

    def is_whole_record(self, value: dict[str, Any]) -> bool:
        """Whether an object is a record of this format, whatever lists it holds: by its signs or without them."""
        return self.is_record(value) or (self.can_lack_signs is not None and self.can_lack_signs(value))


def _is_repeated(record: dict[str, Any]) -> bool:
    return True


def _converts(convert: Callable[[dict[str, Any]], list[Fields]]) -> Callable[[dict[str, Any]], bool]:
    """What says of an object whether a format makes events of it."""

    def can_convert(value: dict[str, Any]) -> bool:
        try:
            return bool(convert(value))
        except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError, RecursionError):
            return False

    return can_convert


# In the order in which they are looked for where nobody says which it is: those with the surest signs first.
FORMATS = {
    format.name: format
    for format in (
        SourceFormat(
            "cloudtrail",
            "aws.cloudtrail",
            cloudtrail.convert,
            cloudtrail.SIGNS,
            may_share_id=cloudtrail.is_correction,
            find_exemption=cloudtrail.find_exemption,
        ),
        SourceFormat("okta", "okta.system", okta.convert, okta.SIGNS),
        SourceFormat("microsoft365", "microsoft365.audit", microsoft365.convert, microsoft365.SIGNS),
        SourceFormat("azure", "azure.entra", azure.convert, azure.SIGNS, may_share_id=_is_repeated),
        SourceFormat("gcp", "gcp.audit", gcp.convert, gcp.SIGNS),
        SourceFormat("kubernetes", "kubernetes.audit", kubernetes.convert, kubernetes.SIGNS),
        SourceFormat("vault", "vault.audit", vault.convert, vault.SIGNS),
        SourceFormat("gsuite", "google.workspace", gsuite.convert, gsuite.SIGNS, may_share_id=_is_repeated),
        SourceFormat("slack", "slack.audit", slack.convert, slack.SIGNS),
        SourceFormat("duo", "duo.logs", duo.convert, duo.SIGNS, may_share_id=_is_repeated),
        SourceFormat("onepassword", "onepassword.events", onepassword.convert, onepassword.SIGNS),
        SourceFormat("cloudflare", "cloudflare.logs", cloudflare.convert, cloudflare.SIGNS),
        SourceFormat("gitlab", "gitlab.audit", gitlab.convert, gitlab.SIGNS),
        SourceFormat("tailscale", "tailscale.audit", tailscale.convert, tailscale.SIGNS),
        SourceFormat("auth0", "auth0.logs", auth0.convert, auth0.SIGNS),
        SourceFormat("teleport", "teleport.audit", teleport.convert, teleport.SIGNS),
        SourceFormat("github", "github.audit", github.convert, github.SIGNS),
        SourceFormat("ecs", "ecs", ecs.convert, ecs.SIGNS),
        SourceFormat(
            "cef",
            "cef",
            cef.convert,
            cef.SIGNS,
            may_share_id=_is_repeated,
            has_lines=True,
            can_lack_signs=_converts(cef.convert),
        ),
        SourceFormat(
            "syslog",
            "syslog",
            syslog.convert,
            syslog.SIGNS,
            has_lines=True,
            can_lack_signs=_converts(syslog.convert),
        ),
        SourceFormat("generic", "generic", generic.convert, can_lack_signs=generic.build_recognise(generic.FieldMap())),
    )
}
_LINES = (FORMATS["cef"], FORMATS["syslog"])


def detect_format(value: dict[str, Any]) -> SourceFormat | None:
    """The format of which a record has the signs, itself or within its envelope; None for a record of none.

    Raises ValueError where some of what stands in an envelope have signs and others have none.
    """
    if format := _detect(value):
        return format
    try:
        for _, (sign,) in unwrap_records(value, _read_sign):
            return FORMATS[sign["format"]]
    except RecursionError:  # what is nested so deeply has no signs that anybody could read
        return None
    return next((format for format in _LINES if _converts(format.convert)(value)), None)


def begins_line(line: str) -> bool:
    """Whether a line is one with which a record of plain text begins."""
    return cef.is_line(line) or syslog_lines.is_line(line)


def is_known_record(value: dict[str, Any]) -> bool:
    """Whether an object has the signs of a record of any format."""
    return _detect(value) is not None


def is_whole_record(value: dict[str, Any]) -> bool:
    """Whether an object is a record of any format: by its signs, or as a line of text, and then holds none that have signs."""
    if _detect(value) is not None:
        return True
    try:
        return detect_format(value) in _LINES
    except ValueError:
        return False


def _detect(value: dict[str, Any]) -> SourceFormat | None:
    return next((format for format in FORMATS.values() if format.is_record(value)), None)


def _read_sign(value: dict[str, Any]) -> list[Fields]:
    format = _detect(value)
    if format is None:
        raise ValueError("it has no signs of any format")
    return [{"format": format.name}]
