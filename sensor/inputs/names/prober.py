"""Addresses in, names out: asks each address by every method, in a thread with a loop of its own.

Only addresses in the given networks are asked, each at most once in an hour, no more questions a
second than the rate and so many addresses at a time. What waits is bounded: beyond it addresses are
left out and may be offered again. Knows no event.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, OrderedDict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from sensor.inputs.names import UNANSWERED, settled
from sensor.inputs.names.bucket import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from sensor.inputs.names import Method

AGAIN_S: Final = 3600.0
WITHIN_S: Final = 2.0
_AT_ONCE: Final = 32
_WAITING: Final = 4_096
_REMEMBERED: Final = 65_536


class Answer(NamedTuple):
    """What an address calls itself: `host` raw, by the method of this `word`; `ts` microseconds."""

    ts: int
    address: str
    host: str
    word: str


class Prober:
    """Asks. `answered` is called in its thread with each address that gave a name."""

    def __init__(
        self,
        methods: Sequence[Method],
        networks: Sequence[IPv4Network | IPv6Network],
        rate: float,
        answered: Callable[[Answer], None],
    ) -> None:
        self._methods = methods
        self._networks = networks
        self._rate = rate
        self._answered = answered
        self.asked: Counter[str] = Counter()
        """Questions by the word of their method, and `silent`: those without an answer."""
        self.silent: Counter[str] = Counter()
        self.fault = ""
        """Why it asks no more, if it does not."""
        self._recent: OrderedDict[str, float] = OrderedDict()
        self._loop = asyncio.new_event_loop()
        self._waiting: asyncio.Queue[str] = asyncio.Queue(_WAITING)
        self._ending = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)
        self._thread.start()

    def offer(self, addresses: Iterable[str]) -> None:
        """Addresses whose names are wanted; from any thread."""
        wanted = [a for a in addresses if self._allowed(a)]
        if wanted and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._queue, wanted)

    def close(self) -> None:
        """Ask no more; questions under way are given up."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(timeout=5)

    def _allowed(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        barred = ip.is_multicast or ip.is_loopback or ip.is_unspecified
        return not barred and any(ip in network for network in self._networks)

    def _queue(self, addresses: Sequence[str]) -> None:
        now = time.monotonic()
        for address in addresses:
            if now - self._recent.get(address, -AGAIN_S) < AGAIN_S or self._waiting.full():
                continue
            self._recent[address] = now
            self._recent.move_to_end(address)
            if len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
            self._waiting.put_nowait(address)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._work())
        except Exception as error:  # noqa: BLE001 - a thread's defect must be told by the one that waits for it
            self.fault = f"{type(error).__name__}: {error}"
        finally:
            self._loop.close()

    async def _work(self) -> None:
        bucket = Bucket(self._rate)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._worker(bucket)) for _ in range(_AT_ONCE)]
            await self._ending.wait()
            for worker in workers:
                worker.cancel()

    async def _worker(self, bucket: Bucket) -> None:
        while True:
            address = await self._waiting.get()
            names = [
                name
                for method in self._methods
                if method.primary and (name := await self._ask(method, address, bucket))
            ]
            found = settled(names)
            if found is None:
                for method in self._methods:
                    if not method.primary and (name := await self._ask(method, address, bucket)):
                        found = _confirmed(names, name)
            if found is not None:
                self._answered(Answer(time.time_ns() // 1000, address, found[1], found[0]))

    async def _ask(self, method: Method, address: str, bucket: Bucket) -> tuple[str, str] | None:
        await bucket.take()
        self.asked[method.word] += 1
        try:
            async with asyncio.timeout(WITHIN_S):
                host = await method.ask(address)
        except UNANSWERED:
            self.silent[method.word] += 1
            return None
        if host is None:
            self.silent[method.word] += 1
            return None
        return method.word, host


def _confirmed(names: Sequence[tuple[str, str]], by: tuple[str, str]) -> tuple[str, str] | None:
    """Where hosts contradict one another, the name that DNS has too; where they are silent, its."""
    if not names:
        return by
    return next((found for name in names if (found := settled([name, by]))), None)
