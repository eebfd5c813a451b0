"""The picture of an alert: who, from where, to what."""

from portal.picture import picture


def test_ways_lead_from_the_source():
    found = picture({"actor": "ann@corp.test", "source": "ip:10.0.0.9", "target": ["a", "b"]})
    assert [(n["role"], n["kind"]) for n in found["nodes"]] == [
        ("actor", "user"), ("source", "address"), ("target", "computer"), ("target", "computer"),
    ]  # fmt: skip
    assert len(found["ways"]) == 2
    assert {w["y1"] for w in found["ways"]} == {found["nodes"][1]["y"]}
    assert all(0 < n["y"] < found["height"] for n in found["nodes"])


def test_many_and_none():
    names = [f"h{i}" + "x" * 50 for i in range(9)]
    found = picture({"actor": "ann@corp.test", "source": None, "target": names})
    assert found["nodes"][-1]["name"] == "and 6 more"
    assert all(len(n["short"]) <= 30 for n in found["nodes"])
    assert len(found["ways"]) == 4
    assert picture({})["nodes"] == []
