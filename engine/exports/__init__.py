"""Alerts with their evidence as files for people and programs, found by folder scan: one module a form.

A module has `write(alerts, path)`: the alerts of `report.alert_dict` into a file of its form. What stands
in them may be an attacker's words. Knows no store.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    Write = Callable[[Sequence[Mapping[str, object]], Path], None]


def names() -> list[str]:
    """The names of all forms: also the endings of their files."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "cells")


def writer(name: str) -> Write:
    """What writes a form."""
    return cast("Write", importlib.import_module(f"{__name__}.{name}").write)
