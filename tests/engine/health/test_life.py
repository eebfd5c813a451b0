"""Issues open, close, stay quiet and come again."""

import pytest

from engine.alert_records import REARM_US
from engine.health import MINUTE_US, Issue
from engine.health.life import GONE_US, Standing, decided, step
from engine.lifecycle import RefusedError

ISSUE = Issue("disk_space", "/", "medium", "Disk", "full", "make room")


class House:
    def __init__(self):
        self.known, self.now = {}, 10**15

    def look(self, *issues, after=MINUTE_US):
        self.now += after
        changed, told = step(self.known, issues, self.now)
        self.known |= {(s.issue.check, s.issue.subject): s for s in changed}
        return [s.status for s in told]

    def decide(self, action):
        (key,) = self.known
        self.known[key] = decided(self.known[key], action)

    @property
    def status(self):
        (one,) = self.known.values()
        return one.status


@pytest.fixture
def house():
    return House()


def test_opened_once_and_closed_when_gone(house):
    assert house.look(ISSUE) == ["open"]
    assert house.look(ISSUE) == []
    assert house.look(after=GONE_US - MINUTE_US) == []
    assert house.look(ISSUE) == []
    assert house.look(after=GONE_US) == ["closed"]
    assert house.look() == []
    assert house.look(ISSUE) == ["open"]


def test_closed_by_people_it_stays_closed_until_it_was_gone(house):
    house.look(ISSUE)
    house.decide("close")
    assert house.look(ISSUE) == []
    assert house.status == "closed"
    assert house.look(ISSUE, after=GONE_US) == ["open"]


def test_suppressed_it_is_told_after_seven_quiet_days(house):
    house.look(ISSUE)
    house.decide("suppress")
    assert house.look(ISSUE, after=REARM_US - 1) == []
    assert house.look(ISSUE, after=REARM_US - 1) == []
    assert house.look(ISSUE, after=REARM_US) == ["open"]


def test_what_is_refused(house):
    house.look(ISSUE)
    with pytest.raises(RefusedError, match="open"):
        house.decide("reopen")
    house.decide("close")
    with pytest.raises(RefusedError, match="closed"):
        house.decide("close")
    house.decide("reopen")
    assert house.status == "open"


def test_two_subjects_are_two_issues():
    other = Issue("disk_space", "/var", "medium", "Disk", "full", "make room")
    _, told = step({}, [ISSUE, other], 5)
    assert told == [Standing(ISSUE, "open", 5, 5), Standing(other, "open", 5, 5)]
