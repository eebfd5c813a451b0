"""Reading the files that a command was given: progress, complaints, exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli import output
from engine.cli.progress import progress
from sensor.inputs.files import files_in, read_file, sensor_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dsl.schema.base import Event


def read(paths: Sequence[Path], emit: Callable[[Event], None]) -> bool:
    """Emit the events of all files; whether one was damaged.

    What is neither a capture nor a log ends the command if it was named, and is passed over with a
    warning if it lies in a folder that was. So does a file that cannot be opened.
    """
    files = list(files_in(paths))
    names = sensor_names(files)
    damaged = False
    for file in files:
        try:
            with progress(file) as bar:
                summary = read_file(file, emit, bar, names[file])
        except OSError as error:
            output.fail(f"{file}: {output.reason(error)}")
        if summary.kind != "unknown":
            damaged |= output.report_damage(summary)
        elif file in paths:
            output.fail(
                f"{file}: {summary.damages[0].reason}",
                "captures are pcap and pcapng, event logs .evtx, event XML and JSON",
            )
        else:
            output.warn(f"{file}: passed over: {summary.damages[0].reason}")
    return damaged
