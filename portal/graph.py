"""Ways of lateral movement as the nodes and edges of a graph, as Cytoscape.js takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.paths.search import Way


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
