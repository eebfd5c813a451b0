"""A directory is synchronised while the lease is held, and not a moment longer."""

import pytest

from dsl.schema.directory import DirectoryChange, DirectoryObject
from engine.daemon.synchronizing import ASK_S, OfEngine, Synchronizing
from engine.instance.leases import ENGINE, LeaseError
from sensor.inputs.directory.mirror import Mirror
from sensor.map.directory.entry import Entry


class Inner:
    fault = ""

    def __init__(self, token):
        self.token = token
        self.closed = False
        self.problem = ""

    def take(self):
        return [DirectoryChange(ts=1, sensor="directory:dc1", seq=self.token)]

    def complaints(self):
        return {"directory": self.problem}

    def close(self):
        self.closed = True
        return self.take()


@pytest.fixture
def made():
    return []


@pytest.fixture
def said():
    """Whether a controller answered, each time the lease was asked for."""
    return []


@pytest.fixture
def make(made, said):
    def go(tokens, *, travels=True):
        def begin(token):
            made.append(Inner(token))
            return made[-1]

        def tenure(_domain, *, answered):
            said.append(answered)
            return tokens[0]

        return Synchronizing("directory:dc1", "corp.test", tenure, begin, travels=travels)

    return go


def sensors(events):
    return [event.sensor for event in events]


def test_it_begins_and_stops_with_the_lease(make, made):
    tokens = [None]
    one = make(tokens)
    assert (one.take(), one.complaints(), made) == ([], {}, [])
    tokens[0] = 4
    assert sensors(one.take()) == ["directory:dc1#corp.test:4"]
    made[0].problem = "no route"
    assert one.complaints() == {"directory": "no route"}
    tokens[0] = None
    assert one.take() == []  # what was not told yet is the next holder's
    assert made[0].closed
    assert one.close() == []
    tokens[0] = 6
    assert sensors(one.take() + one.close()) == ["directory:dc1#corp.test:6"] * 2
    assert len(made) == 2


def test_another_number_is_another_synchronisation(make, made):
    tokens = [1]
    one = make(tokens, travels=False)
    one.take()
    tokens[0] = 3
    assert sensors(one.take()) == ["directory:dc1"]
    assert [(i.token, i.closed) for i in made] == [(1, True), (3, False)]


def test_whether_a_controller_answers_is_told_with_the_question(make, made, said):
    one = make([1])
    one.take()
    one.take()
    made[0].problem = "no route to dc1; trying the next server"
    one.take()
    made[0].problem = ""
    one.take()
    assert said == [True, True, False, True]


def test_faults_are_passed_on(make, made):
    one = make([1])
    one.take()
    made[0].fault = "broken"
    one.take()
    assert one.fault == "broken"


def test_the_engine_asks_seldom_and_holds_nothing_without_its_file():
    now, asked = 0.0, []

    class File:
        def ask(self, sensor, domain, _now, *, answered):
            assert answered
            asked.append((sensor, domain))
            if len(asked) > 1:
                raise LeaseError("gone")
            return 5

    tenure = OfEngine(File(), lambda: now)
    assert [tenure("corp.test") for _ in range(3)] == [5, 5, 5]
    assert asked == [(ENGINE, "corp.test")]
    now = ASK_S
    assert tenure("corp.test") is None


def test_a_mirror_of_another_number_begins_anew(tmp_path):
    def opened(token):
        mirror = Mirror(tmp_path / "m.sqlite", "directory:dc1")
        mirror.hold(token)
        return mirror

    first = opened(1)
    with first.transaction():
        first.put("dc=x", Entry("g", "cn=a,dc=x", {}))
        first.mark("dc=x", "dirsync", b"cookie")
        first.tell([DirectoryObject(ts=1)])
    first.close()
    again = opened(1)
    assert again.get("g") is not None
    assert again.bookmark("dc=x", "dirsync") == b"cookie"
    assert len(again.waiting(0, 9)) == 1
    again.close()
    other = opened(3)
    assert other.get("g") is None
    assert other.bookmark("dc=x", "dirsync") is None
    assert other.waiting(0, 9) == []
    other.close()
