"""What every live input is: blocks of frames from one interface, until told to stop.

`sensor.inputs.live` (Linux) and `sensor.inputs.pcap_live` (Npcap, libpcap) offer it, so that who
reads them need not know which it is. Holds no code of either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.inputs.packets import Packets


class InterfaceError(OSError):
    """The interface cannot be captured: it is not there (any more), its link is not known, or the
    right is missing.
    """


class LiveInput(Protocol):
    """Frames of one interface. One thread reads `blocks` and calls the rest; `stop` may be called
    from any.
    """

    interface: str
    dropped: int
    """Packets so far that the kernel or the card could not hand over."""

    @property
    def way(self) -> str:
        """How frames are got, for people: `ring of 64 MB`."""

    def blocks(self) -> Iterator[Packets | None]:
        """Blocks of frames as they come; None where about 0.2 s passed without any. Ends after
        `stop`; raises InterfaceError when the interface is gone. One that is only down is waited for.
        """

    def stop(self) -> None:
        """`blocks` ends within a fifth of a second."""

    def reopen(self) -> None:
        """Begin anew after `blocks` raised; raises InterfaceError while that cannot be. Needs no
        privilege that was not there at the beginning, where the system allows that.
        """

    def close(self) -> None:
        """Free everything; not while `blocks` is being read."""

    def fill(self) -> float:
        """Which share of the buffer holds packets that nobody has read yet, 0 to 1."""

    def watch(self, tcp: bytes | bytearray, *, strict: bool = False) -> None:
        """Ports (65,536 bytes, non-zero: wanted) that must pass whatever else is filtered out;
        `strict`: overload, what nobody reads should be filtered out where that is possible.
        """
