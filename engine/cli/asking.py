"""Work on a database by a command: done here, or by the atp-run that has it open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli import desk as desks
from engine.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def done(
    database: Path, kind: str, arguments: Mapping[str, object], here: Callable[[], bytes]
) -> bytes:
    """The answer of an errand; ends the command with the reason where it is refused."""
    import duckdb  # noqa: PLC0415 - starts fast

    from engine.cli.ground import first_line  # noqa: PLC0415
    from engine.errands import RefusedError  # noqa: PLC0415

    try:
        return here()
    except RefusedError as error:
        output.fail(str(error))
    except duckdb.Error as error:
        why = first_line(str(error))
        if "lock" not in why:
            output.fail(f"{database} cannot be opened: {why}", "name a database of atp-run")
    return _asked(database, kind, arguments)


def _asked(database: Path, kind: str, arguments: Mapping[str, object]) -> bytes:
    from engine.asking import UnansweredError, answer  # noqa: PLC0415 - starts fast
    from engine.errands import RefusedError  # noqa: PLC0415

    desk = desks.open_desk(database)
    try:
        return answer(desk, kind, arguments, desks.who())
    except UnansweredError:
        hint = "it may be another release, or no atp-run at all: see who has it open"
        output.fail(f"{database} is in use, and its atp-run does not answer", hint)
    except RefusedError as error:
        output.fail(str(error))
    finally:
        desk.close()
