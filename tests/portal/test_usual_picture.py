"""What was usual beside what was seen: where the marks stand."""

from portal.usual_picture import drawn

NONE = {"limit": None, "low": None, "high": None, "median": None, "p95": None, "max": None,
        "values": [], "size": 0, "hours": []}  # fmt: skip
USUAL = {"profile": "usual", "key": {"account": "ann"}, "at": 0, "rows": 3, "first_seen": 0,
         "buckets": 2, "ready": True}  # fmt: skip


def _drawn(**measure):
    ((one,),) = [h["measures"] for h in drawn([{**USUAL, "measures": [{**NONE, **measure}]}])]
    return one["picture"]


def test_a_number_lies_beyond_the_band_and_the_limit():
    found = _drawn(name="tries", kind="number", observed=40, limit=10.0, median=2.0, p95=5.0, max=6)
    marks = found["marks"]
    assert found["ends"] == (0.0, 40.0)
    assert (marks["observed"], found["band"][0]) == (624.0, 16.0)
    assert marks["median"] < found["band"][1] < marks["max"] < marks["limit"] < marks["observed"]


def test_a_band_far_from_nothing_is_seen_from_near():
    found = _drawn(name="sizes", kind="number", observed=1300, low=952.0, high=1052.0)
    assert found["ends"] == (778.0, 1300.0)
    assert found["band"] == (found["marks"]["low"], found["marks"]["high"])


def test_what_lies_beside_nothing_is_not_drawn():
    assert _drawn(name="mask", kind="number", observed=1) is None
    assert _drawn(name="hosts", kind="set", observed="ws9", values=["ws1"], size=1) is None


def test_hours_stand_around_the_hour_that_was_seen():
    shares = [0.0] * 24
    shares[9] = 0.5
    found = _drawn(name="hour_share", kind="hour", observed=15 * 3_600_000_000, hours=shares)
    assert [b["hour"] for b in found["bars"] if b["seen"]] == [15]
    (tall,) = [b for b in found["bars"] if b["height"]]
    assert (tall["hour"], tall["height"]) == (12, 90.0)


def test_what_is_still_learnt_holds_nothing_against_anybody():
    measure = {**NONE, "name": "tries", "kind": "number", "observed": 5, "limit": 0.0}
    ((one,),) = [h["measures"] for h in drawn([{**USUAL, "ready": False, "measures": [measure]}])]
    assert (one["limit"], one["picture"]) == (None, None)
