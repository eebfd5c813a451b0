"""Giving up every privilege once the interfaces are open.

What reads hostile packets needs none: an open packet socket stays readable, and can be bound anew,
without CAP_NET_RAW. Linux keeps capabilities by thread, so this comes before any other thread is
begun. References: capabilities(7), prctl(2), setuid(2).
"""

from __future__ import annotations

import ctypes
import os
import pwd
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAPBSET_DROP: Final = 24
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION_3: Final = 0x20080522
_CAPABILITIES: Final = 64
_CAPABILITY_SETS: Final = 2 * 12


class PrivilegeError(Exception):
    """Privileges cannot be given up as asked; says why."""


def successor(user: str | None, folder: Path) -> pwd.struct_passwd | None:
    """Whom to become when started as root: the named user, else the owner of the folder that will
    be written to. None: nobody else, neither root nor named. Raises PrivilegeError.
    """
    if user is not None:
        try:
            return pwd.getpwnam(user)
        except KeyError:
            raise PrivilegeError(f"there is no user `{user}`") from None
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwuid(folder.stat().st_uid)
    except (OSError, KeyError):
        return None


def give_up(to: pwd.struct_passwd | None) -> None:
    """Become that user if started as root, and lose all capabilities for good, root or not.

    Raises PrivilegeError if another user is asked for and cannot be become, as by who is not root.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(_CAPABILITIES):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to who has none to lose
    if to is not None and to.pw_uid != os.geteuid():
        if os.geteuid() != 0:
            raise PrivilegeError(f"only root can become `{to.pw_name}`")
        try:
            os.setgroups(os.getgrouplist(to.pw_name, to.pw_gid))
            os.setresgid(to.pw_gid, to.pw_gid, to.pw_gid)
            os.setresuid(to.pw_uid, to.pw_uid, to.pw_uid)
        except OSError as error:  # root without CAP_SETUID, as in some containers
            raise PrivilegeError(f"cannot become `{to.pw_name}`: {error.strerror}") from error
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    cleared = libc.capset(header, bytes(_CAPABILITY_SETS)) == 0
    if not cleared or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        why = os.strerror(ctypes.get_errno())
        raise PrivilegeError(f"the capabilities cannot be given up: {why}")


def unwritable(path: Path) -> Path | None:
    """The file or folder that keeps this process from writing the file at `path`; None: it may."""
    folder = path.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        return folder
    return path if os.path.lexists(path) and not os.access(path, os.W_OK) else None
