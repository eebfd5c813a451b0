"""The typed way to a record tells what the general one does, and leaves out what nobody wants."""

from __future__ import annotations

import json

import pytest

from sensor.inputs.evtxjson import record_of_json
from sensor.inputs.wintree import NoEventError, record_of_tree

SYSTEM = {
    "Provider": {"#attributes": {"Name": "P", "Guid": "54849625-5478-4994-A5BA-3E3B0328C30D"}},
    "EventID": 4624,
    "Version": 2,
    "Level": 0,
    "Task": 12544,
    "Opcode": 0,
    "Keywords": "0x8020000000000000",
    "TimeCreated": {"#attributes": {"SystemTime": "2026-01-05T12:00:00.1234567Z"}},
    "EventRecordID": 7,
    "Correlation": None,
    "Execution": {"#attributes": {"ProcessID": 612, "ThreadID": 716}},
    "Channel": "Security",
    "Computer": "dc1.corp.test",
    "Security": None,
}
DATA = {"TargetUserName": "alice", "LogonType": 3, "Empty": None, "Yes": True}


def event(system=(), **parts):
    return {"Event": {"System": SYSTEM | dict(system), **parts}}


SHAPES = {
    "usual": event(EventData=DATA),
    "nothing below": event(),
    "null data": event(EventData=None),
    "unnamed data": event(EventData={"Data": {"#text": ["one", "two"]}}),
    "attributes of data": event(EventData={"#attributes": {"Name": "X"}, "param1": "a"}),
    "user data": event(UserData={"EventXML": {"#attributes": {"xmlns": "x"}, "Param1": "a"}}),
    "qualified": event({"EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 7045}}),
    "by a user": event({"Security": {"#attributes": {"UserID": "S-1-5-18"}}}),
    "numbers as text": event({"EventID": "4624", "Version": "2", "EventRecordID": "7"}),
    "numbers too large": event({"EventRecordID": 2**64 - 1, "Task": 2**63}),
    "spaces": event({"Channel": " Security ", "Computer": " dc1 "}),
    "keywords as a number": event({"Keywords": 36028797018963968}),
    "long": event({"Computer": "x" * 70_000}, EventData={"n" * 200: "v" * 70_000}),
    "no attributes": event({"Provider": None, "Security": {"#attributes": None}}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_both_ways_tell_the_same(shape):
    assert record_of_json(json.dumps(SHAPES[shape])) == record_of_tree(SHAPES[shape]["Event"])


@pytest.mark.parametrize(
    "system", [{"TimeCreated": {"#attributes": {"SystemTime": "never"}}}, {"EventID": None}]
)
def test_what_is_no_event(system):
    with pytest.raises(NoEventError):
        record_of_json(json.dumps(event(system)))


def test_data_that_nobody_wants_is_left_out():
    text = json.dumps(event(EventData=DATA, UserData={"A": {"b": "c"}}))
    asked = []

    def wanted(*what):
        asked.append(what)
        return False

    record = record_of_json(text, wanted)
    assert asked == [("Security", "P", 4624)]
    assert (record.data, record.user_data, record.record_id) == ({}, {}, 7)
    assert record_of_json(text, lambda *_: True) == record_of_json(text)
