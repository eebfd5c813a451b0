"""All checks, found by scanning their folder, run over a directory.

A check that needs attributes nobody told (no right to read them, an older database) has no answer,
which is said; it never counts as passed.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from engine.posture import checks
from engine.posture.finding import SEVERITIES, Check, Find, Finding

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.posture.estate import Estate

_NO_AUTHORITY: Final = "certificateTemplates"


class Result(NamedTuple):
    """What a check found; `untold`: the attribute for want of which it could not judge."""

    id: str
    check: Check
    findings: tuple[Finding, ...]
    untold: str = ""


def names() -> list[str]:
    """Ids of all checks, by name."""
    return sorted(info.name for info in pkgutil.iter_modules(checks.__path__))


def load(name: str) -> tuple[Check, Find]:
    """A check by its id."""
    module = importlib.import_module(f"{checks.__name__}.{name}")
    return cast("Check", module.CHECK), cast("Find", module.find)


def assess(estate: Estate, wanted: Collection[str] = ()) -> list[Result]:
    """The results of the wanted checks (all where none is), gravest first."""
    told = {name.lower() for item in estate.items for name in item.row.attributes}
    results = []
    for name in names():
        if wanted and name not in wanted:
            continue
        check, find = load(name)
        untold = next((need for need in check.needs if need.lower() not in told), "")
        findings = () if untold else tuple(sorted(set(find(estate))))
        results.append(Result(name, check, findings, untold))
    return sorted(results, key=lambda r: (SEVERITIES.index(r.check.severity), r.id))


def no_authority(result: Result) -> bool:
    """Whether it could not judge because the forest has no certification authority."""
    return result.untold == _NO_AUTHORITY
