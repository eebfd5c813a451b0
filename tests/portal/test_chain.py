"""The picture of the chain: lanes in the order of an intrusion, time to the right, broken where nothing was."""

import pytest

from portal.chain import chain


def _alert(number, phase, first, last=None):
    return {"number": number, "kill_chain": phase, "first_seen": first, "last_seen": last or first}


A = _alert(1, "domain_dominance", "2026-01-05T12:10:00Z")
B = _alert(2, "reconnaissance", "2026-01-05T12:00:00Z", "2026-01-05T12:05:00Z")
C = _alert(3, "reconnaissance", "2026-01-07T08:00:00.5Z")
D = _alert(4, "a_phase_of_mine", "2026-01-05T12:01:00Z")


def test_lanes_and_marks():
    found = chain([A, B, C, D])
    told = [(lane["phase"], lane["count"]) for lane in found["lanes"]]
    assert told == [("reconnaissance", 2), ("domain_dominance", 1), ("a_phase_of_mine", 1)]
    at = {mark["alert"]["number"]: mark for mark in found["marks"]}
    assert at[2]["from"] < at[4]["from"] < at[2]["to"] < at[1]["from"] < at[3]["from"]
    assert at[2]["y"] == at[3]["y"] < at[1]["y"] < at[4]["y"]
    assert len(found["breaks"]) == 1
    assert at[1]["to"] < found["breaks"][0] < at[3]["from"]
    assert all(found["left"] <= m["from"] <= m["to"] <= found["right"] for m in found["marks"])
    assert found["ticks"]


@pytest.mark.parametrize("alerts", [[], [A]])
def test_little_is_a_picture_too(alerts):
    found = chain(alerts)
    assert len(found["marks"]) == len(alerts)
    assert found["breaks"] == []
