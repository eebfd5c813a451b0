"""Compiles the packet path (mypyc) if ATP_COMPILE=1; everything else is said in pyproject.toml.

The same source, without it, is the pure wheel. ATP_OPT is gcc's level: 2, or less for a build that
is only tested.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from setuptools import setup

if TYPE_CHECKING:
    from setuptools import Extension

ROOT = Path(__file__).parent
COMPILED = (
    "sensor/contract.py",
    "sensor/decode/*.py",
    "sensor/inputs/packets.py",
    "sensor/inputs/pcap.py",
    "sensor/inputs/ringblock.py",
    "sensor/wire/*.py",
)


def extensions() -> list[Extension]:
    """One shared library of all compiled modules, and a stub for each; none for the pure wheel."""
    if os.environ.get("ATP_COMPILE") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - the pure build does without mypy

    found = {path for pattern in COMPILED for path in ROOT.glob(pattern)}
    modules = sorted(str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py")
    options = ["--config-file", "pyproject.toml", *modules]
    made = mypycify(options, opt_level=os.environ.get("ATP_OPT", "2"), group_name="atp")
    for extension in made:
        # what a debugger would want takes half of the assembler's time and of the library's size
        extension.extra_compile_args.append("-g0")
    return made


setup(ext_modules=extensions())
