"""A domain has one synchroniser: leases, whatever clocks and networks do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.daemon.synchronizing import STALE_S, Granted
from engine.instance.leases import LAPSE_US, ROUND_US, Leases

S = 1_000_000
T0 = 1_767_614_400 * S
DOMAIN = "corp.test"


@pytest.fixture
def leases(tmp_path):
    opened = Leases(tmp_path / "leases.sqlite", lambda names: names[-1])
    yield opened
    opened.close()


def ask(leases, seconds, *sensors):
    return {s: leases.ask(s, DOMAIN, T0 + seconds * S) for s in sensors}


def test_one_of_those_who_are_there_is_drawn(leases):
    assert ask(leases, 0, "a", "b") == {"a": None, "b": None}
    assert ask(leases, 30, "a", "b", "c") == {"a": None, "b": None, "c": None}
    assert ask(leases, 65, "a", "b", "c") == {"a": None, "b": None, "c": 1}


def test_who_left_before_the_draw_is_not_drawn(leases):
    ask(leases, 0, "a", "z")
    assert ask(leases, 65, "a") == {"a": 1}


def test_every_candidate_is_drawn_by_chance(tmp_path):
    drawn = set()
    for i in range(40):
        one = Leases(tmp_path / f"{i}.sqlite")
        for at in (0, 30, 61):
            drawn |= {s for s, token in ask(one, at, "a", "b", "c").items() if token}
        drawn |= {one.all()[0].holder}
        one.close()
    assert drawn == {"a", "b", "c"}


def test_half_an_hour_of_silence_gives_it_to_another(leases, tmp_path):
    ask(leases, 0, "a")
    assert ask(leases, 60, "a") == {"a": 1}
    assert ask(leases, 60 + 1799, "b") == {"b": None}
    assert ask(leases, 60 + 1800, "b") == {"b": None}  # others may come forward
    assert ask(leases, 60 + 1861, "b") == {"b": 2}
    assert ask(leases, 60 + 1862, "a") == {"a": None}
    assert not leases.holds("a", DOMAIN, 1)
    assert leases.holds("b", DOMAIN, 2)
    again = Leases(tmp_path / "leases.sqlite")  # also after a restart
    assert again.all() == [(DOMAIN, "b", 2, T0 + (60 + 1861) * S)]
    again.close()


def test_a_clock_that_jumps_ahead_takes_it_from_nobody(leases):
    ask(leases, 0, "a")
    assert ask(leases, 60, "a")["a"] == 1
    assert ask(leases, 90_000, "b")["b"] is None
    assert ask(leases, 90_005, "a")["a"] == 1
    assert ask(leases, 90_070, "b")["b"] is None


def test_a_clock_that_goes_back_leaves_nobody_for_ever(leases):
    ask(leases, 90_000, "a")
    assert ask(leases, 90_060, "a")["a"] == 1
    found = [ask(leases, s, "b")["b"] for s in range(0, 1_900, 10)]
    assert found[0] is None
    assert 2 in found


def deaf(leases, seconds, sensor):
    """It holds the domain, and no controller answers it."""
    return leases.ask(sensor, DOMAIN, T0 + seconds * S, answered=False)


def test_half_an_hour_without_a_controller_gives_it_to_another(leases):
    ask(leases, 0, "z")
    assert ask(leases, 60, "z") == {"z": 1}
    found = {}
    for at in range(70, 2_000, 10):
        assert deaf(leases, at, "z") == (None if 2 in found.values() else 1)
        found[at] = ask(leases, at, "b")["b"]
    assert min(at for at, token in found.items() if token) == 60 + 1_800 + 60
    assert ask(leases, 2_000, "z") == {"z": None}, "the other has it now"


def test_nobody_else_means_that_it_goes_on_trying(leases):
    ask(leases, 0, "a")
    ask(leases, 60, "a")
    assert [deaf(leases, at, "a") for at in (100, 2_000, 9_000)] == [1, 1, 1]
    assert deaf(leases, 9_000, "b") is None
    assert ask(leases, 9_010, "c") == {"c": None}
    assert ask(leases, 9_020, "a") == {"a": 1}  # one answers again before the lot is drawn
    assert ask(leases, 9_080, "c") == {"c": None}


def test_domains_are_apart(leases):
    for at in (T0, T0 + 61 * S):
        one, other = leases.ask("a", "x", at), leases.ask("b", "y", at)
    assert (one, other) == (1, 1)


def test_a_sensor_stops_before_another_may_begin():
    now = 0.0
    granted = Granted(lambda: now)
    assert granted(DOMAIN) is None
    assert granted.candidates == {DOMAIN}
    granted.answered({DOMAIN: 3}, 0.0)
    now = STALE_S - 1
    assert granted(DOMAIN) == 3
    now = STALE_S
    assert granted(DOMAIN) is None
    assert STALE_S * S < LAPSE_US
    granted.answered({DOMAIN: 3}, now)
    assert granted(DOMAIN) == 3
    granted.answered({}, now)
    assert granted(DOMAIN) is None


class World:
    """Two synchronisers and an engine, with a wall clock that jumps and networks that break."""

    def __init__(self, folder):
        self.leases = Leases(folder / "leases.sqlite")
        self.steady = 0.0
        self.wall = T0
        self.sides = {name: Granted(lambda: self.steady) for name in "ab"}
        self.cut = set()
        self.spools = {"a": [], "b": []}
        self.taken = []

    def step(self, seconds):
        self.steady += seconds
        self.wall += int(seconds * S)
        for name, side in self.sides.items():
            token = side(DOMAIN)
            if token is not None:
                self.spools[name].append(token)
            if name not in self.cut:
                asked = self.leases.ask(name, DOMAIN, self.wall)
                for told in self.spools[name]:
                    if self.leases.holds(name, DOMAIN, told):
                        self.taken.append((told, name))
                self.spools[name].clear()
                side.answered({DOMAIN: asked} if asked is not None else {}, self.steady)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("run"), st.integers(1, 250)),
            st.tuples(st.just("cut"), st.sampled_from(["a", "b"])),
            st.tuples(st.just("mend"), st.sampled_from(["a", "b"])),
            st.tuples(st.just("jump"), st.integers(-100_000, 100_000)),
        ),
        max_size=14,
    )
)
def test_what_the_engine_takes_is_of_one_at_a_time(tmp_path_factory, deeds):
    world = World(tmp_path_factory.mktemp("leases"))
    for deed, value in deeds:
        match deed:
            case "run":
                for _ in range(value):
                    world.step(10)
            case "cut":
                world.cut.add(value)
            case "mend":
                world.cut.discard(value)
            case "jump":
                world.wall += value * S
    holders = {}
    for token, name in world.taken:
        assert holders.setdefault(token, name) == name  # a number is one's only
    tokens = [token for token, _ in world.taken]
    assert tokens == sorted(tokens)  # and once another is taken from, the one before never is
    world.cut.clear()
    for _ in range((LAPSE_US + 3 * ROUND_US) // S // 10):
        world.step(10)
    world.taken.clear()
    for _ in range(10):
        world.step(10)
    assert len(world.taken) == 10  # one of them synchronises in the end
    assert len(set(world.taken)) == 1
    world.leases.close()
