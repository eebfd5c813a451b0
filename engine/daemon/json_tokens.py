"""The file of tokens that let senders of JSON in: one a line, `#` begins a comment.

Complaints name file, line and column, and never show a token.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from engine.cli import output

if TYPE_CHECKING:
    from pathlib import Path

_SHORT: Final = 16


def load_tokens(path: Path) -> list[str]:
    """The tokens of a file; ends the command where one is wrong, or there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        output.fail(f"{path}: {output.reason(error)}")
    except UnicodeDecodeError:
        output.fail(f"{path} is no text in UTF-8")
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        token = line.strip()
        if not token or token.startswith("#"):
            continue
        if len(token) < _SHORT or not token.isascii() or " " in token:
            hint = f"{_SHORT} or more ASCII characters, as of `openssl rand -hex 24`"
            output.fail(f"{path}:{number}:1: this is no token", hint)
        found.append(token)
    if not found:
        output.fail(f"{path} holds no token", "one a line, as of `openssl rand -hex 24`")
    mode = path.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IRWXO):
        output.warn(f"{path} holds secrets and is open to others: `chmod 640 {path}`")
    return found
