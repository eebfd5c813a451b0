"""One datagram there and one back. Only what comes from the address and port asked is an answer."""

from __future__ import annotations

import asyncio


async def exchange(address: str, port: int, request: bytes) -> bytes:
    """The first answer; OSError where the host refuses. Waits until it is cancelled."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Waiting(answer), remote_addr=(address, port)
    )
    try:
        transport.sendto(request)
        return await answer
    finally:
        transport.close()


class _Waiting(asyncio.DatagramProtocol):
    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr  # connected: the kernel takes no other's
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)
