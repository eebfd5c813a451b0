"""Capture files, whatever their format, through the wire driver.

`read_capture` is the whole road from a file to events; `blocks` stops at the frames. A damaged
file is used as far as it can be, and each damage is a value with offset and reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from sensor.inputs import pcap, pcapng
from sensor.inputs.bytestream import Window, open_source
from sensor.inputs.damage import Damage
from sensor.inputs.packets import Packets
from sensor.inputs.pcapng import Dropped
from sensor.wire.drive import Driver

if TYPE_CHECKING:
    import os

    from dsl.schema.base import Event

_MAX_DAMAGES: Final = 1_000
Progress = Callable[[int, int], None]
"""(bytes read, size of the file), both of the file as it lies on disk."""


class Summary(msgspec.Struct, frozen=True):
    """What came of a capture: packets and bytes of the file read, damages (the first thousand;
    all of them are counted as `capture.damages`), the driver's counters, and its `fault`: the
    first defect met in a decoder, which should be None.
    """

    packets: int
    bytes: int
    damages: list[Damage]
    counters: dict[str, int]
    fault: str | None = None


def read_capture(
    path: str | os.PathLike[str],
    emit: Callable[[Event], None],
    progress: Progress | None = None,
    sensor: str | None = None,
    at_end: Callable[[], None] | None = None,
) -> Summary:
    """Read a pcap or pcapng file, plain or gzip, and emit its events.

    `sensor` names the events' sensor, `capture:FILE` if None. `at_end` is called after the last
    packet, before what is still open is closed and told. Raises OSError if the file cannot be
    opened; nothing that is in the file raises.
    """
    path = Path(path)
    driver = Driver(f"capture:{path.name}" if sensor is None else sensor, emit)
    size = path.stat().st_size
    read = 0

    def note(consumed: int) -> None:
        nonlocal read
        read = consumed
        if progress is not None:
            progress(consumed, size)

    damages: list[Damage] = []
    counted = 0
    with path.open("rb") as file:
        for item in blocks(file, note):
            if isinstance(item, Packets):
                driver.packets(item.data, item.linktype, item.times, item.starts, item.ends)
            elif isinstance(item, Dropped):
                driver.dropped(item.packets)
            else:
                counted += 1
                if len(damages) < _MAX_DAMAGES:
                    damages.append(item)
    if at_end is not None:
        at_end()
    driver.close()
    counters = driver.counters()
    if counted:
        counters["capture.damages"] = counted
    return Summary(counters["wire.packets"], read, damages, counters, driver.fault)


def blocks(
    file: BinaryIO, on_read: Callable[[int], None] | None = None
) -> Iterator[Packets | Damage | Dropped]:
    """The frames of a capture file (binary, seekable), block by block, and what is wrong with it."""
    window = Window(open_source(file), on_read)
    window.need(4)
    magic = window.b[:4]
    if magic in pcap.MAGICS:
        yield from pcap.read(window)
    elif magic == pcapng.MAGIC:
        yield from pcapng.read(window)
    elif window.damage is None:
        yield Damage(0, _refusal(magic))
    if window.damage is not None:
        yield window.damage


def _refusal(magic: bytes) -> str:
    if not magic:
        return "the file is empty"
    if magic in pcap.MODIFIED:
        return "the modified pcap format (Kuznetzov) is not read: convert it with editcap -F pcapng"
    return f"neither pcap nor pcapng: it begins with {magic.hex(' ')}"
