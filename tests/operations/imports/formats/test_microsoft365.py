"""Microsoft 365: a record by the API, or in the text of a table that Purview exports."""

import json

from tests.support.factories.logs import events, flat, real


def test_a_sign_in_that_failed_failed_whatever_became_of_the_request_for_it() -> None:
    record = real("microsoft365-panther.ndjson", Operation="UserLoginFailed")
    assert record["ResultStatus"] == "Success"
    (event,) = map(flat, events("microsoft365", record))
    assert (event["event.outcome"], event["event.reason"]) == ("failure", record["LogonError"])
    assert (event["source.ip"], event["user.email"]) == (record["ClientIP"], record["UserId"])
    assert event["user_agent.name"] == "Chrome"


def test_names_in_lower_case_say_the_same() -> None:
    (event,) = map(flat, events("microsoft365", real("microsoft365-panther.ndjson", operation="Set-Mailbox")))
    assert (event["event.action"], event["event.outcome"]) == ("Set-Mailbox", "success")


def test_a_row_of_a_table_is_the_record_in_its_text() -> None:
    record = real("microsoft365-plaso.ndjson", RecordType=1)
    row = {"RecordId": record["Id"], "CreationDate": "2022-05-07", "Operations": "x", "AuditData": json.dumps(record)}
    (event,), (same,) = events("microsoft365", row), events("microsoft365", record)
    assert event["event"]["id"] == same["event"]["id"]
    assert (event["event"]["action"], event["@timestamp"]) == (record["Operation"], "2022-05-07T12:55:53Z")


def test_what_was_done_in_a_session_is_a_use_of_it() -> None:
    (event,) = map(flat, events("microsoft365", real("microsoft365-panther.ndjson", Operation="AddedToSecureLink")))
    assert (event["token.id"], event["token.operation"]) == ("aa-bb-cc", "token.authorize")
    assert event["resource.name"] == "importantsecrets.docx"
