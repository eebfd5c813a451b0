"""Where a directory server is and who asks it: addresses, accounts, and which account fits a domain.

Passwords come from files, never from a command line. Pure, but for reading those files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SCHEMES: Final = {"ldaps": 636, "ldap": 389}


@dataclass(frozen=True, slots=True)
class Place:
    """A server: TLS from the beginning (`ldaps`) or by StartTLS (`ldap`); never without.

    `address`: where it was found before, for when nobody resolves its name; its certificate is
    verified by the name all the same.
    """

    host: str
    port: int
    tls_first: bool
    address: str | None = None

    @property
    def name(self) -> str:
        """As it is written."""
        scheme = "ldaps" if self.tls_first else "ldap"
        port = "" if self.port == _SCHEMES[scheme] else f":{self.port}"
        return f"{scheme}://{self.host}{port}"

    def at(self, host: str) -> Place:
        """Another server that is spoken to in the same way."""
        return Place(host, self.port, self.tls_first)

    def found_at(self, address: str) -> Place:
        """The same at a known address."""
        return Place(self.host, self.port, self.tls_first, address)

    @property
    def domain(self) -> str:
        """The domain its name lies in."""
        return self.host.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Account:
    r"""Who binds: `user@domain`, `DOMAIN\user` or a DN, with a password; or `user@domain` by Kerberos
    with the keys of a keytab.
    """

    user: str
    password: str = field(default="", repr=False)
    keytab: Path | None = None

    @property
    def principal(self) -> str:
        """The Kerberos principal: realms are written in upper case."""
        name, at, realm = self.user.rpartition("@")
        return f"{name}{at}{realm.upper()}"

    @property
    def domain(self) -> str | None:
        """The DNS domain of the user, where it tells one."""
        if "=" in self.user:
            parts = [p.strip() for p in self.user.lower().split(",")]
            return ".".join(p[3:] for p in parts if p.startswith("dc=")) or None
        return self.user.rpartition("@")[2].lower() if "@" in self.user else None


def is_place(text: str) -> bool:
    """Whether a text means a server and not a file."""
    return text.lower().startswith(("ldap:", "ldaps:"))


def place_of(text: str) -> Place:
    """`ldaps://dc1.corp.test[:636]`, `ldap://dc1.corp.test[:389]`. Raises ValueError."""
    scheme, mark, rest = text.partition("://")
    scheme = scheme.lower()
    host, colon, port = rest.rstrip("/").partition(":")
    if scheme not in _SCHEMES or not mark or not host or "/" in host:
        raise ValueError(f"`{text}` is no directory server")
    number = _SCHEMES[scheme]
    if colon:
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"`{port}` is no port")
        number = int(port)
    return Place(host.lower(), number, scheme == "ldaps")


def read_password(path: Path) -> str:
    """The first line of a file. Raises OSError, and ValueError where it is empty."""
    password = path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    if not password:
        raise ValueError(f"{path} holds no password")
    return password


def fitting(domain: str, accounts: Sequence[Account]) -> list[Account]:
    """The accounts to try at a server of a domain, best first: of the domain itself, of a parent,
    of the same forest, then the others in their order.
    """

    def rank(account: Account) -> int:
        own = account.domain
        if own is None:
            return 3
        if own == domain:
            return 0
        if domain.endswith(f".{own}"):
            return 1
        root = ".".join(domain.split(".")[-2:])
        return 2 if own == root or own.endswith(f".{root}") else 4

    return sorted(accounts, key=rank)
