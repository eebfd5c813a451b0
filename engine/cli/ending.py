"""How a command of ours begins and ends, whatever happens in it.

Usage errors look like all our errors; Ctrl-C and a reader that goes away (`| head`) end quietly,
with the codes that shells give them; a full disk is told; a defect of ours is told as one. Click
alone would answer 1 to some of these, which means «the answer is no» here.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli import output
from engine.collection import collect_rarely

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INTERRUPTED = 130
"""128 + SIGINT, as shells say it."""


class Command(click.Command):
    """A click command with our endings. `hint` of a usage error is shown as one."""

    def main(  # type: ignore[override]  # click overloads it by standalone_mode
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: object,
    ) -> object:
        """Run as a program; with `standalone_mode` False as click does it, for callers in Python."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        _open_streams()
        collect_rarely()
        extra = {"color": output.colour(), **extra}
        with _dies_of_broken_pipes(self):
            try:
                code = super().main(
                    args,
                    prog_name,
                    complete_var,
                    standalone_mode=False,
                    windows_expand_args=windows_expand_args,
                    **extra,
                )
            except SystemExit as end:
                code = end.code
            except click.ClickException as error:
                code = _usage(error)
            except (KeyboardInterrupt, click.Abort):
                code = INTERRUPTED
            except OSError as error:
                code = _refused(error)
            except Exception:  # noqa: BLE001 - the last place that can tell of it
                code = _defect()
            sys.exit(_flushed(code if isinstance(code, int) else output.DONE))


class UsageError(click.UsageError):
    """Wrong usage, with what to do instead."""

    def __init__(self, message: str, ctx: click.Context | None = None, hint: str = "") -> None:
        super().__init__(message, ctx)
        self.hint = hint


def _usage(error: click.ClickException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # click 8.2 and later
        error.show()
        return output.FAILED
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    hint = getattr(error, "hint", "")
    if isinstance(error, click.NoSuchOption):
        message = f"there is no option `{error.option_name}`"
        hint = f"did you mean `{error.possibilities[0]}`?" if error.possibilities else ""
    if not hint and context is not None:
        hint = f"see `{context.command_path} --help`"
    return _failed(message[:1].lower() + message[1:], hint)


def _refused(error: OSError) -> int:
    if error.filename is not None:
        return _failed(f"{error.filename}: {output.reason(error)}")
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE):
        return _failed(output.reason(error))
    output.drop_results()  # Python would try again at its end
    return _failed(f"standard output: {output.reason(error)}")


def _defect() -> int:
    import traceback  # noqa: PLC0415 - for defects only

    traceback.print_exc()
    return _failed("this is a defect of atp", "please report it with the lines above")


def _failed(message: str, hint: str = "") -> int:
    try:
        output.fail(message, hint)
    except SystemExit:
        return output.FAILED


def _flushed(code: int) -> int:
    """Write out what is left of the results; the code that stands then."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return _refused(error)
    return code


def _open_streams() -> None:
    """Closed streams swallow what is written; characters that one cannot show appear escaped."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the rest of the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _dies_of_broken_pipes(command: click.Command) -> Iterator[None]:
    """A command whose reader went away is ended by SIGPIPE, as any other tool; a daemon is not."""
    if not getattr(command, "dies_of_broken_pipes", False) or not hasattr(signal, "SIGPIPE"):
        yield
        return
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGPIPE, before)
