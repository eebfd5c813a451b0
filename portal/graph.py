"""Ways of lateral movement, and incidents, as the nodes and edges of graphs, as Cytoscape.js takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.paths.search import Way
    from portal.reading.incidents import IncidentDetail

_KINDS: Final = {
    "account": "account",
    "host": "computer",
    "unnamed": "computer",
    "ticket": "ticket",
}
_COLUMN: Final = 235
_ROW: Final = 50


def graph(ways: Iterable[Way], target: str) -> list[dict[str, object]]:
    """Each account and host once; an edge says what leads from one to the next."""
    nodes: dict[str, dict[str, object]] = {}
    edges: dict[tuple[str, str], str] = {}

    def node(name: str, kind: str) -> None:
        data = {
            "id": name, "label": printable(name), "kind": kind,
            "href": f"/entity?{urlencode({'name': name})}", "sensitive": name == target,
        }  # fmt: skip
        nodes.setdefault(name, data)

    for way in ways:
        node(way.start, "account")
        nodes[way.start]["start"] = True
        for step in way.steps:
            node(step.account, "account")
            node(step.host, "computer")
            node(step.then, "account")
            edges[step.account, step.host] = f"{step.right} {step.group or ''}".strip()
            edges[step.host, step.then] = step.session
    found: list[dict[str, object]] = [{"data": data} for data in nodes.values()]
    for (a, b), label in edges.items():
        data = {"id": f"{a}>{b}", "source": a, "target": b, "label": printable(label)}
        found.append({"data": data})
    return found


def steps(ways: Iterable[Way]) -> list[dict[str, str]]:
    """The same as lines of a table: each step once, in the order of the ways."""
    found = {
        (s.account, s.host, s.then): {
            "account": s.account, "right": f"{s.right} {s.group or ''}".strip(), "host": s.host,
            "then": s.then, "session": s.session,
        }
        for way in ways
        for s in way.steps
    }  # fmt: skip
    return list(found.values())


def incident_graph(incident: IncidentDetail) -> list[dict[str, object]]:
    """Its alerts in columns by phase, in the order of time; to the left who joins them. An edge says as what
    an entity takes part in an alert.
    """
    found: list[dict[str, object]] = []
    rows = dict.fromkeys(incident["phases"], 0)
    columns = {phase: 1 + i for i, phase in enumerate(incident["phases"])}
    for alert in incident["chain"]:
        phase = alert["kill_chain"]
        data = {
            "id": f"alert {alert['number']}", "kind": "alert", "severity": alert["severity"],
            "label": f"{alert['number']} {printable(alert['title'])}", "side": "right",
            "href": f"/alerts/{alert['number']}",
        }  # fmt: skip
        found.append({"data": data, "position": _at(columns[phase], rows[phase])})
        rows[phase] += 1
    height = max(rows.values(), default=0)
    for i, member in enumerate(incident["members"]):
        name = member["entity"]
        data = {"id": name, "label": printable(name), "kind": _KINDS[member["kind"]]}
        if member["kind"] != "ticket":
            data["href"] = f"/entity?{urlencode({'name': name})}"
        step = max(1.0, height / len(incident["members"]))
        found.append({"data": data, "position": _at(0, i * step)})
        for part in member["alerts"]:
            number = part["number"]
            edge = {
                "id": f"{name}>{number}", "source": name, "target": f"alert {number}",
                "label": ", ".join(part["roles"]).replace("_", " "), "quiet": True,
            }  # fmt: skip
            found.append({"data": edge})
    return found


def _at(column: float, row: float) -> dict[str, float]:
    return {"x": column * _COLUMN, "y": row * _ROW}
