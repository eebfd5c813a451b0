"""One directory server, spoken to over TLS only: bind, search in pages, DirSync.

ldap3 2.9 cannot seal a connection by Kerberos or NTLM, so TLS comes first, the certificate is
verified, and nothing is sent before; who binds says so by password or by Kerberos inside. Attributes stay bytes: what they mean is others' business.
Reference: RFC 4511, RFC 2696 (pages), MS-ADTS §3.1.1.3.4.1.3 (DirSync), .5 (extended DNs),
.14 (deleted objects), .11 (security descriptors), §3.1.1.3.1.3.3 (ranges).
"""

from __future__ import annotations

import re
import ssl
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple

with warnings.catch_warnings():
    # ldap3 2.9 uses names that pyasn1 has renamed
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.protocol.controls import build_control

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sensor.inputs.directory.place import Account, Place

    Raw = Mapping[str, Sequence[bytes]]

_CONNECT_S: Final = 5
_ANSWER_S: Final = 30
_PAGE: Final = 1_000
_FEW: Final = 200
"""Objects of a page with security descriptors, each some kilobytes."""
_PAGED: Final = "1.2.840.113556.1.4.319"
_ENTRY: Final = 4
"""The number of a SearchResultEntry among operations (RFC 4511 §4.5.2)."""
_DIRSYNC: Final = "1.2.840.113556.1.4.841"
_EXTENDED_DN: Final = "1.2.840.113556.1.4.529"
_SHOW_DELETED: Final = "1.2.840.113556.1.4.417"
_DESCRIPTOR: Final = "1.2.840.113556.1.4.801"
_INCREMENTAL: Final = -0x80000000
"""LDAP_DIRSYNC_INCREMENTAL_VALUES as the signed integer that servers read."""
_MOST_BYTES: Final = 4 << 20
_OWNER_GROUP_DACL: Final = 7
_NO_RIGHT: Final = frozenset({8, 50})
"""strongerAuthRequired, insufficientAccessRights."""
_DOMAINS: Final = "(&(objectClass=crossRef)(nETBIOSName=*))"
"""Partitions of domains; others have no NetBIOS name."""
_RANGE: Final = re.compile(r"^(?P<name>[^;]+);range=\d+-(?P<end>\d+)$", re.IGNORECASE)


class ServerError(OSError):
    """The server cannot be reached, does not believe us, or fails."""


class CredentialsError(ServerError):
    """It is there and does not take the account."""


class RefusedError(ServerError):
    """It answers, and does not do what it was asked; `no_right`: for want of a right."""

    def __init__(self, message: str, *, no_right: bool) -> None:
        super().__init__(message)
        self.no_right = no_right


class Found(NamedTuple):
    """An entry as it came: its DN, extended, and values by attribute."""

    dn: str
    raw: Raw


class Root(NamedTuple):
    """What a server says of itself: its naming contexts, host name, and the identity of its copy
    of the database, by which USNs count.
    """

    domain: str
    configuration: str
    host: str
    invocation: str


