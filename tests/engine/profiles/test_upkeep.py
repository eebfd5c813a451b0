"""Parts grow together, expire and stay below the cap, and what is kept says the same."""

from types import SimpleNamespace

import pytest

from engine.profiles import upkeep
from engine.profiles.known import CHUNK, SLACK
from engine.profiles.memory import UNUSED, Memory, News
from engine.profiles.part import Part
from engine.store.parts import Parts
from engine.turns import Turns

S = 1_000_000
HOUR = 3_600 * S
BASE = 1_767_614_400 * S
PROFILE = SimpleNamespace(
    hash="h", name="usual", owner="", frozen=None, events=("ntlm_auth",), look_back=0, bucket=HOUR, over=5 * HOUR,
    learns=(("count", "BIGINT"),),
)  # fmt: skip


class Rows:
    """A learning whose rows are (key, ts) pairs, and the events of a store that has them."""

    profile = PROFILE
    reach = 0
    directory = False
    connection = None

    def __init__(self, rows):
        self.rows = rows

    def oldest(self, _):
        return min(ts for _, ts in self.rows)

    def arrived(self, *_):
        return set()

    def withheld(self, *_):
        return set()

    def learn(self, _connection, span, unit, _memory):
        found = {}
        for key, ts in self.rows:
            if span[0] <= ts <= span[1]:
                at = (key,), ts - ts % unit
                part = found.setdefault(at, Part(at[1], unit, 0, ts, ts, [], [0]))
                part.count, part.pieces[0] = part.count + 1, part.pieces[0] + 1
                part.first, part.last = min(part.first, ts), max(part.last, ts)
        return [(key, part) for (key, _), part in found.items()]


def learnt(rows, hours, **options):
    """A memory that has kept up with rows by the minute, for some hours."""
    parts = Parts()
    memory, learning = Memory(parts, **options), Rows(rows)
    for minute in range(0, hours * 60 + 1, 5):
        upto = BASE + minute * 60 * S
        memory.keep_up([(learning, upto)], learning, News(0, {}, None, upto), Turns())
    return memory, parts


def test_old_parts_grow_together():
    every = [("a", BASE + i * 60 * S) for i in range(12 * 60)]
    memory, _ = learnt(every, 12)
    found = [p for _, p in memory.parts("h", [("a",)], 0, BASE + 20 * HOUR, BASE)]
    assert sum(p.count for p in found) == 12 * 60
    assert len(found) < 4 * 60
    assert [p.width for p in found[:8]] == [HOUR] * 8


def test_what_lies_before_the_window_is_forgotten():
    hours = (SLACK + PROFILE.over) // HOUR + 6
    memory, parts = learnt([("a", BASE), ("b", BASE + (hours - 1) * HOUR)], hours)
    progress = parts.progress()["h"]
    assert progress.since > BASE
    assert list(memory.keys("h")) == [("b",)]


def test_keys_longest_unseen_go_above_the_cap_and_are_counted():
    rows = [(f"k{i}", BASE + i * HOUR) for i in range(6)]
    memory, _ = learnt(rows, 7, key_cap=3)
    assert list(memory.keys("h")) == [("k3",), ("k4",), ("k5",)]
    assert memory.known["h"].upkeep.forgotten == 3


@pytest.mark.parametrize(("after", "left"), [(UNUSED - CHUNK, True), (UNUSED + CHUNK, False)])
def test_a_profile_that_nobody_asks_for_is_forgotten(after, left):
    memory, parts = learnt([("a", BASE)], 1)
    later = Memory(parts)
    for _ in range(3):
        later.keep_up([], Rows([]), News(0, {}, None, BASE + HOUR + after), Turns())
    assert ("h" in parts.progress()) is left
    del memory


def test_only_parts_that_may_grow_together_are_read(monkeypatch):
    """Upkeep looks at thousands of parts a step; those that stand alone in their span are never decoded."""
    rows = [(f"u{i}", BASE + i * 60 * S) for i in range(60)]
    read = []
    decode = upkeep._part
    monkeypatch.setattr(upkeep, "_part", lambda data: read.append(data) or decode(data))
    memory, _ = learnt(rows, 1)
    assert len(list(memory.keys("h"))) > 40
    assert read == []
    learnt([("u", ts) for _, ts in rows], 5)
    assert len(read) >= 6, "parts of ten minutes became one of an hour"
