"""One directory server, spoken to over TLS only: bind, search in pages, DirSync.

ldap3 2.9 cannot seal a connection by Kerberos or NTLM, so TLS comes first, the certificate is
verified, and nothing is sent before. Attributes stay bytes: what they mean is others' business.
Reference: RFC 4511, RFC 2696 (pages), MS-ADTS §3.1.1.3.4.1.3 (DirSync), .5 (extended DNs),
.14 (deleted objects), .11 (security descriptors), §3.1.1.3.1.3.3 (ranges).
"""

from __future__ import annotations

import re
import ssl
import warnings
from typing import TYPE_CHECKING, Final, NamedTuple

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
    """A bound connection. One thread uses it. Raises ServerError from everything."""

    def __init__(self, place: Place, account: Account, authority: Path | None) -> None:
        """Connect, verify, bind; `authority`: certificates to trust instead of the system's."""
        self.place = place
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
                account.user,
                account.password,
                authentication=ldap3.SIMPLE,
                check_names=False,
                auto_range=False,
                receive_timeout=_ANSWER_S,
                return_empty_attributes=False,
            )
            self._connection.open()
            if not place.tls_first and not self._connection.start_tls():
                raise ServerError(f"{place.name}: refuses StartTLS")
            if not self._connection.bind():
                why = self._connection.result.get("description", "")
                raise CredentialsError(f"{place.name}: `{account.user}` cannot bind: {why}")
        except (LDAPException, OSError, ValueError) as error:
            if isinstance(error, ServerError):
                raise
            raise ServerError(f"{place.name}: {_reason(error)}") from error
        self.root = self._root()

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
        cookie: bytes | None = None
        while True:
            self._ask(base, filter_, attributes, controls, page=_PAGE, cookie=cookie)
            for entry in self._entries():
                yield self._whole(entry)
            paged = self._connection.result.get("controls", {}).get("1.2.840.113556.1.4.319", {})
            cookie = paged.get("value", {}).get("cookie")
            if not cookie:
                return

    def described(self, dn: str, attributes: Sequence[str]) -> Found | None:
        """One entry with its security descriptor readable; None where it is not there."""
        controls = [_extended_dn(), _control(_DESCRIPTOR, _sequence(_integer(_OWNER_GROUP_DACL)))]
        try:
            self._ask(dn, "(objectClass=*)", attributes, controls, scope=ldap3.BASE)
        except RefusedError:
            return None
        return next(iter(self._entries()), None)

    def changes(
        self, context: str, filter_: str, attributes: Sequence[str], cookie: bytes
    ) -> tuple[list[Found], bytes, bool]:
        """What changed in a naming context since the cookie (empty: everything), the next cookie,
        and whether there is more. Values of linked attributes come as differences.
        """
        value = _sequence(_integer(_INCREMENTAL) + _integer(_MOST_BYTES) + _octets(cookie))
        controls = [_control(_DIRSYNC, value), _extended_dn()]
        self._ask(context, filter_, attributes, controls)
        answer = self._connection.result.get("controls", {}).get(_DIRSYNC, {}).get("value")
        if answer is None:
            raise RefusedError(f"{self.place.name}: does not know DirSync", no_right=False)
        return list(self._entries()), bytes(answer["cookie"] or b""), bool(answer["more_results"])

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
        self._ask(dn, "(objectClass=*)", attributes, [], scope=ldap3.BASE)
        found = list(self._entries())
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
    ) -> None:
        try:
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
        except (LDAPException, OSError, ValueError) as error:
            raise ServerError(f"{self.place.name}: {_reason(error)}") from error
        result = self._connection.result
        if result["result"] != 0:
            why = f"{self.place.name}: {result['description']} {result['message']}".strip()
            raise RefusedError(why[:500], no_right=result["result"] in _NO_RIGHT)

    def _entries(self) -> Iterator[Found]:
        for answer in self._connection.response or ():
            if answer.get("type") == "searchResEntry":
                # an attribute that lost its last value comes without any
                raw = {name: values or () for name, values in answer["raw_attributes"].items()}
                yield Found(str(answer["dn"]), raw)

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
