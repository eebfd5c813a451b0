"""Ways by which ordinary accounts came to sensitive ones, day by day over at most 60 days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.reports import DAY_US

if TYPE_CHECKING:
    from engine.reports import Facts, Row, Sheets

TITLE: Final = "Lateral movement paths to sensitive accounts"
_MOST_DAYS: Final = 60


def sheets(facts: Facts) -> Sheets:
    """`Targets`: from how many accounts each could be reached; `Paths`: the latest way of each."""
    paths: dict[tuple[str, str], Row] = {}
    for at in _days(facts.begin, facts.end):
        for row in facts.paths(at):
            key = str(row["start"]), str(row["target"])
            before = paths.get(key)
            first = at if before is None else before["first"]
            days = 1 if before is None else int(str(before["days"])) + 1
            paths[key] = {
                "target": row["target"], "start": row["start"], "hosts": row["hosts"],
                "first": first, "last": at, "days": days, "way": row["way"],
            }  # fmt: skip
    rows = [paths[key] for key in sorted(paths, key=lambda k: (k[1], k[0]))]
    targets: dict[str, Row] = {}
    for row in rows:
        target = str(row["target"])
        known = targets.setdefault(target, {"target": target, "accounts": 0, "last": row["last"]})
        known["accounts"] = int(str(known["accounts"])) + 1
        known["last"] = max(int(str(known["last"])), int(str(row["last"])))
    return {"Targets": list(targets.values()), "Paths": rows}


def _days(begin: int, end: int) -> list[int]:
    """The last moment of every day (UTC) of the period, the newest 60 of them, in order."""
    begin = max(begin, end - _MOST_DAYS * DAY_US + 1)
    ends = range((begin // DAY_US + 1) * DAY_US - 1, end, DAY_US)
    return [*ends, end][-_MOST_DAYS:]
