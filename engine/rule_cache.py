"""Compiled detections remembered between runs, as Python remembers compiled modules.

To parse, check and compile all shipped detections takes longer than a small replay. The key is the
content of every file read and the state of the code that reads them, so nothing stale is ever
used. The folder is the user's own (`$XDG_CACHE_HOME/atp`, else `~/.cache/atp`); a file that
somebody else could have written is not opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_T = TypeVar("_T")
_CODE: Final = Path(__file__).resolve().parent.parent
_KEPT: Final = 8
"""Files kept: one for each set of detections in use, and room for those being written."""


def remembered(files: Iterable[Path], make: Callable[[], _T]) -> _T:
    """What `make` gives for these files, from the cache where it is there.

    The value must be plain data (it is pickled). Any trouble with the cache means making it anew.
    """
    folder = _folder()
    if folder is None:
        return make()
    path = folder / f"rules-{_key(files)}.pickle"
    with contextlib.suppress(
        OSError, ValueError, EOFError, pickle.PickleError, AttributeError, ImportError
    ):
        if _is_ours(path):
            value: _T = pickle.loads(path.read_bytes())  # noqa: S301 - our own file, checked above
            return value
    value = make()
    with contextlib.suppress(OSError, pickle.PickleError):
        _write(path, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))
        _forget_old(folder)
    return value


def _folder() -> Path | None:
    """The cache folder, made if need be; None where it cannot be had or is not ours."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(base) / "atp"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: nobody's home
        return None
    return folder if _is_ours(folder) else None


def _is_ours(path: Path) -> bool:
    """Whether only we can have written it."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if not hasattr(os, "getuid"):  # Windows: the profile folder is the user's own
        return True
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid == os.getuid() and not writable and not stat.S_ISLNK(status.st_mode)


def _key(files: Iterable[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for package in ("dsl", "engine"):
        for path in sorted((_CODE / package).rglob("*")):
            if path.suffix in (".py", ".lark"):
                status = path.stat()
                digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\0".encode())
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:  # made with mode 0600
        file.write(content)
    Path(file.name).replace(path)


def _forget_old(folder: Path) -> None:
    kept = sorted(folder.glob("*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in kept[_KEPT:]:
        path.unlink(missing_ok=True)
