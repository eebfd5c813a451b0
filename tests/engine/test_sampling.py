"""What is needed is derived from detections; without the rest the same alerts are raised."""

from functools import cache, partial
from pathlib import Path

import planned
import pytest

from dsl.catalogue import Catalogue
from dsl.schema.registry import event_types
from engine.backends.duckdb import compile_detection
from engine.cli import corpus
from engine.cli.reading import read
from engine.cli.rules import load_rules
from engine.replay import Setting, replay
from engine.rule_tests import DetectionTests, NotRunnable
from engine.sampling import filter_of, needed
from sensor.delivery import sampling as applied
from sensor.delivery.sampling import Filter, Sampling, Test

ROOT = Path(__file__).parents[2]
NONE = dict.fromkeys(event_types(), 0.0)
SEARCH = "a = match ldap_search where {}\nalert a as (source: source)"
CASES = {
    "a field": ("scope == base", {(Test("scope", "in", ("base",)),)}),
    "two": (
        "scope in {base, one} and returned_count > 5",  # numbers are not compared at the sensor
        {(Test("scope", "in", ("base", "one")),)},
    ),
    "not": ("scope != base", {(Test("scope", "not in", ("base",)),)}),
    "unlike": ("not scope in {base}", {(Test("scope", "unlike", ("base",)),)}),
    "either": ("scope == base or scope == one", None),
    "resolved by the engine": ('source == "ws9"', None),
    "by a list": ("source in @hosts and scope == base", {(Test("scope", "in", ("base",)),)}),
}


def plan_of(block):
    plan, said = planned.planned(block)
    assert plan is not None, said
    return plan


def of(kind, *blocks):
    return needed(map(plan_of, blocks)).get(kind, frozenset())


@pytest.mark.parametrize("name", CASES)
def test_conditions(name):
    condition, expected = CASES[name]
    cldap = (Test("cldap", "in", (True,)),)
    found = of("ldap_search", SEARCH.format(condition))
    assert found == (None if expected is None else expected | {cldap})


def test_several_detections():
    first, second = (SEARCH.format(f"scope == {word}") for word in ("base", "one"))
    assert len(of("ldap_search", first, second) or ()) == 3
    assert of("ldap_search", first, SEARCH.format("returned_count > 1")) is None


def test_conditions_of_a_relation_and_of_the_alert_count():
    block = """
a = match smb_session where dialect == smb311
b = match a where signing == true let signed := signing
alert b as (source: source) when outcome == success"""
    found = of("smb_session", block)
    assert {t.field for clause in found for t in clause} >= {"dialect"}


def test_a_computed_column_says_nothing_of_the_field():
    block = """
a = match smb_session let outcome := case(dialect == smb311 -> "success", else "y")
b = match a where outcome == "success"
alert b as (source: source)"""
    assert of("smb_session", block) is None


@pytest.mark.parametrize(
    "block",
    [
        """
a = match smb_session where outcome == success
b = match smb_transform where kind == compressed
c = absence of b following a by source within 5m
alert c as (source: source)""",
        """
b = match smb_transform where kind == compressed
p = profile of b by source bucket 1d over 7d learn n := count()
alert b as (source: source) when p.n == 0""",
    ],
)
def test_what_coverage_and_profiles_rest_on_is_needed_wholly(block):
    assert of("smb_transform", block) is None


def test_a_filter_has_what_may_be_left_out_and_a_version():
    plans = [plan_of(SEARCH.format("scope == base"))]
    shares = {"ldap_search": 0.1, "dns_query": 0.5, "kerberos_as": 0.0, "smb_session": 1.0}
    one = filter_of(plans, shares)
    assert [(r.type, r.share) for r in one.rules] == [("dns_query", 0.5), ("ldap_search", 0.1)]
    assert one.version
    assert one.version != filter_of(plans, shares | {"dns_query": 0.4}).version
    assert filter_of(plans, {}) == Filter()


# --- law: with nothing but what is needed the same alerts are raised -----------------------------------


@pytest.fixture(scope="module")
def catalogue():
    found: Catalogue = corpus.read((), ())
    return found


class Sampled(DetectionTests):
    """Without what the detection alone does not need."""

    def seen(self, test):
        return self._seen(test)

    def _events(self, test):
        rule, _ = self._rule_of(test)
        one = Sampling()
        one.use(filter_of([rule.plan], NONE))
        given = super()._events(test)
        kept = one.sent(given)
        self.left_out = len(given) - len(kept)
        return kept


def test_every_rule_says_the_same_in_its_tests(catalogue, monkeypatch):
    # in tests coverage is declared, and events need not say who saw them
    monkeypatch.setattr(Sampling, "_is_sign", lambda *_: False)
    vias = frozenset({None, "wire", "zeek", "syslog", "sync", "radius"})
    monkeypatch.setattr(applied, "_VIA", vias)
    kept = cache(compile_detection)
    checked = left_out = 0
    for detection in catalogue.detections.values():
        whole, part = (c(detection, catalogue, kept, None) for c in (DetectionTests, Sampled))
        for test in detection.tests:
            if test.using or not test.events:
                continue
            checked += 1
            part._events(test)
            if not part.left_out:  # what is the same tells the same
                continue
            left_out += part.left_out
            try:
                before = whole._seen(test)
            except NotRunnable:
                continue
            assert part.seen(test) == before, (detection.id, test.name)
    assert checked > 500
    assert left_out > 50


def test_the_recording_tells_the_same():
    loaded = load_rules((), None, ())
    events = []
    read([ROOT / "examples" / "intrusion.pcap.gz"], events.extend)
    one = Sampling()
    # the detections of DNS need nearly every question
    rules = [r for r in loaded.rules if not r.plan.id.startswith("dns_")]
    one.use(filter_of([r.plan for r in rules], NONE))
    kept = one.sent(sorted(events, key=lambda e: (e.ts, e.seq)))
    run = partial(replay, rules)
    alerts = []
    for given in (events, kept):
        done = run(given, loaded.compile_detection, Setting(None, loaded.rows))
        alerts.append([{k: v for k, v in a.items() if k != "evidence"} for a in done.dicts()])
        done.engine.store.close()
    assert alerts[0] == alerts[1]
    assert len(alerts[0]) > 5
    assert len(kept) < len(events) / 2
