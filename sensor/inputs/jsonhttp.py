"""JSON by HTTP: NDJSON bodies, and as much of Elasticsearch's bulk interface as shippers use.

`POST /` takes a JSON value a line; `POST /_bulk` and `/INDEX/_bulk` what Winlogbeat, Filebeat,
rsyslog and the like send to Elasticsearch. A body is taken as a whole or not at all, so that who
was refused (429: come again) may send it again. Bodies are bounded, packed and unpacked, each and
all together. References: RFC 9110, 9112; RFC 6750 (Bearer), 7617 (Basic); Elasticsearch, Bulk API.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import h11
import msgspec

from sensor.inputs.server import READ

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

BODY_LIMIT: Final = 32 << 20
"""Bytes of a body, as sent and unpacked."""
_HELD_LIMIT: Final = 128 << 20
"""Bytes of all bodies that are being read."""
_HEAD_LIMIT: Final = 64 << 10
_SLOW_S: Final = 30.0
"""A sender that is silent for longer is left."""
_GZIP: Final = 31  # window of 2^15, with the header of gzip
_ABOUT: Final = {
    "name": "atp",
    "cluster_name": "atp",
    "cluster_uuid": "atp",
    "version": {"number": "8.0.0", "build_flavor": "default", "lucene_version": "9.0.0"},
    "tagline": "events in, alerts out",
}
"""What shippers ask before they send; they look at the number."""
_LICENSE: Final = {"license": {"status": "active", "type": "basic", "mode": "basic", "uid": "atp"}}
_TAKEN: Final = frozenset({"index", "create"})


class _Answer(Exception):  # noqa: N818 - the answer to a request that is not as it should be
    """Raised where reading cannot go on; the connection is closed after it."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


_BUSY: Final = (429, "the engine is busy, come again", ("retry-after", "1"))


class _Bulk(NamedTuple):
    lines: list[bytes]
    items: list[dict[str, dict[str, object]]]
    errors: bool


