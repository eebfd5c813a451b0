"""Writes the reference that is derived from the code: `docs/build.py [FOLDER]` (`make docs`).

Every module of `pages` with a function `lines` becomes a page of that name, by default in
docs/reference/. Nothing of it is committed. The pages state no facts of their own: each line comes
from the schema, the catalogue of functions, the checked detections or the codes.
"""
# ruff: noqa: INP001  # a script beside the pages, not a package

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Final

import pages

from dsl.load import load

ROOT: Final = Path(__file__).resolve().parent.parent


def main() -> None:
    """Write all pages; exit code 1 where the shipped detections have errors."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "reference"
    catalogue = load([ROOT / "detections"], ROOT)
    if catalogue.diagnostics.errors:
        sys.exit("the shipped detections have errors: see `atp check`")
    folder.mkdir(parents=True, exist_ok=True)
    for info in pkgutil.iter_modules(pages.__path__):
        lines = getattr(importlib.import_module(f"pages.{info.name}"), "lines", None)
        if lines is not None:
            path = folder / f"{info.name}.md"
            path.write_text("\n".join(lines(catalogue)) + "\n", encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
