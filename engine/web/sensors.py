"""What sensors ask of the engine: its authority, enrolment, another certificate, taking batches.

A delivery needs the sensor's token and the very certificate that was given with it. It is answered
when its events are committed. Knows no store; what it received is handed to `take`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dsl.schema.registry import event_types
from engine.instance.authority import Authority, AuthorityError
from engine.instance.leases import LeaseError, Leases
from engine.instance.registry import Registry, RegistryError, Sensor
from engine.web.body import read_body
from engine.web.listener import client_fingerprint
from sensor.delivery.batch import BatchError, decode
from sensor.delivery.fencing import Fence, fence_of, plain
from sensor.delivery.protocol import (
    CA,
    DELIVER,
    ENROL,
    MOST_BATCHES,
    MOST_BODY,
    RENEW,
    Delivery,
    Enrolled,
    Enrolment,
    Receipt,
    Renewal,
)
from sensor.delivery.sampling import Filter

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from dsl.schema.base import Event

_SMALL: Final = 64 << 10
_TYPE: Final = "application/vnd.msgpack"
_BEARER: Final = "bearer "
_LIMIT: Final = 2**62
_MOST_DOMAINS: Final = 64
_AT_ONCE: Final = 4
"""Deliveries that are read at a time: each may be hundreds of megabytes in memory."""


class Take(Protocol):
    """Takes the events of a sensor; the future is done when they are committed. None: no room."""

    def __call__(
        self, sensor: str, events: list[Event], *, behind: bool
    ) -> Future[None] | None: ...


class Sensors:
    """The routes. `refusals` counts what was refused, by reason. `raw`: detections read raw records
    of logs. `committed_s`: so long is waited at most for events to be committed. `wanted`: what
    sensors send of ordinary traffic. `leases`: of the domains that they synchronise.
    """

    def __init__(
        self,
        authority: Authority,
        registry: Registry,
        take: Take,
        *,
        raw: bool,
        committed_s: float = 45.0,
        wanted: Callable[[], Filter] = Filter,
        leases: Leases | None = None,
    ) -> None:
        self.refusals: Counter[str] = Counter()
        self._authority = authority
        self._registry = registry
        self._take = take
        self._raw = raw
        self._wanted = wanted
        self._leases = leases
        self._committed_s = committed_s
        self._reading = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route(CA, self._ca, methods=["POST"]),
            Route(ENROL, self._enrol, methods=["POST"]),
            Route(RENEW, self._renew, methods=["POST"]),
            Route(DELIVER, self._deliver, methods=["POST"]),
        ]

    async def _ca(self, _: Request) -> Response:
        return PlainTextResponse(self._authority.certificate_pem)

    async def _enrol(self, request: Request) -> Response:
        try:
            asked = msgspec.msgpack.decode(await read_body(request, _SMALL), type=Enrolment)
        except msgspec.MsgspecError:
            return self._refused(400, "malformed", "this is no enrolment")
        return await run_in_threadpool(self._enrolled, asked, _address(request))

    def _enrolled(self, asked: Enrolment, address: str) -> Response:
        registry = self._registry
        try:
            if not registry.is_access_key(asked.access_key):
                return self._refused(403, "access key", "the access key is not the one in force")
            name = registry.free_name(asked.name)
            certificate, fingerprint = self._authority.sign_sensor(name, asked.request)
            token = registry.add(name, asked.name, fingerprint, address, asked.release)
        except AuthorityError as error:
            return self._refused(400, "malformed", str(error))
        except RegistryError as error:
            return self._refused(503, "busy", str(error))
        return _answer(Enrolled(name, token, certificate, self._authority.certificate_pem))

    async def _renew(self, request: Request) -> Response:
        sensor, token = await run_in_threadpool(self._known, request)
        if sensor is None:
            return self._refused(401, "identity", "token and certificate are no sensor's")
        try:
            asked = msgspec.msgpack.decode(await read_body(request, _SMALL), type=Renewal)
            certificate, fingerprint = await run_in_threadpool(
                self._authority.sign_sensor, sensor.name, asked.request
            )
            await run_in_threadpool(self._registry.renew, sensor.name, fingerprint)
        except (msgspec.MsgspecError, AuthorityError):
            return self._refused(400, "malformed", "this is no signing request")
        return _answer(Enrolled(sensor.name, token, certificate, self._authority.certificate_pem))

    async def _deliver(self, request: Request) -> Response:
        # before its body is read: who is nobody may not fill our memory
        sensor, _ = await run_in_threadpool(self._known, request)
        if sensor is None:
            return self._refused(401, "identity", "token and certificate are no sensor's")
        async with self._reading:
            body = await read_body(request, MOST_BODY)
            arrived = time.time_ns() // 1000
            try:
                delivery = msgspec.msgpack.decode(body, type=Delivery)
            except msgspec.MsgspecError:
                return self._refused(400, "malformed", "this is no delivery")
            if len(delivery.batches) > MOST_BATCHES:
                return self._refused(413, "too large", "too many batches")
            try:
                granted = await run_in_threadpool(self._granted, sensor.name, delivery, arrived)
                read = await run_in_threadpool(_events, sensor.name, delivery, self._holds)
            except LeaseError as error:
                return self._refused(503, "busy", str(error))
        self.refusals["batch"] += len(read.refused)
        self.refusals["stale synchronizer"] += read.stale
        future = self._take(sensor.name, read.events, behind=delivery.waiting > 0)
        if future is None:
            return self._refused(503, "busy", "the engine is busy")
        try:
            await asyncio.wait_for(asyncio.wrap_future(future), self._committed_s)
        except (TimeoutError, asyncio.CancelledError):
            return self._refused(503, "busy", "the engine is busy")
        stands = Sensor(
            sensor.name, sensor.asked, sensor.enrolled, sensor.certificate,
            address=_address(request), release=delivery.release,
            skew=_bounded(delivery.sent - arrived), waiting=_bounded(delivery.waiting),
            waiting_bytes=_bounded(delivery.waiting_bytes), oldest=_bounded(delivery.oldest or 0),
            events=len(read.events), unknown=read.unknown,
            dropped={k: _bounded(n) for k, n in delivery.dropped.items() if k in event_types()},
            sampled={k: _bounded(n) for k, n in delivery.sampled.items() if k in event_types()},
        )  # fmt: skip
        await run_in_threadpool(self._registry.seen, stands)
        clock = time.time_ns() // 1000
        wanted = self._wanted()
        told = None if wanted.version == delivery.filter else wanted
        return _answer(Receipt(read.done, read.refused, self._raw, clock, told, granted))

    def _granted(self, sensor: str, delivery: Delivery, now: int) -> dict[str, int]:
        """Of the domains that it asks for those that it is to synchronise."""
        if self._leases is None:
            return {}
        asked = {
            d: self._leases.ask(sensor, d, now, answered=d not in delivery.unanswered)
            for d in delivery.candidate_for[:_MOST_DOMAINS]
        }
        return {domain: token for domain, token in asked.items() if token is not None}

    def _holds(self, sensor: str, fence: Fence) -> bool:
        return self._leases is not None and self._leases.holds(sensor, *fence)

    def _known(self, request: Request) -> tuple[Sensor | None, str]:
        said = request.headers.get("authorization", "")
        shown = client_fingerprint(request)
        if not said.lower().startswith(_BEARER) or not shown:
            return None, ""
        token = said[len(_BEARER) :].strip()
        return self._registry.known_by(token, shown), token

    def _refused(self, status: int, reason: str, words: str) -> Response:
        self.refusals[reason] += 1
        return PlainTextResponse(words, status)


class _Read(NamedTuple):
    """Events of a delivery, batches that were read, those that cannot be, and what is unknown."""

    events: list[Event]
    done: list[int]
    refused: dict[int, str]
    unknown: dict[str, int]
    stale: int = 0


def _events(name: str, delivery: Delivery, holds: Callable[[str, Fence], bool]) -> _Read:
    """`holds`: whether a sensor synchronises a domain under a number."""
    read = _Read([], [], {}, Counter())
    fences: dict[str, bool] = {}
    stale = 0
    for number, data in delivery.batches:
        try:
            decoded = decode(data)
        except BatchError as error:
            read.refused[number] = str(error)
            continue
        for event in decoded.events:
            own = event.sensor or ""
            fence = fence_of(own)
            if fence is not None:
                if own not in fences:
                    fences[own] = holds(name, fence)
                if not fences[own]:
                    stale += 1
                    continue
            # whatever a sensor calls its inputs, they are its own
            event.sensor = f"{name}/{plain(own)}"
            read.events.append(event)
        read.done.append(number)
        for what, count in (decoded.unknown + decoded.refused).items():
            read.unknown[what] = read.unknown.get(what, 0) + count
    return read._replace(stale=stale)


def _bounded(number: int) -> int:
    """As the registry can keep it."""
    return max(-_LIMIT, min(number, _LIMIT))


def _answer(struct: msgspec.Struct) -> Response:
    return Response(msgspec.msgpack.encode(struct), media_type=_TYPE)


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""
