"""Records are taken out of whatever is around them, each once, and what is around them stays in the original."""

import json
from typing import Any

import pytest

from operations.imports.conversion import convert_record
from operations.imports.envelopes import is_empty_page, read_dynamo, unwrap_records
from operations.imports.formats import FORMATS, detect_format
from operations.imports.reader import ForeignRecord, RecordReader
from trail.errors import InvalidEvent

RECORD = {
    "eventName": "GetObject",
    "eventTime": "2026-11-01T00:00:00Z",
    "eventID": "e-1",
    "sourceIPAddress": "192.0.2.7",
}
TEXT = json.dumps(RECORD)


def _convert(value: dict[str, Any], format: str = "cloudtrail") -> list[dict[str, Any]]:
    record = ForeignRecord(1, json.dumps(value), value)
    return [event.document for event in convert_record(FORMATS[format], record).events]


@pytest.mark.parametrize(
    "envelope",
    [
        {"EventId": "e-1", "EventName": "GetObject", "CloudTrailEvent": TEXT},
        {"version": "0", "id": "x", "detail-type": "AWS API Call via CloudTrail", "detail": RECORD},
        {"_index": "logs", "_id": "x", "_source": RECORD},
        {"_source": {"@timestamp": "2026-11-01T00:00:01Z", "message": TEXT}},
        {"timestamp": 1, "message": TEXT, "id": "375"},
        {"timestamp": 1, "message": f"Nov 1 00:00:00 host app: {TEXT}"},
        {"EventSource": "aws:sns", "Sns": {"Message": json.dumps({"detail": RECORD})}},
        {"body": json.dumps({"Message": json.dumps({"detail": RECORD})})},
        {"Item": {"record": {"M": {name: {"S": value} for name, value in RECORD.items()}}}},
    ],
)
def test_one_record_is_found_in_its_envelope_and_the_envelope_is_kept(envelope: dict[str, Any]) -> None:
    (event,) = _convert(envelope)
    assert (event["event"]["id"], event["event"]["action"]) == ("aws.cloudtrail:e-1", "GetObject")
    assert json.loads(event["event"]["original"]) == envelope
    assert event["raw"] == envelope
    assert detect_format(envelope) is FORMATS["cloudtrail"]


def test_several_records_in_one_text_are_several_events() -> None:
    records = [{**RECORD, "eventID": f"e-{number}"} for number in range(3)]
    events = _convert({"messageId": "1", "message": json.dumps({"Records": records})})
    assert [event["event"]["id"] for event in events] == [f"aws.cloudtrail:e-{number}" for number in range(3)]


def test_an_envelope_of_which_a_part_is_no_record_is_rejected_and_not_read_in_part() -> None:
    with pytest.raises(InvalidEvent, match="1 of the 2 records in its message are none"):
        _convert({"message": json.dumps([RECORD, {"a": 1}])})


@pytest.mark.parametrize(
    "document",
    [
        {"value": [RECORD, RECORD]},
        {"@odata.context": "x", "value": [RECORD, RECORD], "@odata.nextLink": "y"},
        {"stat": "OK", "response": {"items": [RECORD, RECORD], "metadata": {"next_offset": None}}},
        {"stat": "OK", "response": {"metadata": {"total": {"value": 2}}, "authlogs": [RECORD, RECORD]}},
        {"took": 1, "hits": {"total": {"value": 2}, "hits": [{"_source": RECORD}, {"_source": RECORD}]}},
        {"eventType": "com.okta.event_hook", "data": {"events": [RECORD, RECORD]}},
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"message": TEXT}, {"message": TEXT}]},
        {"success": True, "errors": [], "messages": [], "result": [RECORD, RECORD]},
        {"Events": [{"CloudTrailEvent": TEXT}, {"CloudTrailEvent": TEXT}], "NextToken": "n"},
        {"Records": [{"logEvents": [{"message": TEXT}]}, {"logEvents": [{"message": TEXT}]}]},
        {"cursor": "c", "has_more": False, "items": [RECORD, RECORD]},
    ],
    ids=lambda document: "-".join(document)[:40],
)
@pytest.mark.parametrize("piece", [7, 10_000])
def test_a_page_is_as_many_records_as_it_lists(document: dict[str, Any], piece: int) -> None:
    text = json.dumps(document) + "\n" + json.dumps(document)
    cut = (text[at : at + piece] for at in range(0, len(text), piece))
    reader = RecordReader(cut, is_record=FORMATS["cloudtrail"].is_record)
    records = list(reader)
    assert (len(records), reader.problems) == (4, [])
    for record in records:
        assert len(convert_record(FORMATS["cloudtrail"], record).events) == 1


def test_a_record_that_lists_objects_itself_is_one_record() -> None:
    activity = {
        "id": {"time": "2026-11-01T00:00:00Z", "applicationName": "login"},
        "actor": {},
        "events": [{"name": "a"}],
    }
    reader = RecordReader(iter([json.dumps(activity)]), is_record=FORMATS["gsuite"].is_record)
    assert [record.value for record in reader] == [activity]


def test_a_page_without_records_is_known_and_a_record_without_any_is_no_page() -> None:
    assert is_empty_page({"@odata.context": "x", "value": []})
    assert is_empty_page({"stat": "OK", "response": {"items": []}})
    assert not is_empty_page({"value": [1]})
    assert not is_empty_page({"a": 1})


def test_values_that_dynamo_types_are_themselves() -> None:
    typed = {"M": {"a": {"S": "x"}, "b": {"N": "7"}, "c": {"L": [{"BOOL": True}, {"NULL": True}]}}}
    assert read_dynamo(typed) == {"a": "x", "b": 7, "c": [True, None]}
    assert read_dynamo({"S": 1, "T": 2}) == {"S": 1, "T": 2}


def test_each_object_is_looked_at_once_however_deep_it_stands() -> None:
    looked_at: list[dict[str, Any]] = []

    def convert(value: dict[str, Any]) -> list[dict[str, Any]]:
        looked_at.append(value)
        if "eventID" not in value:
            raise ValueError("it is no record")
        return [{}]

    envelope: Any = RECORD
    for _ in range(7):
        envelope = {"message": json.dumps([envelope])}
    ((record, _),) = unwrap_records(envelope, convert)
    assert record == RECORD
    assert len(looked_at) == 7


def test_of_several_records_in_one_text_the_first_keeps_the_envelope_and_the_others_themselves() -> None:
    records = [{**RECORD, "eventID": f"e-{number}", "requestParameters": {"no": number}} for number in range(1_000)]
    envelope = {"messageId": "1", "message": json.dumps(records)}
    events = _convert(envelope)
    originals = [event["event"]["original"] for event in events]
    assert json.loads(originals[0]) == envelope
    assert [json.loads(original) for original in originals[1:]] == records[1:]
    assert [event["raw"] for event in events[1:]] == records[1:]
    assert sum(map(len, originals)) < 3 * len(json.dumps(envelope))


def test_an_id_that_a_shipper_gave_is_kept_whatever_its_length() -> None:
    record = ForeignRecord(1, TEXT, RECORD)
    (event,) = convert_record(FORMATS["cloudtrail"], record, "g" * 450).events
    assert event.id == f"aws.cloudtrail:{'g' * 450}"
