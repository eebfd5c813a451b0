"""Ways as a graph: each account and host once."""

from engine.paths.graph import Step
from engine.paths.search import Way
from portal.graph import graph


def _step(account, host, then):
    values = dict.fromkeys(Step._fields)
    return Step(
        **values
        | {"account": account, "host": host, "then": then, "right": "member", "session": "logon"}
    )


def test_each_node_once():
    ways = [
        Way((_step("a@x", "h1", "b@x"), _step("b@x", "h2", "t@x"))),
        Way((_step("b@x", "h2", "t@x"),)),
    ]
    found = graph(ways, "t@x")
    nodes = {e["data"]["id"]: e["data"] for e in found if "source" not in e["data"]}
    assert set(nodes) == {"a@x", "b@x", "t@x", "h1", "h2"}
    assert nodes["t@x"]["sensitive"]
    assert nodes["h1"]["kind"] == "computer"
    assert len([e for e in found if "source" in e["data"]]) == 4
    assert nodes["a@x"]["href"] == "/entity?name=a%40x"