class Server:
    """A bound connection; requests of several threads come one after the other. Raises ServerError
    from everything.
    """

    def __init__(self, place: Place, account: Account, authority: Path | None) -> None:
        """Connect, verify, bind; `authority`: certificates to trust instead of the system's."""
        self.place = place
        self._lock = threading.Lock()
        try:
            tls = ldap3.Tls(
                validate=ssl.CERT_REQUIRED,
                ca_certs_file=None if authority is None else str(authority),
                valid_names=[place.host],
            )
            server = ldap3.Server(
                place.address or place.host,
                place.port,
                use_ssl=place.tls_first,
                tls=tls,
                get_info=ldap3.NONE,
                connect_timeout=_CONNECT_S,
            )
            self._connection = ldap3.Connection(
                server,
                **_credentials(place, account),
                check_names=False,
                auto_range=False,
                receive_timeout=_ANSWER_S,
                return_empty_attributes=False,
            )
            _take_entries_raw(self._connection.strategy)
            self._connection.open()
            if not place.tls_first and not self._connection.start_tls():
                raise ServerError(f"{place.name}: refuses StartTLS")
            self._bind(place, account)
        except (LDAPException, OSError, ValueError) as error:
            if isinstance(error, ServerError):
                raise
            raise ServerError(f"{place.name}: {_reason(error)}") from error
        self.root = self._root()

    def _bind(self, place: Place, account: Account) -> None:
        try:
            why = "" if self._connection.bind() else self._connection.result.get("description", "")
        except Exception as error:
            # errors of the Kerberos library have no common ancestor with those of ldap3
            if not type(error).__module__.startswith("gssapi"):
                raise
            why = _reason(error)
        if why:
            raise CredentialsError(f"{place.name}: `{account.user}` cannot bind: {why}")

    @property
    def address(self) -> str | None:
        """The address it was reached at."""
        try:
            return str(self._connection.socket.getpeername()[0])
        except OSError:
            return None

    def close(self) -> None:
        """Say good-bye; a server that is gone does not matter."""
        try:
            self._connection.unbind()
        except (LDAPException, OSError):
            return

    def highest_usn(self) -> int:
        """The number of the last change the server has made or taken over."""
        found = self._base("", ("highestCommittedUSN",))
        return int(found.raw["highestCommittedUSN"][0])

    def search(
        self, base: str, filter_: str, attributes: Sequence[str], *, deleted: bool = False
    ) -> Iterator[Found]:
        """Entries below a base, page by page, whole: of large attributes all ranges are read."""
        controls = [_extended_dn(), *([_control(_SHOW_DELETED)] if deleted else [])]
        yield from self._pages(base, filter_, attributes, controls, _PAGE)

    def _pages(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        controls: list[object],
        size: int,
    ) -> Iterator[Found]:
        """Entries, while the next page is being asked for already."""
        with ThreadPoolExecutor(1) as ahead:
            page = self._page(base, filter_, attributes, controls, size, None)
            while page.cookie:
                following = ahead.submit(
                    self._page, base, filter_, attributes, controls, size, page.cookie
                )
                yield from page.entries
                page = following.result()
            yield from page.entries

    def _page(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        controls: list[object],
        size: int,
        cookie: bytes | None,
    ) -> _Page:
        answer = self._ask(base, filter_, attributes, controls, page=size, cookie=cookie)
        paged = answer.controls.get(_PAGED, {}).get("value", {})
        return _Page([self._whole(e) for e in answer.entries], paged.get("cookie"))

    def domains(self) -> dict[str, list[str]]:
        """The domains of the forest by DNS name, with the hosts of their controllers, as the
        configuration names them (MS-ADTS §6.1.1.2.1.1, §6.1.1.2.2.1.2).
        """
        base = self.root.configuration
        heads = {
            _first(found, "nCName"): _first(found, "dnsRoot").lower()
            for found in self.search(base, _DOMAINS, ("nCName", "dnsRoot"))
        }
        hosts = {
            _plain(found.dn): _first(found, "dNSHostName").lower()
            for found in self.search(base, "(objectClass=server)", ("dNSHostName",))
        }
        domains: dict[str, list[str]] = {name: [] for name in heads.values() if name}
        for found in self.search(base, "(objectClass=nTDSDSA)", ("hasMasterNCs",)):
            host = hosts.get(_plain(found.dn).partition(",")[2])
            for value in found.raw.get("hasMasterNCs", ()) if host else ():
                domain = heads.get(_plain(value.decode("utf-8", "replace")))
                if domain:
                    domains[domain].append(host or "")
        return {name: sorted(hosts) for name, hosts in domains.items()}

    def described(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Found]:
        """As `search`, with security descriptors readable: owner, group and DACL."""
        flags = _control(_DESCRIPTOR, _sequence(_integer(_OWNER_GROUP_DACL)))
        yield from self._pages(base, filter_, attributes, [_extended_dn(), flags], _FEW)

    def changes(
        self, context: str, filter_: str, attributes: Sequence[str], cookie: bytes
    ) -> tuple[list[Found], bytes, bool]:
        """What changed in a naming context since the cookie (empty: everything), the next cookie,
        and whether there is more. Values of linked attributes come as differences.
        """
        value = _sequence(_integer(_INCREMENTAL) + _integer(_MOST_BYTES) + _octets(cookie))
        controls = [_control(_DIRSYNC, value), _extended_dn()]
        answer = self._ask(context, filter_, attributes, controls)
        state = answer.controls.get(_DIRSYNC, {}).get("value")
        if state is None:
            raise RefusedError(f"{self.place.name}: does not know DirSync", no_right=False)
        return answer.entries, bytes(state["cookie"] or b""), bool(state["more_results"])

    # --- requests ---------------------------------------------------------------------------------

    def _root(self) -> Root:
        names = (
            "defaultNamingContext", "configurationNamingContext", "dnsHostName", "dsServiceName",
        )  # fmt: skip
        said = {
            name: next((v.decode("utf-8", "replace") for v in values), "")
            for name, values in self._base("", names).raw.items()
        }
        service = said.get("dsServiceName", "")
        found = self._base(service, ("invocationId",)) if service else None
        invocation = next(iter(found.raw.get("invocationId", ())), b"") if found else b""
        return Root(
            said.get("defaultNamingContext", ""),
            said.get("configurationNamingContext", ""),
            said.get("dnsHostName", "").lower(),
            invocation.hex() or service,
        )

    def _base(self, dn: str, attributes: Sequence[str]) -> Found:
        found = self._ask(dn, "(objectClass=*)", attributes, [], scope=ldap3.BASE).entries
        if not found:
            raise ServerError(f"{self.place.name}: does not tell `{dn or 'its root'}`")
        return found[0]

    def _ask(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        controls: list[object],
        *,
        scope: str = ldap3.SUBTREE,
        page: int | None = None,
        cookie: bytes | None = None,
    ) -> _Answer:
        try:
            with self._lock:
                self._connection.search(
                    base,
                    filter_,
                    scope,
                    dereference_aliases=ldap3.DEREF_NEVER,
                    attributes=list(attributes),
                    controls=controls or None,
                    paged_size=page,
                    paged_cookie=cookie,
                )
                result, response = self._connection.result, self._connection.response
        except (LDAPException, OSError, ValueError) as error:
            raise ServerError(f"{self.place.name}: {_reason(error)}") from error
        if result["result"] != 0:
            why = f"{self.place.name}: {result['description']} {result['message']}".strip()
            raise RefusedError(why[:500], no_right=result["result"] in _NO_RIGHT)
        entries = [
            Found(str(entry["dn"]), entry["raw_attributes"])
            for entry in response or ()
            if entry.get("type") == "searchResEntry"
        ]
        return _Answer(entries, result.get("controls") or {})

    def _whole(self, entry: Found) -> Found:
        """An attribute with more values than a server gives at once is asked for again."""
        raw: dict[str, Sequence[bytes]] = {}
        for name, values in entry.raw.items():
            part = _RANGE.match(name)
            if part is None:
                raw[name] = [*values, *raw.get(name, ())]
                continue
            attribute, every = part["name"], list(values)
            while part is not None:
                wanted = f"{attribute};range={int(part['end']) + 1}-*"
                further = self._base(entry.dn.rpartition(">;")[2], (wanted,)).raw
                given = next((n for n in further if n.lower().startswith(f"{attribute.lower()};range")), "")  # fmt: skip
                every += further.get(given, ())
                part = _RANGE.match(given)
            raw[attribute] = every
        return Found(entry.dn, raw)


