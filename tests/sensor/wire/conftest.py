"""The wire driver with the small protocol of tests/oracle, for all tests of this folder."""

from __future__ import annotations

import frames
import pytest
import small_protocol

from sensor.wire.bounds import Bounds
from sensor.wire.drive import Driver
from sensor.wire.protocols import WireProtocol


@pytest.fixture
def notes():
    return small_protocol.Notes()


@pytest.fixture
def wire(notes):
    """A driver that knows the small protocol; `run(frames)` reads frames and closes it."""

    class Wire:
        bounds = Bounds()
        names = (("small", (88,), (88,)), ("dcerpc", (135,), ()))

        def __init__(self):
            self.driver = None

        def start(self):
            def make(flow, context):
                return small_protocol.Recorder(flow, context, notes)

            protocols = tuple(WireProtocol(n, t, u, make) for n, t, u in self.names)
            self.driver = Driver("probe", notes.events.append, protocols, self.bounds)
            return self.driver

        def feed(self, found, linktype=1):
            driver = self.driver or self.start()
            for ts, frame in found:
                driver.packet(ts, frame, linktype)
            return self

        def run(self, found, linktype=1):
            self.feed(found, linktype)
            self.driver.close()
            return self

        @property
        def counters(self):
            return self.driver.counters()

    return Wire()


@pytest.fixture
def talk():
    return frames.Talk()
