"""Pulls the engine's small levers on a month of the trail, each an API call that loses no event, and puts them right again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support import missing_months
from tests.support.missing_months import Month
from trail import mapping

Pull = Callable[[Month], None]


@dataclass(frozen=True, slots=True)
class Lever:
    """A lever: how it is pulled and put right, and words that whoever reads of it has to find."""

    name: str
    pull: Pull
    put_right: Pull
    says: tuple[str, ...] = field(default=())


def _setting(name: str, value: Any, right: Any = None, *says: str) -> Lever:
    return Lever(
        name,
        lambda month: month.put_settings(**{name: value}),
        lambda month: month.put_settings(**{name: right}),
        (f"index.{name}", *says),
    )


def _template(name: str, priority: int, **template: Any) -> Lever:
    def pull(month: Month) -> None:
        patterns = [f"{month.trail.prefix}-*"]
        body = {"index_patterns": patterns, "priority": priority, "template": template}
        month.trail.client.indices.put_index_template(name=f"other-{month.trail.prefix}", body=body)

    def put_right(month: Month) -> None:
        month.trail.client.indices.delete_index_template(name=f"other-{month.trail.prefix}")

    return Lever(name, pull, put_right, ("other-",))


def _add_component(month: Month) -> None:
    component = f"part-{month.trail.prefix}"
    settings = {"settings": {"index.final_pipeline": "_none"}}
    month.trail.client.cluster.put_component_template(name=component, body={"template": settings})
    body = mapping.build_template(month.trail.prefix) | {"composed_of": [component]}
    month.trail.client.indices.put_index_template(name=month.trail.events, body=body)


def _remove_component(month: Month) -> None:
    body = mapping.build_template(month.trail.prefix)
    month.trail.client.indices.put_index_template(name=month.trail.events, body=body)
    month.trail.client.cluster.delete_component_template(name=f"part-{month.trail.prefix}")


def _put_mapping(month: Month, body: dict[str, Any]) -> None:
    month.trail.client.indices.put_mapping(index=month.index, body=body)


def _nest_field(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = definition
    for part in reversed(name.split(".")):
        body = {"properties": {part: body}}
    return body


def _field(name: str, wrong: dict[str, Any], right: dict[str, Any]) -> Lever:
    kind = right["type"]
    return Lever(
        f"{name} {next(iter(wrong))}",
        lambda month: _put_mapping(month, _nest_field(name, {"type": kind} | wrong)),
        lambda month: _put_mapping(month, _nest_field(name, right)),
        (f"The field {name} of",),
    )


def _make_foreign(alias: Callable[[Month], str]) -> Pull:
    def pull(month: Month) -> None:
        foreign = f"foreign-{month.trail.prefix}"
        month.trail.client.indices.create(index=foreign, body={"aliases": {alias(month): {}}})
        month.trail.client.create(
            index=foreign, id="f", body=month.events[0] | {"forged": True}, params={"refresh": "true"}
        )

    return pull


def _delete_foreign(month: Month) -> None:
    month.trail.client.indices.delete(index=f"foreign-{month.trail.prefix}")


def _give_alias(month: Month) -> None:
    month.put_alias(month.trail.events, filter=None, routing=None)


ALIASES = (
    Lever("alias taken away", missing_months.take_alias_away, _give_alias, ("does not carry the alias",)),
    Lever("alias filtered", missing_months.filter_alias, _give_alias, ("shows a part of it only",)),
    Lever("alias routed", missing_months.route_alias, _give_alias, ("shows a part of it only",)),
    Lever(
        "foreign index in the alias", _make_foreign(lambda month: month.trail.events), _delete_foreign, ("foreign-",)
    ),
    Lever(
        "foreign index found by the pattern",
        _make_foreign(lambda month: f"{month.trail.prefix}-events-more"),
        _delete_foreign,
        ("foreign-",),
    ),
)
SETTINGS = (
    Lever(
        "closed",
        missing_months.close,
        lambda month: month.trail.client.indices.open(index=month.index),
        ("is closed", "_open"),
    ),
    _setting("hidden", True, None),
    _setting("default_pipeline", "p", None),
    _setting("final_pipeline", "p", None),
    _setting("search.default_pipeline", "p", None),
    _setting("query.default_field", ["message"], None),
    _setting("refresh_interval", "-1", "1s"),
    _setting("translog.durability", "async", "request"),
    _setting("max_terms_count", 1, None),
    _setting("max_result_window", 1, 10_000),
    _setting("blocks.read", True, None),
    _setting("blocks.metadata", True, None),
    _setting("blocks.read_only", True, None),
    _setting("blocks.write", True, None),
)
FIELDS = (
    Lever(
        "dynamic",
        lambda month: _put_mapping(month, {"dynamic": "false"}),
        lambda month: _put_mapping(month, {"dynamic": "strict"}),
        ("is not strict",),
    ),
    Lever(
        "dynamic templates",
        lambda month: _put_mapping(
            month, {"dynamic_templates": [{"any": {"match": "*", "mapping": {"type": "keyword"}}}]}
        ),
        lambda month: _put_mapping(month, {"dynamic_templates": []}),
        ("dynamic_templates",),
    ),
    _field("user.id", {"ignore_above": 1}, {"type": "keyword"}),
    _field("user.name", {"copy_to": ["user.id"]}, {"type": "keyword"}),
    _field("source.ip", {"ignore_malformed": True}, {"type": "ip"}),
    _field("message", {"search_analyzer": "keyword"}, {"type": "match_only_text"}),
)
TEMPLATES = (
    _template("template of a higher priority", 501),
    _template("template of a higher priority that sets a pipeline", 9_999, settings={"index.final_pipeline": "p"}),
    Lever("component in the trail's own template", _add_component, _remove_component, ("index template",)),
)
ALL = (*ALIASES, *SETTINGS, *FIELDS, *TEMPLATES)