class _Answer(NamedTuple):
    """Entries of a search, and controls of its end by OID."""

    entries: list[Found]
    controls: Mapping[str, dict[str, dict[str, bytes]]]


class _Page(NamedTuple):
    """Entries, whole, and where the next page begins; nothing after the last."""

    entries: list[Found]
    cookie: bytes | None


def _first(found: Found, attribute: str) -> str:
    """The first value as text; of a DN the plain one."""
    values = next((v for n, v in found.raw.items() if n.lower() == attribute.lower()), ())
    return _plain(next((v.decode("utf-8", "replace") for v in values), ""))


def _plain(dn: str) -> str:
    """A DN without its extensions, to compare with others; any other text, in lower case."""
    return dn.rpartition(">;")[2].lower()


def _credentials(place: Place, account: Account) -> dict[str, object]:
    """How ldap3 is told who binds. By Kerberos the ticket is for the name that the certificate was
    verified by, and bound to this TLS channel (RFC 5929 tls-server-end-point).
    """
    if account.keytab is None:
        return {
            "user": account.user, "password": account.password, "authentication": ldap3.SIMPLE,
        }  # fmt: skip
    # tickets are kept in memory, by name: that of another account does not serve
    store = {"client_keytab": str(account.keytab), "ccache": f"MEMORY:{account.principal}"}
    return {
        "user": account.principal, "authentication": ldap3.SASL,
        "sasl_mechanism": ldap3.KERBEROS, "sasl_credentials": (place.host,), "cred_store": store,
    }  # fmt: skip


def _take_entries_raw(strategy: ldap3.strategy.sync.SyncStrategy) -> None:
    """Entries as bytes only. ldap3 would decode every value twice, into text first, and look its
    settings up for each: half of the time that reading a directory took.
    """
    decode = strategy.decode_response_fast

    def raw(message: Mapping[str, Any]) -> object:
        if message["protocolOp"] != _ENTRY:
            return decode(message)
        name, listed = message["payload"]
        attributes = {
            pair[3][0][3].decode("utf-8", "replace"): [value[3] for value in pair[3][1][3]]
            for pair in listed[3]
        }
        dn = name[3].decode("utf-8", "replace")
        return {"type": "searchResEntry", "dn": dn, "raw_attributes": attributes}

    strategy.decode_response_fast = raw


def _extended_dn() -> object:
    """GUID and SID in text before each DN."""
    return _control(_EXTENDED_DN, _sequence(_integer(1)))


def _control(oid: str, value: bytes | None = None) -> object:
    """A critical control; its value is BER already."""
    return build_control(oid, criticality=True, value=value, encode_control_value=False)


def _reason(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.replace("\n", " ")[:300]


# BER of the few control values, which ldap3 would encode in five bytes where servers read four


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _integer(value: int) -> bytes:
    size = max(1, (value + (value < 0)).bit_length() // 8 + 1)
    return _tlv(0x02, value.to_bytes(size, "big", signed=True))


def _octets(value: bytes) -> bytes:
    return _tlv(0x04, value)


def _sequence(content: bytes) -> bytes:
    return _tlv(0x30, content)
