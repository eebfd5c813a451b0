"""The picture of an alert: who, from where, to what. Pure geometry for a picture of 720 by its height."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portal.pages.rendering import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 4
_GAP: Final = 58.0
_LONGEST: Final = 30
_TEXT: Final = 94.0
_SIGN: Final = 7.6
"""Where the text of a left node begins, and how wide a sign of it is, about."""


def picture(alert: Mapping[str, object]) -> dict[str, object]:
    """Nodes (place, name, kind, role) and ways from the left ones to the right ones."""
    left = _named(alert, "actor", 2) + _named(alert, "source", 2)
    right = _named(alert, "target", _MOST)
    height = max(len(left), len(right), 1) * _GAP + 16
    nodes = _placed(left, 40.0, height) + _placed(right, 450.0, height)
    ways = [
        {"x1": _TEXT + _SIGN * len(str(a["short"])), "y1": a["y"], "x2": 436.0, "y2": b["y"]}
        for a in nodes[: len(left)]
        if a["role"] == "source" or not any(r == "source" for r, _, _ in left)
        for b in nodes[len(left) :]
    ]
    return {"nodes": nodes, "ways": ways, "height": height}


def _named(alert: Mapping[str, object], role: str, most: int) -> list[tuple[str, str, str]]:
    value = alert.get(role)
    names = [str(v) for v in (value if isinstance(value, list) else [value]) if v is not None]
    shown = [(role, name, kind_of(name)) for name in names[:most]]
    if len(names) > most:
        shown[-1] = (role, f"and {len(names) - most + 1} more", "more")
    return shown


def _placed(nodes: list[tuple[str, str, str]], x: float, height: float) -> list[dict[str, object]]:
    top = (height - len(nodes) * _GAP) / 2 + _GAP / 2
    return [
        {
            "x": x, "y": top + i * _GAP, "role": role, "kind": kind, "name": name,
            "short": name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…",
        }
        for i, (role, name, kind) in enumerate(nodes)
    ]  # fmt: skip
