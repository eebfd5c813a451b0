"""Correlations: the rows that DuckDB finds, against counting by hand."""

from __future__ import annotations

import pytest
from sigma_events import windows

from engine.sigma.refused import RefusedError

SECOND = 1_000_000


def rule(name, number):
    return {
        "title": name, "name": name, "logsource": {"product": "windows"},
        "detection": {"s": {"EventID": number}, "condition": "s"},
    }  # fmt: skip


def correlation(kind, rules=("one",), *, title="c", **keys):
    body = {"type": kind, "rules": list(rules), "timespan": "1m", **keys}
    return {"title": title, "name": title, "correlation": body}


STREAM = [  # (second, event id, user, size)
    (0, 1, "A", "1"), (10, 1, "a", "2"), (20, 2, "a", "9"), (30, 1, "b", "5"), (40, 1, "a", "x"),
    (65, 1, "a", "30"), (70, 2, "b", "4"), (75, 3, "a", "1"), (200, 1, None, "1"), (205, 2, "a", "3"),
]  # fmt: skip


def events():
    for second, number, user, size in STREAM:
        fields = {"EventID": number, "size": size} | ({"User": user} if user else {})
        yield windows(fields, second * SECOND)


GROUPED = {"group-by": ["User"]}
CASES = [
    correlation("event_count", **GROUPED, condition={"gte": 3}),
    correlation("event_count", condition={"gt": 3}),
    correlation("event_count", **GROUPED, condition={"eq": 2}),
    correlation("event_count", condition={"gte": 2, "lt": 4}),
    correlation("event_count", ["one", "two"], condition={"gte": 5}),
    correlation("event_count", ["one"], timespan="1h", condition={"neq": 2}),
    correlation("value_count", condition={"gte": 2, "field": "User"}),
    correlation("value_count", condition={"gte": 4, "field": ["User", "size"]}),
    correlation("value_sum", condition={"gt": 7, "field": "size"}),
    correlation("value_avg", condition={"gte": 10, "field": "size"}),
    correlation("value_median", condition={"gte": 5, "field": "size"}),
    correlation("value_percentile", condition={"gte": 20, "field": "size", "percentile": 90}),
    correlation("temporal", ["one", "two"], **GROUPED),
    correlation("temporal", ["one", "two", "three"], **GROUPED, condition={"gte": 2}),
    correlation("temporal", ["one", "two", "three"], condition="one and two and not three", **GROUPED),
    correlation("temporal_ordered", ["one", "two"], **GROUPED),
    correlation("temporal_ordered", ["one", "two"], condition="two and one", **GROUPED),
]  # fmt: skip
OPERATORS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<", "eq": "==", "neq": "!="}


def expected(body):
    """The seconds at which the correlation holds, by looking at every event's past."""
    numbers = {"one": 1, "two": 2, "three": 3}
    condition = body.get("condition", {"gte": len(body["rules"])})
    span = {"1m": 60, "1h": 3600}[body["timespan"]]
    mine = [
        (t, n, u.lower() if u else None, size)
        for t, n, u, size in STREAM
        if n in [numbers[r] for r in body["rules"]] and (u or "group-by" not in body)
    ]
    for event in mine:
        past = [
            e for e in mine
            if event[0] - span < e[0] <= event[0] and (e[2] == event[2] or "group-by" not in body)
        ]  # fmt: skip
        if body["type"] == "temporal_ordered":
            order = [numbers[r] for r in ("two", "one")] if condition == "two and one" else [1, 2]
            first = [e[0] for e in past if e[1] == order[0]]
            if event[1] == order[1] and first and min(first) < event[0]:
                yield event[0]
        elif isinstance(condition, str):
            seen = {name: any(e[1] == n for e in past) for name, n in numbers.items()}
            if eval(condition, {}, seen):  # a condition of this file
                yield event[0]
        else:
            value = computed(body["type"], past, condition)
            bounds = [(OPERATORS[k], v) for k, v in condition.items() if k in OPERATORS]
            if value is not None and all(eval(f"{value} {o} {v}") for o, v in bounds):
                yield event[0]


def computed(kind, past, condition):
    if kind == "event_count":
        return len(past)
    if kind == "temporal":
        return len({e[1] for e in past})
    if kind == "value_count":
        at = {"User": 2, "size": 3}
        fields = (
            condition["field"] if isinstance(condition["field"], list) else [condition["field"]]
        )
        rows = [tuple(e[at[f]] for f in fields) for e in past]
        return len({r for r in rows if None not in r})
    sizes = sorted(float(e[3]) for e in past if e[3].isdecimal())
    if not sizes:
        return None
    if kind in ("value_sum", "value_avg"):
        return sum(sizes) / (len(sizes) if kind == "value_avg" else 1)
    share = condition.get("percentile", 50) / 100 * (len(sizes) - 1)
    low = int(share)
    high = min(low + 1, len(sizes) - 1)
    return sizes[low] + (share - low) * (sizes[high] - sizes[low])


