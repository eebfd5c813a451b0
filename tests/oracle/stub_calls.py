"""One RPC call with given stubs, and the events its stub reader makes of it."""

from __future__ import annotations

import struct

from transcripts import Recorder, flow

from sensor.decode import rpc_interfaces
from sensor.decode.rpc import stub_readers
from sensor.decode.rpc_call import Call, Handles

READERS = stub_readers()


def ask(interface, opnum, request=b"", response=None, *, handles=None, wide=False, big=False):
    """The events of one call; `response` None: no answer, and the stub of a sealed one is b""."""
    recorder = Recorder()
    call = Call(1_000, flow(445), recorder, handles or Handles())
    call.interface, call.opnum = interface, opnum
    call.method = rpc_interfaces.method_of(interface, opnum)
    call.wide, call.big = wide, big
    call.clear = bool(request)
    call.sealed = not request
    if response is not None:
        call.answered = True
        call.status = struct.unpack("<I", response[-4:])[0]
        call.outcome = "success" if call.status == 0 else "denied"
        call.tail = response[-16:]
    call.fill(request, response or b"")
    return READERS[interface](call)


def fields(event, *names):
    return tuple(getattr(event, name) for name in names)
