"""Nobody special from the moment on that interfaces and ports are open; said to people where that
cannot be.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from engine.cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def give_up_privileges(user: str | None, written: Sequence[Path]) -> str:
    """No privilege is left afterwards; who this process is now, for people. `written` are the files
    that it is going to write. Ends the command with the reason where that cannot work.
    """
    if sys.platform == "win32":
        return ""
    from engine.daemon.privileges import (  # noqa: PLC0415 - not of Windows
        PrivilegeError,
        give_up,
        successor,
        unwritable,
    )

    written = [path.resolve() for path in written]
    try:
        to = successor(user, written[0].parent)
        give_up(to)
    except PrivilegeError as error:
        output.fail(str(error), "see --user")
    name = to.pw_name if to else str(os.geteuid())
    for path in written:
        barred = unwritable(path)
        if barred is not None:
            hint = f"`chown {name} {barred}`, or name another user with --user"
            output.fail(f"`{name}` may not write to {barred}", hint)
    for part in (__file__, os.__file__):
        if not os.access(part, os.R_OK):
            hint = "install it where everybody may read, or name another user with --user"
            output.fail(f"`{name}` may not read {part}, which is part of the program", hint)
    return name
