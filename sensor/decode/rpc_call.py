"""One RPC request with its answer, as stub readers see it.

Knows the flow (for the common fields) and the kept head of both stubs; knows no PDU, bind or pipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.rpc import RpcCall
from sensor.contract import Common, Context, Flow, common
from sensor.decode.ndr import Ndr

if TYPE_CHECKING:
    from dsl.schema.base import Event

_HANDLE_LIMIT: Final = 256


class Handles:
    """What the context handles of one connection stand for (a SID, a service name), bounded."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    def open(self, handle: bytes, name: str) -> None:
        if len(self._names) >= _HANDLE_LIMIT:
            self._names.pop(next(iter(self._names)))
        self._names[handle] = name

    def get(self, handle: bytes) -> str | None:
        return self._names.get(handle)

    def close(self, handle: bytes) -> None:
        self._names.pop(handle, None)


class Call:
    """A request and what became of it.

    `clear`: the arguments can be read. `answered`: a response (no fault) came and its results can
    be read. `tail` is the last 16 bytes of the response stub. `status` is the fault code or the
    return value, None if unseen. `auth_level` is 1-6 (MS-RPCE 2.2.1.1.8), None if unknown.
    """

    __slots__ = (
        "_request",
        "_response",
        "account",
        "answered",
        "auth_level",
        "big",
        "clear",
        "context",
        "flow",
        "handles",
        "interface",
        "method",
        "opnum",
        "outcome",
        "pipe",
        "sealed",
        "status",
        "tail",
        "ts",
        "wide",
    )  # fmt: skip

    def __init__(self, ts: int, flow: Flow, context: Context, handles: Handles) -> None:
        self.ts = ts
        self.flow = flow
        self.context = context
        self.handles = handles
        self.account: str | None = flow.account
        self.interface = "unknown"
        self.opnum = 0
        self.method: str | None = None
        self.pipe: str | None = None
        self.auth_level: int | None = None
        self.sealed = False
        self.big = False
        self.wide = False
        self.status: int | None = None
        self.outcome = "unknown"
        self.clear = False
        self.answered = False
        self.tail = b""
        self._request = b""
        self._response = b""

    def fill(self, request: bytes, response: bytes) -> None:
        """The kept heads of both stubs."""
        self._request = request
        self._response = response

    def request(self) -> Ndr:
        return Ndr(self._request, 0, len(self._request), big=self.big, wide=self.wide)

    def response(self) -> Ndr:
        return Ndr(self._response, 0, len(self._response), big=self.big, wide=self.wide)

    def common(self) -> Common:
        fields = common(self.flow, self.ts, "rpc")
        fields["account"] = self.account
        return fields

    def finish(self, event: Event) -> Event:
        """Put the call's outcome and sealing on its event."""
        event.outcome = self.outcome
        event.encrypted = self.sealed
        return event

    def rpc_call(
        self, name: str | None = None, unc: str | None = None, host: str | None = None
    ) -> Event:
        """The plain event; `name` becomes `object`, `host` the machine a path argument names."""
        return self.finish(
            RpcCall(
                **self.common(),
                interface=self.interface,
                opnum=self.opnum,
                method=self.method,
                pipe=self.pipe,
                object=name,
                unc=unc,
                unc_host=host or unc_host(unc),
                status=self.status,
                auth_level=self.auth_level,
            )
        )


def unc_host(path: str | None) -> str | None:
    r"""The machine in a path such as `\\host\share`, `\??\UNC\host\share`, as a raw host
    (`ip:…`, DNS name or `name:…`); None if the path is local.
    """
    if not path:
        return None
    low = path.lower()
    for prefix in ("\\\\?\\unc\\", "\\??\\unc\\", "\\\\.\\unc\\", "\\\\"):
        if low.startswith(prefix):
            machine = path[len(prefix) :].partition("\\")[0].partition("@")[0]
            return raw_host(machine) if machine and machine not in ("?", ".") else None
    return None


def raw_host(machine: str) -> str:
    """A machine's name or address as a raw host identity."""
    if ":" in machine or machine.replace(".", "").isdigit():
        return f"ip:{machine}"
    return machine if "." in machine else f"name:{machine}"
