"""RADIUS accounting as its server sees it: Accounting-Requests in, `vpn_session` and answers out.

A request counts only if its authenticator is keyed with the secret of the client that sent it; all
else is passed over in silence and counted. A request that comes again is answered again and told
once. Knows no socket. References: RFC 2866 §3, §4.1, §4.2; RFC 5080 §2.2.2 (duplicates).
"""

from __future__ import annotations

import hmac
import ipaddress
from collections import Counter
from hashlib import md5
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from dsl.schema.radius import VpnSession
from sensor.contract import Malformed
from sensor.decode.radius_record import (
    ACCOUNTING_REQUEST,
    ACCOUNTING_RESPONSE,
    DELAY_TIME,
    HEAD,
    LARGEST,
    SAME,
    fill,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PROXY_STATE: Final = 33
_REMEMBERED: Final = 65_536
_KNOWN: Final = 4_096
_DAY_S: Final = 86_400
_SECOND: Final = 1_000_000
_NOBODY: Final = b""
_K = TypeVar("_K")
_V = TypeVar("_V")


class Clients:
    """Shared secrets by address or network; the narrowest network that holds an address wins."""

    def __init__(self, secrets: Iterable[tuple[str, bytes]]) -> None:
        """Pairs of a network as `10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32`, and its secret."""
        networks = [(ipaddress.ip_network(network), secret) for network, secret in secrets]
        self._networks = sorted(networks, key=lambda n: n[0].prefixlen, reverse=True)
        self._known: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._networks)

    @property
    def networks(self) -> list[str]:
        """Whose secrets are known, in order."""
        return sorted(str(network) for network, _ in self._networks)

    def secret(self, address: str) -> bytes:
        """The secret of a client; empty for a stranger."""
        found = self._known.get(address)
        if found is None:
            if len(self._known) >= _KNOWN:  # strangers may call themselves anything
                self._known.clear()
            found = self._known[address] = self._find(address)
        return found

    def _find(self, address: str) -> bytes:
        where = ipaddress.ip_address(address.partition("%")[0])
        for network, secret in self._networks:
            if network.version == where.version and where in network:
                return secret
        return _NOBODY


class Requests:
    """Requests of all clients. `counts`: `sessions` told, `repeated`, `unknown_client`,
    `wrong_secret`, `malformed`, `other` (no accounting), `no_session`, `no_vpn`.
    """

    def __init__(self, clients: Clients, emit: Callable[[VpnSession], None]) -> None:
        self.counts: Counter[str] = Counter()
        self._clients = clients
        self._emit = emit
        self._answered: dict[tuple[str, int, bytes], bytes] = {}
        """Request -> the Proxy-States of its answer."""
        self._told: dict[int, int] = {}
        """Hash of what was told -> when."""

    def take(
        self, ts: int, peer: str, port: int, here: tuple[str | None, int], b: bytes
    ) -> bytes | None:
        """One packet of `peer`, to `here`; the answer to it, or None if it deserves none."""
        length = b[2] << 8 | b[3] if len(b) >= HEAD else 0
        if not HEAD <= length <= min(len(b), LARGEST):
            self.counts["malformed"] += 1
            return None
        if b[0] != ACCOUNTING_REQUEST:
            self.counts["other"] += 1
            return None
        secret = self._clients.secret(peer)
        if secret == _NOBODY:
            self.counts["unknown_client"] += 1
            return None
        b = b[:length]
        authenticator = b[4:HEAD]
        if not hmac.compare_digest(
            md5(b[:4] + bytes(16) + b[HEAD:] + secret, usedforsecurity=False).digest(),
            authenticator,
        ):
            self.counts["wrong_secret"] += 1
            return None
        request = (peer, port, authenticator)
        before = self._answered.get(request)
        if before is not None:
            self.counts["repeated"] += 1
            return _answer(b, before, secret)
        event = VpnSession(
            ts=ts, via="radius", protocol="radius", dst_ip=here[0], dst_port=here[1],
            outcome="success",
        )  # fmt: skip
        try:
            other = fill(event, peer, b, HEAD, length)
        except (Malformed, ValueError):
            self.counts["malformed"] += 1
            return None
        delay, proxies = _delay_and_proxies(b)
        event.ts -= min(delay, _DAY_S) * _SECOND
        _remember(self._answered, request, proxies)
        if other:
            self.counts[other] += 1
        else:
            self._tell(event, peer, ts)
        return _answer(b, proxies, secret)

    def _tell(self, event: VpnSession, peer: str, ts: int) -> None:
        """Tell a record, unless it is one sent again with a longer Acct-Delay-Time."""
        told = hash((peer, event.nas, event.session, event.account, event.phase, event.duration))
        last = self._told.get(told)
        if last is not None and abs(ts - last) < SAME:
            self.counts["repeated"] += 1
            return
        _remember(self._told, told, ts)
        self.counts["sessions"] += 1
        self._emit(event)


def _delay_and_proxies(b: bytes) -> tuple[int, bytes]:
    """Acct-Delay-Time in seconds, and the Proxy-State attributes, of a request that was read."""
    delay, proxies, o = 0, b"", HEAD
    while o < len(b):
        end = o + b[o + 1]
        if b[o] == DELAY_TIME:
            delay = int.from_bytes(b[o + 2 : end], "big")
        elif b[o] == _PROXY_STATE:
            proxies += b[o:end]
        o = end
    return delay, proxies


def _answer(request: bytes, proxies: bytes, secret: bytes) -> bytes:
    """The Accounting-Response; its authenticator is keyed over that of the request."""
    head = bytes((ACCOUNTING_RESPONSE, request[1])) + (HEAD + len(proxies)).to_bytes(2, "big")
    digest = md5(head + request[4:HEAD] + proxies + secret, usedforsecurity=False).digest()
    return head + digest + proxies


def _remember(memory: dict[_K, _V], key: _K, value: _V) -> None:
    """Put into a memory that forgets an eighth, the oldest, when it is full."""
    if len(memory) >= _REMEMBERED:
        for old in list(islice(memory, _REMEMBERED // 8)):
            del memory[old]
    memory[key] = value
