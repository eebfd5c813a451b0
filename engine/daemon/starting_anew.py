"""A process that starts itself anew: by its service manager, or by becoming the same command again.

Privileges were given up for good once interfaces and ports were open, so only a service manager can
give them back. systemd sets INVOCATION_ID for what it runs (systemd.exec(5)).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS: Final = Path("/proc/self/status")
EX_TEMPFAIL: Final = 75
"""What a service manager starts again for (sysexits.h)."""


def privileged() -> bool:
    """Whether this process has privileges that it could lose."""
    if sys.platform == "win32":
        return False
    if os.geteuid() == 0:
        return True
    try:
        lines = _STATUS.read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("CapEff:") and int(line.split()[1], 16) for line in lines)


def can_start_anew(*, gives_up: bool) -> Callable[[], NoReturn] | None:
    """How this process starts anew, once it has closed what it had open; None: it cannot.
    `gives_up`: what it opens it opens with privileges, and gives these up.
    """
    if os.environ.get("INVOCATION_ID"):
        return _end
    return None if gives_up or sys.platform == "win32" else _become


def _end() -> NoReturn:
    sys.exit(EX_TEMPFAIL)


def _become() -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves
