"""Forms of an alert that other products read, found by folder scan: one module a form.

A module has `form(change, alert, version)`: the alert of `report.alert_dict`, as it is after a
change (`opened`, `updated`, `closed`, …), of a release of the product, as one line of bytes without
its end. Every value in it may be an attacker's words. Pure; knows no way that lines are sent.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache

Form = Callable[[str, Mapping[str, object], str], bytes]

SEVERITY = {"informational": 1, "low": 3, "medium": 5, "high": 10}
"""Of ten, as those products count that this one is compared with."""


@cache
def forms() -> dict[str, Form]:
    """Every form by its name."""
    return {name: importlib.import_module(f"{__name__}.{name}").form for name in names()}


def names() -> list[str]:
    """The names of all forms."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "parties")
