"""What every command says in the same way: results, errors, damaged input.

Messages go to standard error, results to standard output. Text that came from files or the wire is
made printable before a terminal sees it; colours are for terminals and obey NO_COLOR. A daemon may say
its messages as JSON objects instead, for a journal or a collector of logs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Literal, NoReturn

import click

from engine.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sensor.inputs.files import FileSummary

DONE = 0
NO = 1
FAILED = 2

Level = Literal["info", "warning", "error"]


class _Form:
    """How messages are said, by the whole process."""

    json = False


def say_json() -> None:
    """From now on messages are JSON objects, one a line: time, level, topic, message, and more fields."""
    _Form.json = True


def says_json() -> bool:
    """Whether they are."""
    return _Form.json


def colour() -> bool | None:
    """False where colours are not wanted (no-color.org); None: where the output is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def write(line: bytes) -> None:
    """A line of results for programs. Unlike `click.echo` it does not flush each line."""
    sys.stdout.buffer.write(line + b"\n")


def drop_results() -> None:
    """From now on results go nowhere: nobody takes them."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class Failure(SystemExit):
    """The end of a command with exit code 2: what could not be done, and a remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(FAILED)
        self.message = message
        self.hint = hint


_silent: Final = ContextVar("silent", default=False)


@contextlib.contextmanager
def unsaid() -> Iterator[None]:
    """Within it a failure is not said, only raised: for work that a command and the daemon have in common."""
    mark = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(mark)


def fail(message: str, hint: str = "") -> NoReturn:
    """Say what could not be done, and end with exit code 2. Raises Failure."""
    if not _silent.get():
        if _Form.json:
            _log("error", message, "", {"hint": hint} if hint else {})
        else:
            _say("error", "red", message)
            if hint:
                click.echo(f"  = hint: {printable(hint)}", err=True)
    raise Failure(message, hint)


def warn(message: str, topic: str = "") -> None:
    """Say what went wrong beside the work. `topic`: what it is about, for whoever sorts messages."""
    if _Form.json:
        _log("warning", message, topic, {})
        return
    _say("warning", "yellow", message)


def note(message: str, topic: str = "", fields: Mapping[str, object] | None = None) -> None:
    """Say what is going on; `fields` are for programs."""
    if _Form.json:
        _log("info", message, topic, fields or {})
        return
    with contextlib.suppress(OSError):
        click.echo(printable(message), err=True)


def reason(error: OSError) -> str:
    """Why the system refused, in its words."""
    return error.strerror or type(error).__name__


def report_damage(summary: FileSummary, most: int = 5) -> bool:
    """Name the damaged parts of a file with their offsets; True if there were any."""
    for damage in summary.damages[:most]:
        warn(
            f"{summary.path}: damaged at offset {damage.offset}: {damage.reason}; the rest is used"
        )
    if len(summary.damages) > most:
        warn(f"{summary.path}: {len(summary.damages) - most} more damaged parts")
    if summary.fault:
        warn(f"{summary.path}: a reader failed, please report: {summary.fault}")
    return bool(summary.damages)


def _log(level: Level, message: str, topic: str, fields: Mapping[str, object]) -> None:
    from engine.event_json import json_line  # noqa: PLC0415 - not of every command
    from engine.times import iso  # noqa: PLC0415

    said = {"time": iso(time.time_ns() // 1000), "level": level, "topic": topic, "message": message}
    with contextlib.suppress(OSError):
        click.echo(json_line({**said, **fields}), err=True)


def _say(word: str, shade: str, message: str) -> None:
    # where nobody reads complaints any more, the work goes on without them
    with contextlib.suppress(OSError):
        click.secho(word, fg=shade, bold=True, nl=False, err=True)
        click.echo(f": {printable(message)}", err=True)
