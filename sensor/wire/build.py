"""Whether this package was compiled (mypyc); the same source either way.

For the version line, and for the one place where the fast way to read differs between the two.
"""

from __future__ import annotations

from typing import Final

COMPILED: Final[bool] = not __file__.endswith(".py")
WORD: Final = "compiled" if COMPILED else "pure Python"
