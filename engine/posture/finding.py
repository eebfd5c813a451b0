"""What a check is, and what it finds.

`CHECK` and `find` of a module in `engine.posture.checks` are all there is to a check: its name is
the module's. Knows no directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from engine.posture.estate import Estate

Severity = Literal["high", "medium", "low"]
SEVERITIES: Final[tuple[Severity, ...]] = ("high", "medium", "low")
SHOWN: Final = 200
"""Characters of a value that are shown."""


class Finding(NamedTuple):
    """What is wrong with which object: the attribute, its value (never a secret), and why that is
    a weakness. `object`: account, group or host by its canonical name, else the DN.
    """

    object: str
    attribute: str
    value: str
    why: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. `product`: the assessment of Defender for Identity that it stands for,
    empty where there is none; `needs`: attributes without which it cannot tell.
    """

    title: str
    severity: Severity
    why: str
    remedy: str
    product: str = ""
    mitre: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


Find = Callable[["Estate"], Iterator[Finding]]


def shown(value: str) -> str:
    """A value, cut where it is long."""
    return value if len(value) <= SHOWN else f"{value[: SHOWN - 1]}…"