class Http:
    """What is said on every connection of one port."""

    def __init__(
        self,
        tokens: Collection[str],
        message: Callable[[bytes, str], None],
        room: Callable[[], bool],
    ) -> None:
        self._tokens = [token.encode() for token in tokens]
        self._message = message
        self._room = room
        self._held = 0

    async def talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        """One connection, request by request."""
        try:
            await self._requests(reader, writer, peer)
        finally:
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), _SLOW_S)

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        spoken = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_LIMIT)
        talk = _Talk(spoken, reader, writer)
        while True:
            try:
                request = await talk.event()
                if not isinstance(request, h11.Request):
                    return
                await self._request(talk, request, peer)
            except _Answer as answer:
                body = {"error": answer.reason, "status": answer.status}
                if not spoken.they_are_waiting_for_100_continue:
                    await talk.rest()
                await talk.answer(answer.status, body, *answer.headers, ("connection", "close"))
                return
            except h11.RemoteProtocolError as error:
                if spoken.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                    status = error.error_status_hint
                    await talk.answer(status, {"error": str(error)}, ("connection", "close"))
                return
            if spoken.our_state is not h11.DONE or spoken.their_state is not h11.DONE:
                return
            spoken.start_next_cycle()

    async def _request(self, talk: _Talk, request: h11.Request, peer: str) -> None:
        headers = {name.lower(): value for name, value in request.headers}
        if not self._let_in(headers.get(b"authorization", b"")):
            raise _Answer(401, "a token is needed", ("www-authenticate", "Bearer"))
        path = request.target.partition(b"?")[0].rstrip(b"/")
        if request.method in {b"GET", b"HEAD"}:
            await talk.rest()
            known = {b"": _ABOUT, b"/_license": _LICENSE}.get(path)
            status = 404 if known is None else 200
            told = {} if known is None else known
            await talk.answer(status, told, empty=request.method == b"HEAD")
            return
        bulk = path.endswith(b"/_bulk")
        if request.method not in {b"POST", b"PUT"} or not (bulk or not path):
            raise _Answer(404, "post to `/`, or to `/_bulk`")
        if not self._room():
            raise _Answer(*_BUSY)
        body = await self._body(talk, headers)
        if bulk:
            taken = _bulk(body)
            told = {"took": 0, "errors": taken.errors, "items": taken.items}
            lines = taken.lines
        else:
            lines = [line for line in body.split(b"\n") if line.strip()]
            told = {"taken": len(lines)}
        for line in lines:
            self._message(line, peer)
        await talk.answer(200, told)

    def _let_in(self, authorization: bytes) -> bool:
        """Whether one of the tokens is shown: as Bearer, as API key, or as Basic's password."""
        scheme, _, shown = authorization.strip().partition(b" ")
        shown = shown.strip()
        if scheme.lower() in {b"basic", b"apikey"}:
            try:
                shown = base64.b64decode(shown, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != b"bearer":
            return False
        return sum(hmac.compare_digest(token, shown) for token in self._tokens) > 0

    async def _body(self, talk: _Talk, headers: dict[bytes, bytes]) -> bytes:
        """The whole body, unpacked."""
        packed = headers.get(b"content-encoding", b"identity").strip().lower()
        if packed not in {b"identity", b"gzip"}:
            raise _Answer(415, "bodies are plain or gzip")
        if int(headers.get(b"content-length", b"0")) > BODY_LIMIT:
            raise _Answer(413, f"a body has at most {BODY_LIMIT} bytes")
        parts: list[bytes] = []
        size = 0
        try:
            while (part := await talk.data()) is not None:
                size += len(part)
                self._held += len(part)
                parts.append(part)
                if size > BODY_LIMIT:
                    raise _Answer(413, f"a body has at most {BODY_LIMIT} bytes")
                if self._held > _HELD_LIMIT:
                    raise _Answer(*_BUSY)
        finally:
            self._held -= size
        body = b"".join(parts)
        return _unpacked(body) if packed == b"gzip" else body


class _Talk:
    """One connection: the bytes below, the events of h11 above."""

    def __init__(
        self, spoken: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._spoken = spoken
        self._reader = reader
        self._writer = writer

    async def event(self) -> h11.Event | None:
        """What comes next; None where h11 waits for an answer of ours first."""
        while True:
            found = self._spoken.next_event()
            if isinstance(found, h11.Event):
                return found
            if found is h11.PAUSED:
                return None
            if self._spoken.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                self._write(self._spoken.send(go_on))
            try:
                data = await asyncio.wait_for(self._reader.read(READ), _SLOW_S)
            except TimeoutError:
                data = b""
            self._spoken.receive_data(data)

    async def data(self) -> bytes | None:
        """The next part of the body; None after the last."""
        found = await self.event()
        return bytes(found.data) if isinstance(found, h11.Data) else None

    async def rest(self) -> None:
        """Read what is left of a body, so that its sender hears the answer; not more than a body."""
        left = BODY_LIMIT
        if self._spoken.their_state is h11.SEND_BODY:
            while left > 0 and (part := await self.data()) is not None:
                left -= len(part)

    async def answer(
        self, status: int, told: object, *headers: tuple[str, str], empty: bool = False
    ) -> None:
        body = msgspec.json.encode(told)
        head = h11.Response(
            status_code=status,
            headers=[
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("x-elastic-product", "Elasticsearch"),  # its clients send to nobody else
                *headers,
            ],
        )
        self._write(self._spoken.send(head))
        if not empty:
            self._write(self._spoken.send(h11.Data(data=body)))
        self._write(self._spoken.send(h11.EndOfMessage()))
        await self._writer.drain()

    def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(body, BODY_LIMIT + 1)
    except zlib.error as error:
        raise _Answer(400, f"the body is no gzip: {error}") from None
    if len(plain) > BODY_LIMIT:
        raise _Answer(413, f"a body has at most {BODY_LIMIT} bytes, unpacked")
    if not unpacker.eof:
        raise _Answer(400, "the body is cut")
    return plain


def _bulk(body: bytes) -> _Bulk:
    """A line that says what to do, and for most the document in the next."""
    taken: list[bytes] = []
    items: list[dict[str, dict[str, object]]] = []
    errors = False
    lines = iter([line for line in body.split(b"\n") if line.strip()])
    for line in lines:
        action, index = _action(line)
        document = b"" if action == "delete" else next(lines, b"")
        if action in _TAKEN and document:
            taken.append(document)
            items.append({action: {"_index": index, "status": 201}})
        else:
            errors = True
            why = {"type": "illegal_argument_exception", "reason": "only index and create"}
            items.append({action: {"_index": index, "status": 400, "error": why}})
    return _Bulk(taken, items, errors)


def _action(line: bytes) -> tuple[str, str]:
    """`{"create": {"_index": "x"}}`."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict) or len(value) != 1:
        raise _Answer(400, "a line of the bulk body is no action")
    ((action, about),) = value.items()
    index = about.get("_index") if isinstance(about, dict) else None
    return str(action), index if isinstance(index, str) else ""