@pytest.mark.parametrize("what", CASES, ids=lambda v: str(v["correlation"])[:90])
def test_rows(imported, put, what):
    made = imported([rule("one", 1), rule("two", 2), rule("three", 3), what])
    rows = made.rows(put(events()), 4)
    wanted = sorted(expected(what["correlation"]))
    assert wanted
    assert sorted(r.ts // SECOND for r in rows) == wanted


def test_aliases_name_a_field_in_each_rule(imported, put):
    what = correlation(
        "temporal", ["one", "two"], aliases={"who": {"one": "User", "two": "size"}}, **{"group-by": ["who"]}
    )  # fmt: skip
    made = imported([rule("one", 1), rule("two", 2), what])
    stream = [
        windows({"EventID": 1, "User": "A"}, SECOND),
        windows({"EventID": 2, "size": "a"}, 2 * SECOND),
    ]
    (row,) = made.rows(put(stream), 3)
    assert row.roles["who"] == "a"


def test_a_correlation_of_correlations(imported, put):
    many = correlation("event_count", title="many", **{"group-by": ["User"]}, condition={"gte": 2})
    then = correlation("temporal_ordered", ["many", "two"], title="then", **{"group-by": ["User"]})
    made = imported([then, rule("two", 2), many, rule("one", 1)])
    assert [r.ts // SECOND for r in made.rows(put(events()), 1)] == [20]
    assert [r.referenced for r in made.read] == [False, True, True, True]


def test_generate_keeps_the_rules_alerts(imported):
    kept = correlation("event_count", condition={"gte": 2}, generate=True)
    assert not imported([rule("one", 1), kept]).read[0].referenced


REFUSED = [
    (correlation("event_count", ["none"], condition={"gte": 1}), "is not among those imported"),
    (correlation("event_count", ["bad"], condition={"gte": 1}), "is refused"),
    (correlation("temporal_ordered", ["one", "two"], condition={"gte": 1}), "no equal here"),
    (correlation("temporal_ordered", condition="one or two"), "no equal here"),
    (correlation("temporal_ordered", condition="one and not two"), "no equal here"),
    (correlation("value_percentile", condition={"gte": 1, "field": "x"}), "percentile"),
    (correlation("event_count"), "condition"),
    (correlation("dance", condition={"gte": 1}), "dance"),
    (correlation("event_count", condition={"gte": 1}, timespan="1 hour"), "Timespan"),
    (correlation("event_count", condition={"gte": 1}, timespan="1y"), "kept"),
    (correlation("event_count", ["c"], condition={"gte": 1}), "itself"),
    (correlation("temporal", ["one", "two"], aliases={"w": {"one": "User"}}, **{"group-by": ["w"]}), "says nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "reason"), REFUSED, ids=lambda v: str(v)[:70])
def test_what_is_refused(imported, what, reason):
    bad = rule("bad", 1) | {"detection": {"s": {"a|b": 1}, "condition": "s"}}
    if "condition" in what["correlation"] and isinstance(what["correlation"]["condition"], str):
        del what["correlation"]["rules"]
    made = imported([rule("one", 1), rule("two", 2), bad, what])
    refused = made.read[3].refused
    if not refused:
        with pytest.raises((RefusedError, AssertionError, ValueError)) as caught:
            made.plan(4)
        refused = str(caught.value)
    assert reason in refused


def version_1(condition, timeframe="1m"):
    """A rule of version 1, whose condition ends in an aggregation."""
    searches = {"one": {"EventID": 1}, "two": {"EventID": 2}, "three": {"EventID": 3}}
    frame = {"timeframe": timeframe} if timeframe else {}
    detection = {**searches, **frame, "condition": condition}
    return {"title": "old", "logsource": {"product": "windows"}, "detection": detection}


VERSION_1 = [
    ("one | count() > 2", correlation("event_count", condition={"gt": 2})),
    ("one | count() by User >= 3", correlation("event_count", **GROUPED, condition={"gte": 3})),
    ("one | count() by User = 2", correlation("event_count", **GROUPED, condition={"eq": 2})),
    ("one|COUNT( User ) > 1", correlation("value_count", condition={"gt": 1, "field": "User"})),
    ("one | sum(size) > 7", correlation("value_sum", condition={"gt": 7, "field": "size"})),
    ("one | avg(size) by User >= 10.5", correlation("value_avg", **GROUPED, condition={"gte": 10.5, "field": "size"})),
    (["one | count() < 2"], correlation("event_count", condition={"lt": 2})),
    ("one | near two", correlation("temporal", ["one", "two"])),
    ("one | NEAR two and not three", correlation("temporal", ["one", "two", "three"], condition="one and two and not three")),
    ("one | near (two or 1 of thr*)", correlation("temporal", ["one", "two", "three"], condition="one and (two or three)")),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "same"), VERSION_1, ids=lambda v: str(v)[:60])
def test_an_aggregation_of_version_1_is_a_correlation(imported, put, condition, same):
    rows = imported([version_1(condition)]).rows(put(events()))
    wanted = sorted(expected(same["correlation"]))
    assert wanted
    assert sorted(r.ts // SECOND for r in rows) == wanted


def test_what_an_aggregation_leaves_open_is_said(imported):
    assert imported([version_1("one | count() > 1")]).read[0].gaps == ()
    assert "24 hours" in imported([version_1("one | count() > 1", None)]).read[0].gaps[0]
    assert "over 1d" in imported([version_1("one | count() > 1", None)]).block().text
    assert "in common" in imported([version_1("one | near two")]).read[0].gaps[0]


def test_filters_are_applied_to_rules_of_version_1(imported):
    ident = "6f3e2987-db24-4c78-a860-b4f4095a7095"
    by = {
        "title": "not ours", "logsource": {"product": "windows"},
        "filter": {"rules": [ident], "own": {"User": "x"}, "condition": "not own"},
    }  # fmt: skip
    made = imported([by, version_1("one | near two") | {"id": ident}])
    assert made.block(2).text.count('not lower(user) == "x"') == 2
    assert made.read[1].filters == ["not ours"]
