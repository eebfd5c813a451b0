from __future__ import annotations

import conversation
import pytest

from sensor.decode.ldap_bind import Result
from sensor.decode.ldap_change import Change, Row
from sensor.decode.ldap_events import Written, change_event, search_event
from sensor.decode.ldap_search import Search


@pytest.mark.parametrize(
    ("op", "value", "action"),
    [
        ("add", "CN=a", "member_added"),
        ("replace", "CN=a", "member_added"),
        ("replace", None, "member_removed"),
        ("delete", "CN=a", "member_removed"),
        ("delete", None, "member_removed"),
    ],
)
def test_members(op, value, action):
    change = Change("CN=g")
    written = Written(7, "CORP\\dave", change)
    event = change_event(
        conversation.flow(389), "ldap", written, change, Row("member", op, value), "success"
    )
    assert (event.group, event.member, event.action, event.actor, event.ts) == (
        "CN=g",
        value,
        action,
        "CORP\\dave",
        7,
    )
    assert (event.account, event.outcome, event.protocol) == ("CORP\\dave", "success", "ldap")


def test_objects():
    change = Change("CN=x")
    change.object_class = "user"
    event = change_event(
        conversation.flow(389),
        "ldap",
        Written(7, None, change),
        change,
        Row(None, "add", None),
        "denied",
    )
    assert (event.object, event.object_class, event.attribute, event.op, event.outcome) == (
        "CN=x",
        "user",
        None,
        "add",
        "denied",
    )


@pytest.mark.parametrize(
    ("answer", "outcome", "result"),
    [(None, "unknown", None), (Result(0, ""), "success", 0), (Result(50, ""), "denied", 50)],
)
def test_search_outcomes(answer, outcome, result):
    event = search_event(conversation.flow(389), "gc", Search(3, "who"), answer)
    assert (event.outcome, event.result, event.account, event.protocol, event.ts) == (
        outcome,
        result,
        "who",
        "gc",
        3,
    )
