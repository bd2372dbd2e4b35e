"""GitHub: who did what to which repository, with which token."""

from tests.support.factories.logs import events, flat

CLONE = {
    "_document_id": "d1",
    "action": "git.clone",
    "actor": "octo",
    "actor_ip": "192.0.2.8",
    "org": "acme",
    "repo": "acme/app",
    "at_sign_timestamp": "2026-11-24 09:30:00.423",
    "token_id": "0123",
    "actor_location": {"country_code": "US"},
}


def test_a_call_with_a_token_is_a_use_of_it() -> None:
    (event,) = map(flat, events("github", CLONE))
    assert (event["token.id"], event["token.operation"]) == ("0123", "token.authorize")
    assert (event["user.id"], event["resource.id"], event["organization.id"]) == ("octo", "acme/app", "acme")
    assert (event["@timestamp"], event["source.geo.country_iso_code"]) == ("2026-11-24T09:30:00.423Z", "US")


def test_the_token_a_key_was_deleted_with_is_not_the_one_that_ended() -> None:
    assert flat(events("github", {**CLONE, "action": "public_key.delete"})[0])["token.operation"] == "token.authorize"
