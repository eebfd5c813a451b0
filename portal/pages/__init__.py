"""The pages, found by folder scan: one module a page, with its `VIEWS`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from portal.pages.view import View

_NO_PAGES: Final = frozenset({"view", "rendering"})


def views() -> list[View]:
    """Of all pages."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in _NO_PAGES)
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [view for module in modules for view in getattr(module, "VIEWS", ())]
