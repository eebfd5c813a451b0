"""Who took part in an alert, sorted by what their names are: accounts, hosts, addresses."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Party(NamedTuple):
    """What one name is: an account with its domain, a host by name, or an address; else nothing."""

    user: str | None = None
    domain: str | None = None
    host: str | None = None
    address: str | None = None


def party(value: object) -> Party:
    """Of a role's value; of several the first."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, str) or not first:
        return Party()
    name = first.removeprefix("name:")
    if name.startswith("ip:"):
        return _address(name.removeprefix("ip:"))
    if "@" in name:
        user, _, domain = name.rpartition("@")
        return Party(user, domain)
    address = _address(name)
    return address if address.address else Party(host=name)


def parties(alert: Mapping[str, object]) -> Iterator[tuple[str, Party]]:
    """Every value of the alert's roles that is an account, a host or an address."""
    roles = alert["roles"]
    for role, value in roles.items() if isinstance(roles, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            found = party(one)
            if found != Party():
                yield role, found


def milliseconds(iso: object) -> int:
    """A time of an alert, since 1970."""
    return int(datetime.fromisoformat(str(iso)).timestamp() * 1000)


def _address(text: str) -> Party:
    try:
        return Party(address=str(ipaddress.ip_address(text)))
    except ValueError:
        return Party()
