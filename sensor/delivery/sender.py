"""Batches from the spool to the engine, in a thread of its own, until they are acknowledged.

A batch leaves the spool when the engine says that its events are committed, or that it never takes
them. Whatever else happens, it is sent again, with pauses that grow to a minute: the engine knows
what it has. Knows no event.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from sensor.delivery.link import Link, LinkError, trusting
from sensor.delivery.protocol import DELIVER, SAMPLED, Delivery, Receipt
from sensor.delivery.spool import Spool, SpoolError

if TYPE_CHECKING:
    from sensor.delivery.identity import Identity
    from sensor.delivery.sampling import Filter

_IDLE_S: Final = 10.0
"""So often a sign of life is sent where nothing waits."""
_LONGEST_S: Final = 60.0
_MOST_BYTES: Final = 8 << 20
_MOST_BATCHES: Final = 8
_SKEW_US: Final = 60_000_000
_OK, _TOO_LARGE, _BUSY = 200, 413, 503
_REFUSED: Final = frozenset({401, 403})


class Tenure(Protocol):
    """Keeps what domains this sensor could synchronise, and which it is to."""

    @property
    def candidates(self) -> set[str]: ...
    @property
    def unanswered(self) -> set[str]:
        """Candidates of which no controller answers."""

    def answered(self, leases: dict[str, int], asked: float) -> None:
        """What the engine answered; `asked`: when the delivery began, steady seconds."""


class Sender:
    """Sends from its beginning until `close`. `raw`: whether the engine wants raw records, None as
    long as it has not said so; `sent` counts acknowledged batches, `refused` those it will not take.
    """

    def __init__(
        self,
        identity: Identity,
        spool: Spool,
        release: str,
        proxy: str | None = None,
        *,
        pause_s: float = 1.0,
    ) -> None:
        """Raises LinkError where the identity cannot be used."""
        self.raw: bool | None = None
        self.filter: Filter | None = None
        """What the engine wants from now on, once it has said so; the reader says what is in force."""
        self.in_force = ""
        self.tenure: Tenure | None = None
        """Whose domains are asked for with each delivery."""
        self.sent = 0
        self.refused = 0
        self._identity = identity
        self._spool = spool
        self._release = release
        self._proxy = proxy
        self._pause_s = pause_s
        self._link = self._new_link()
        self._complaint = ""
        self._skew = ""
        self._refusal = ""
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is a new batch."""
        self._wake.set()

    def complaints(self) -> dict[str, str]:
        """What goes wrong, by topic; empty where nothing does."""
        return {
            "delivery": self._complaint,
            "clock": self._skew,
            "refused": self._refusal,
        }

    def close(self, grace_s: float = 5.0) -> None:
        """Stop; what is waiting may still be sent for so long."""
        end = time.monotonic() + grace_s
        while time.monotonic() < end and not self._complaint and self._spool.waiting().batches:
            self._wake.set()
            time.sleep(0.02)
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=2.0)

    def renew_link(self) -> None:
        """The identity has another certificate: the next delivery shows it."""
        self._link.close()
        self._link = self._new_link()

    def _new_link(self) -> Link:
        own = self._identity
        return Link(own.engine, trusting(own.ca, own.certificate), self._proxy)

    def _run(self) -> None:
        pause, most = self._pause_s, _MOST_BATCHES
        while not self._stop.is_set():
            try:
                most, wait = self._step(most)
                pause = self._pause_s
            except (LinkError, SpoolError, _Refused) as error:
                self._complaint = f"nothing is delivered, it waits on disk: {error}"
                wait = pause * random.uniform(0.75, 1.25)  # noqa: S311 - many sensors at once
                pause = min(2 * pause, _LONGEST_S)
                self._stop.wait(wait)
                continue
            except Exception as error:  # noqa: BLE001 - nothing may end the delivery
                self._complaint = f"a defect of atp, {type(error).__name__}: {error}"
                self._stop.wait(_LONGEST_S)
                continue
            if wait:
                self._wake.wait(wait)
            self._wake.clear()
        self._link.close()

    def _step(self, most: int) -> tuple[int, float]:
        """Send what is first; how many batches to send at once then, and how long to wait."""
        batches = self._spool.first(_MOST_BYTES, most)
        asked = time.monotonic()
        status, body = self._link.post(DELIVER, self._delivery(batches), self._headers())
        if status == _TOO_LARGE and batches:
            if len(batches) == 1:
                self._give_up({batches[0][0]: "it is too large"})
            return max(1, len(batches) // 2), 0.0
        if status in _REFUSED:
            raise _Refused(f"the engine refuses this sensor ({status}): is it revoked?")
        if status != _OK:
            busy = "the engine is busy" if status == _BUSY else f"the engine answers {status}"
            raise _Refused(busy)
        try:
            receipt = msgspec.msgpack.decode(body, type=Receipt)
        except msgspec.MsgspecError as error:
            raise LinkError(f"the engine's answer cannot be read: {error}") from error
        self._spool.done(receipt.done)
        self.sent += len(receipt.done)
        self._give_up(receipt.refused)
        self._complaint = ""
        self.raw = receipt.raw
        if self.tenure is not None:
            self.tenure.answered(receipt.leases, asked)
        if receipt.filter is not None:
            self.filter = receipt.filter
        self._compare(receipt.clock)
        more = len(batches) == most or self._spool.waiting().batches
        return _MOST_BATCHES, 0.0 if more else _IDLE_S

    def _delivery(self, batches: list[tuple[int, bytes]]) -> bytes:
        waiting = self._spool.waiting()
        return msgspec.msgpack.encode(
            Delivery(
                sent=time.time_ns() // 1000,
                release=self._release,
                waiting=waiting.batches - len(batches),
                waiting_bytes=waiting.bytes - sum(len(body) for _, body in batches),
                oldest=waiting.oldest,
                dropped=self._spool.dropped(),
                batches=batches,
                filter=self.in_force,
                candidate_for=sorted(self.tenure.candidates) if self.tenure is not None else [],
                unanswered=sorted(self.tenure.unanswered) if self.tenure is not None else [],
                sampled={k: int(v) for k, v in self._spool.states(SAMPLED).items()},
            )
        )

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._identity.token}",
            "Content-Type": "application/vnd.msgpack",
        }

    def _give_up(self, refused: dict[int, str]) -> None:
        if not refused:
            return
        self._spool.done(refused)
        self.refused += len(refused)
        why = next(iter(refused.values()))
        self._refusal = f"the engine refused {self.refused} batches since the start: {why}"

    def _compare(self, clock: int) -> None:
        apart = time.time_ns() // 1000 - clock
        seconds = abs(apart) // 1_000_000
        side = "ahead of" if apart > 0 else "behind"
        told = f"this clock is {seconds} s {side} the engine's: is NTP at work?"
        self._skew = told if abs(apart) > _SKEW_US else ""


class _Refused(Exception):  # noqa: N818 - an answer
    """The engine answered, and took nothing."""
