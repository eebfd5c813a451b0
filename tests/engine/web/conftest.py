"""An instance whose listener answers on a port of this machine, and sensors enrolled with it."""

from concurrent.futures import Future

import pytest

from engine.instance.authority import create_authority
from engine.instance.leases import Leases
from engine.instance.registry import Registry
from engine.web.app import application
from engine.web.listener import Listener, open_port
from engine.web.sensors import Sensors
from sensor.delivery.enrolment import enrol, fingerprint_of
from sensor.delivery.sampling import Filter


class Instance:
    """`taken`: (sensor, events) that arrived; `room`: whether more may."""

    def __init__(self, folder):
        self.authority = create_authority(folder, ["localhost"])
        self.registry = Registry(folder / "sensors.sqlite")
        self.access_key = self.registry.new_access_key()
        self.fingerprint = fingerprint_of(self.authority.certificate_pem)
        self.taken = []
        self.room = True
        self.commits = True
        self.leases = Leases(folder / "leases.sqlite")
        self.filter = Filter()
        self.sensors = Sensors(
            self.authority, self.registry, self._take, raw=True, committed_s=1,
            wanted=lambda: self.filter, leases=self.leases,
        )  # fmt: skip
        port = open_port("127.0.0.1", 0)
        self.url = f"https://127.0.0.1:{port.getsockname()[1]}"
        self.listener = Listener(application(self.sensors.routes()), port, self.authority)
        self.listener.start()

    def _take(self, sensor, events, *, behind):
        if not self.room:
            return None
        self.taken.append((sensor, events))
        future = Future()
        if self.commits:
            future.set_result(None)
        return future

    def enrol(self, folder, name="dc1", **changed):
        given = {"engine": self.url, "fingerprint": self.fingerprint, "access_key": self.access_key}
        return enrol(folder, **{**given, **changed}, name=name, release="0", proxy="")


@pytest.fixture
def start(tmp_path):
    """Begin an instance in a folder of that name."""
    begun = []

    def go(name="instance"):
        begun.append(Instance(tmp_path / name))
        return begun[-1]

    yield go
    for one in begun:
        one.listener.close()
        one.registry.close()
        one.leases.close()
