"""Sessions: how long they last, and that they can be ended."""

import pytest

from portal.access.roles import Role
from portal.access.sessions import IDLE_US, LONGEST_US

NOW = 1_800_000_000_000_000
MINUTE = 60_000_000


@pytest.fixture
def token(accounts, sessions):
    accounts.add("alice", Role.USER, "correct horse battery", NOW)
    return sessions.open("alice", "192.0.2.7", "Browser" * 100, NOW)


@pytest.mark.parametrize(("after", "lasts"), [(0, True), (IDLE_US, True), (IDLE_US + 1, False)])
def test_idle_ones_end(sessions, token, after, lasts):
    assert (sessions.person(token, NOW + after) is not None) is lasts


def test_used_ones_end_too(sessions, token):
    at = NOW
    while at + IDLE_US <= NOW + LONGEST_US:
        at += IDLE_US
        assert sessions.person(token, at).name == "alice"
    assert sessions.person(token, NOW + LONGEST_US + 1) is None


@pytest.mark.parametrize("shown", ["", "x", None])
def test_nothing_else_is_a_session(sessions, token, shown):
    assert sessions.person(token.swapcase() if shown is None else shown, NOW) is None


def test_they_are_ended_one_by_one_and_all(accounts, sessions, token):
    more = [sessions.open("alice", "", "", NOW + i) for i in range(3)]
    sessions.close(sessions.person(token, NOW).session, "alice")
    assert sessions.person(token, NOW) is None
    assert len(sessions.of("alice", NOW)) == 3
    sessions.close(sessions.person(more[0], NOW).session, "bob")
    assert sessions.person(more[0], NOW) is not None
    sessions.close_all("alice")
    assert sessions.of("alice", NOW) == []


def test_an_account_that_is_gone_has_none(accounts, sessions, token):
    accounts.add("root", Role.ADMINISTRATOR, "correct horse battery", NOW)
    accounts.remove("alice")
    assert sessions.person(token, NOW) is None


def test_they_are_bounded(sessions, token):
    for i in range(60):
        sessions.open("alice", "", "", NOW + i * MINUTE)
    assert len(sessions.of("alice", NOW + 60 * MINUTE)) == 50
