"""Reading the files that a command was given: progress, complaints, exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.cli import output
from engine.cli.progress import progress
from sensor.inputs.files import files_in, read_file, sensor_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dsl.plan import DetectionPlan
    from dsl.schema.base import Event
    from sensor.inputs.files import FileSummary

_BATCH: Final = 1_000


class _TakerFailed(Exception):  # noqa: N818 - it carries the error
    """What the taker of events raised, on its way past the readers, who catch much."""


def read(
    paths: Sequence[Path], take: Callable[[Iterable[Event]], None], *, raw: bool = False
) -> bool:
    """Give the events of all files, in batches; whether a file was damaged. With `raw` those of
    logs hold a `windows_event` for each record.

    What is neither a capture nor a log ends the command if it was named, and is passed over with a
    warning if it lies in a folder that was. A file that cannot be opened ends the command.
    """
    files = list(files_in(paths))
    names = sensor_names(files)
    damaged = False
    for file in files:
        try:
            summary = _read(file, names[file], take, raw=raw)
        except _TakerFailed as failed:
            raise (failed.__cause__ or failed) from None
        except OSError as error:
            output.fail(f"{file}: {output.reason(error)}")
        damaged |= _told(summary, named=file in paths)
    return damaged


def wants_raw(plans: Iterable[DetectionPlan]) -> bool:
    """Whether any of the detections reads records as they came."""
    return any("windows_event" in plan.events for plan in plans)


def decoded(path: Path) -> list[Event]:
    """All events of one file, as it is: for tests, which say nothing of damages."""
    events: list[Event] = []
    read_file(path, events.append, raw=True)
    return events


def _read(
    file: Path, name: str, take: Callable[[Iterable[Event]], None], *, raw: bool
) -> FileSummary:
    waiting: list[Event] = []

    def hand_over() -> None:
        try:
            take(waiting)
        except Exception as error:
            raise _TakerFailed from error
        waiting.clear()

    with progress(file) as bar:

        def step(done: int, size: int) -> None:
            if len(waiting) >= _BATCH:
                hand_over()
            if bar is not None:
                bar(done, size)

        # decoders must not see what the taker raises: they only fill the list
        summary = read_file(file, waiting.append, step, name, raw=raw)
        hand_over()
    return summary


def _told(summary: FileSummary, *, named: bool) -> bool:
    """Say what is wrong with a file; whether it is damaged."""
    if summary.kind == "unknown":
        why = summary.damages[0].reason
        if named:
            hint = "captures are pcap and pcapng, event logs .evtx, event XML and JSON, directories LDIF"
            output.fail(f"{summary.path}: {why}", hint)
        output.warn(f"{summary.path}: passed over: {why}")
        return False
    if summary.kind == "log" and not summary.units:
        output.warn(f"{summary.path}: no records in it")
    return output.report_damage(summary)
