"""Every change of a group whose members control the domain, or that was tagged sensitive."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.reports import Facts, Sheets

TITLE: Final = "Modifications of sensitive groups"


def sheets(facts: Facts) -> Sheets:
    """`Groups`: how often each was changed; `Modifications`: who did what, when, from where."""
    changes = facts.group_changes()
    number = Counter((str(c["group"]), str(c["action"])) for c in changes)
    groups = [{"group": g, "action": a, "changes": n} for (g, a), n in sorted(number.items())]
    return {"Groups": [dict(row) for row in groups], "Modifications": changes}
