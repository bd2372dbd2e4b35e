"""1Password and Cloudflare: sign-ins, uses of items, audit logs and what the firewall refused."""

from tests.support.factories.logs import events, flat, real


def test_an_attempt_to_sign_in_issues_a_session_where_it_succeeds() -> None:
    record = real("onepassword-panther.ndjson", category="success")
    (event,) = map(flat, events("onepassword", record))
    assert (event["event.action"], event["token.id"], event["token.operation"]) == (
        "success.credentials_ok", record["session_uuid"], "token.issue",
    )  # fmt: skip
    (failed,) = map(
        flat, events("onepassword", {**record, "category": "credentials_failed", "type": "password_secret_bad"})
    )
    assert (failed["event.outcome"], failed["event.reason"]) == ("failure", "password_secret_bad")
    assert failed["token.operation"] == "token.verify"


def test_the_use_of_an_item_says_by_whom_and_from_where() -> None:
    (event,) = map(flat, events("onepassword", real("onepassword-panther.ndjson", item_uuid="1234")))
    assert (event["resource.type"], event["resource.id"], event["source.ip"]) == ("item", "1234", "1.1.1.1")


def test_what_the_firewall_refused_failed() -> None:
    (event,) = map(flat, events("cloudflare", real("cloudflare-panther.ndjson", Source="l7ddos")))
    assert (event["event.outcome"], event["url.domain"], event["source.geo.country_iso_code"]) == (
        "failure", "example.com", "IN",
    )  # fmt: skip


def test_an_audit_log_of_either_version_says_who_changed_what() -> None:
    first = {
        "id": "f1", "when": "2026-11-01T00:00:00Z", "action": {"type": "rotate_API_key", "result": True},
        "actor": {"id": "a", "email": "ann@example.com", "ip": "192.0.2.7", "type": "user"}, "owner": {"id": "o"},
        "resource": {"id": "r", "type": "account"},
    }  # fmt: skip
    second = {
        "id": "f2", "account": {"id": "o"}, "action": {"type": "delete", "result": "failure", "time": "2026-11-01T00:00:00Z"},
        "actor": {"id": "a", "email": "ann@example.com", "ip_address": "192.0.2.7", "token_id": "t1"}, "resource": {"id": "r"},
    }  # fmt: skip
    (one,), (other,) = events("cloudflare", first), events("cloudflare", second)
    assert (one["event"]["action"], one["event"]["outcome"], one["source"]) == (
        "rotate_API_key",
        "success",
        {"ip": "192.0.2.7"},
    )
    assert (other["event"]["outcome"], other["token"]["id"], other["organization"]["id"]) == ("failure", "t1", "o")


def test_a_sign_in_that_a_firewall_only_reports_has_succeeded() -> None:
    record = real("onepassword-panther.ndjson", category="success")
    (event,) = map(flat, events("onepassword", {**record, "category": "firewall_reported_success"}))
    assert (event["event.outcome"], event["token.operation"], event.get("event.reason")) == (
        "success",
        "token.issue",
        None,
    )
