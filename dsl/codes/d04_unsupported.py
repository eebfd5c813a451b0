"""D04: statements of the language that this version does not compute: none.

D0401 (profiles) and D0402 (trained models) are withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.codes.code import Code

CODES: Final[dict[str, Code]] = {}
