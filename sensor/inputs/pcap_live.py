"""Live capture through libpcap or Npcap, by way of scapy: where there is no AF_PACKET.

Slow (some ten thousand packets a second) and portable; offers what `sensor.inputs.interface`
asks. scapy is optional (`pip install 'atp[scapy]'`) and imported here only, when a capture begins.
Blocking reads of libpcap may not return while no traffic comes, so reading does not block and the
waiting is `select` on the handle. Tested on Linux; untested on Windows. Reference: pcap(3PCAP).
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from sensor.inputs.interface import InterfaceError
from sensor.inputs.packets import Packets, joined
from sensor.wire.link import SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDLE_S: Final = 0.2
_BLOCK_PACKETS: Final = 512


class PcapCapture:
    """Frames of one interface (`interface.LiveInput`). Npcap's interfaces are those of
    `scapy.config.conf.ifaces`: by name or description.
    """

    way: Final = "libpcap"

    def __init__(self, interface: str) -> None:
        """Open; raises InterfaceError with the remedy."""
        self.interface = interface
        self.dropped = 0
        self._stopped = False
        self._counted = 0
        self._pressed = False
        self._listener: Any = None  # scapy has no types for what it loads at run time
        self.reopen()

    def blocks(self) -> Iterator[Packets | None]:
        """Blocks of frames as they come; None where 0.2 s passed without any. Ends after `stop`;
        raises InterfaceError when the interface is gone.
        """
        listener = self._listener
        while not self._stopped:
            parts: list[bytes] = []
            times: list[int] = []
            try:
                while len(parts) < _BLOCK_PACKETS:
                    _, frame, seconds = listener.recv_raw()
                    if frame is None:
                        break
                    parts.append(frame)
                    times.append(round(seconds * 1_000_000))
                self._count_drops()
                if parts:
                    yield joined(self._linktype, times, parts)
                elif not listener.select([listener], _IDLE_S):
                    self._check()
                    yield None
            except InterfaceError:
                raise
            except OSError as error:
                raise InterfaceError(f"`{self.interface}`: {error}") from error

    def stop(self) -> None:
        """`blocks` ends within a fifth of a second."""
        self._stopped = True

    def reopen(self) -> None:
        """Open anew; raises InterfaceError while that cannot be."""
        self.close()
        try:
            self._listener = _listener(self.interface)
        except InterfaceError:
            raise
        except (OSError, ValueError) as error:  # ValueError: scapy knows no such interface
            why = " ".join(str(error).split())
            raise InterfaceError(f"`{self.interface}` cannot be captured: {why}") from error
        self._linktype = self._listener.pcap_fd.datalink()
        if self._linktype not in SUPPORTED:
            self.close()
            kind = f"a link of type {self._linktype}, which is not read"
            raise InterfaceError(f"`{self.interface}` has {kind}")
        self._listener.pcap_fd.setnonblock(True)  # noqa: FBT003 - scapy's own signature
        self._counted = 0

    def close(self) -> None:
        """Free the handle; not while `blocks` is being read."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def fill(self) -> float:
        """Libpcap does not tell; a buffer that lost packets was full."""
        pressed, self._pressed = self._pressed, False
        return float(pressed)

    def watch(self, tcp: bytes | bytearray, *, strict: bool = False) -> None:
        """Nothing is filtered out here."""

    def _count_drops(self) -> None:
        from scapy.libs import winpcapy  # noqa: PLC0415 - optional

        told = winpcapy.pcap_stat()
        if winpcapy._lib.pcap_stats(self._listener.pcap_fd.pcap, ctypes.byref(told)) == 0:
            drops = told.ps_drop + told.ps_ifdrop
            if drops > self._counted:
                self.dropped += drops - self._counted
                self._pressed = True
            self._counted = drops

    def _check(self) -> None:
        """Some systems tell of an interface that went away only when asked for it."""
        from scapy.libs import winpcapy  # noqa: PLC0415 - optional

        why = winpcapy.pcap_geterr(self._listener.pcap_fd.pcap)
        if why:
            raise InterfaceError(f"`{self.interface}` is gone: {why.decode(errors='replace')}")


def _listener(interface: str) -> Any:
    try:
        from scapy.config import conf  # noqa: PLC0415 - optional
    except ImportError as error:
        raise InterfaceError("this capture needs scapy: pip install 'atp[scapy]'") from error
    import scapy.arch  # noqa: PLC0415 - fills conf
    import scapy.layers.l2  # noqa: F401, PLC0415 - else scapy complains that it knows no Ethernet

    conf.use_pcap = True
    return conf.L2listen(iface=interface, promisc=True)
