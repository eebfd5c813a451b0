"""All diagnostic codes, found by scanning this folder: one module a phase, each with `CODES`.

Codes are stable: a code keeps its meaning for ever, a withdrawn one is not given out again.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from dsl.codes.code import Code

__all__ = ["Code", "all_codes"]


@cache
def all_codes() -> dict[str, Code]:
    """Every code by its name, in order."""
    found: dict[str, Code] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        codes: dict[str, Code] = getattr(module, "CODES", {})
        found |= codes
    return dict(sorted(found.items()))
