"""The decoders found in the folder fit the contract, and no two claim a port."""

from __future__ import annotations

import types

import pytest

from sensor.contract import Flow
from sensor.wire import protocols
from sensor.wire.drive import Driver

FOUND = protocols.discover()


def test_every_decoder_on_a_port_is_found():
    assert [p.name for p in FOUND] == sorted({p.name for p in FOUND})
    assert {"dcerpc", "kerberos"} <= {p.name for p in FOUND}
    assert all(p.tcp or p.udp for p in FOUND)


@pytest.mark.parametrize("protocol", FOUND, ids=lambda p: p.name)
@pytest.mark.parametrize("udp", [False, True], ids=["tcp", "udp"])
def test_a_reader_begins_and_ends_without_traffic(protocol, udp):
    ports = protocol.udp if udp else protocol.tcp
    if not ports:
        pytest.skip("not on this transport")
    events = []
    context = Driver("probe", events.append)._context
    reader = protocol.reader(Flow("10.0.0.1", 1, "10.0.0.2", ports[0], udp=udp), context)
    reader.gap(1, True)
    reader.close(2)
    assert events == []


def test_two_owners_of_a_port_are_refused(monkeypatch):
    modules = []
    for name in ("sensor.decode.one", "sensor.decode.two"):
        module = types.ModuleType(name)
        module.PORTS_TCP, module.reader = (88,), object()
        modules.append(module)
    monkeypatch.setattr(protocols, "_modules", lambda: tuple(modules))
    with pytest.raises(ValueError, match="both claim"):
        protocols.discover()
