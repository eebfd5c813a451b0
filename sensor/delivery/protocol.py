"""What a sensor and its engine say to each other over HTTPS: paths, and the shapes of bodies.

Bodies are msgpack of array-like Structs; a later release appends fields, which an earlier one
passes over, and reads an earlier one's with their defaults. Knows no network.
"""

from __future__ import annotations

from typing import Final

import msgspec

from sensor.delivery.sampling import Filter  # noqa: TC001 - msgspec reads it

CA: Final = "/sensor/v1/ca"
ENROL: Final = "/sensor/v1/enrol"
RENEW: Final = "/sensor/v1/renew"
DELIVER: Final = "/sensor/v1/batches"
SPOOL: Final = "spool"
"""The input under which a sensor tells what its spool dropped, of all of its inputs."""
SAMPLED: Final = "sampled/"
"""Of a spool's states: how many events of a type were left out for the filter."""
MOST_BODY: Final = 48 << 20
"""Bytes of a delivery; a larger one is refused unread."""
MOST_BATCHES: Final = 16


class Enrolment(msgspec.Struct, array_like=True, frozen=True):
    """`request`: a certificate signing request (PKCS #10, PEM); `name`: what the sensor would like
    to be called.
    """

    access_key: str
    name: str
    request: str
    release: str


class Enrolled(msgspec.Struct, array_like=True, frozen=True):
    """`name` is the sensor's for ever; `token` goes with every delivery, beside the certificate."""

    name: str
    token: str
    certificate: str
    ca: str


class Renewal(msgspec.Struct, array_like=True, frozen=True):
    """A signing request for a further certificate."""

    request: str


class Delivery(msgspec.Struct, array_like=True, frozen=True):
    """Batches with their numbers, in order; none: a sign of life.

    `sent`: the sensor's clock (microseconds). `waiting`, `waiting_bytes`: batches on the sensor's
    disk beyond these; `oldest`: the least `ts` in them. `dropped`: events by type that were dropped
    from its disk since it was set up. `filter`: version of the filter in force there (`sampling`);
    `sampled`: ordinary events by type that were left out for it, likewise. `candidate_for`: domains
    that it can synchronise; `unanswered`: those of them of which no controller answers it.
    """

    sent: int
    release: str
    waiting: int
    waiting_bytes: int
    oldest: int | None
    dropped: dict[str, int]
    batches: list[tuple[int, bytes]]
    filter: str = ""
    sampled: dict[str, int] = {}
    candidate_for: list[str] = []
    unanswered: list[str] = []


class Receipt(msgspec.Struct, array_like=True, frozen=True):
    """`done`: batches whose events are committed; `refused`: those that never will be, and why.
    `raw`: detections read raw records of logs. `clock`: the engine's. `filter`: what is to be sent
    from now on; None: as before. `leases`: domains that the sensor is to synchronise, and the number
    under which it does (`fencing`).
    """

    done: list[int]
    refused: dict[int, str]
    raw: bool
    clock: int
    filter: Filter | None = None
    leases: dict[str, int] = {}
