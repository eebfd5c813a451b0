"""An object of the directory as checks read it. Knows no other object.

Reference: MS-ADTS §2.2.16 (userAccountControl), MS-ADA1 to MS-ADA3 (attributes).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from dsl.schema.enums import UAC_FLAG
from engine.entities_wellknown import split_sid
from sensor.map.directory.entry import Entry, filetime, generalized_time

if TYPE_CHECKING:
    from engine.entities_rows import DirEntry

DAY_US: Final = 86_400_000_000
_ALLOWED_TO_DELEGATE: Final = 0x80000


class Item:
    """One object, as it was at the time that is asked for."""

    def __init__(self, row: DirEntry) -> None:
        self.row = row
        self.kind = row.kind
        self.dn = row.dn or ""
        self.sid = row.sid
        values = {name.lower(): text.split("\n") for name, text in row.attributes.items()}
        self._entry = Entry(row.guid, self.dn, values)

    def __repr__(self) -> str:
        return f"Item({self.name})"

    @property
    def name(self) -> str:
        """Its canonical name, else its DN."""
        return self.row.key or self.dn

    @property
    def account(self) -> str:
        """Its sAMAccountName; empty where it has none."""
        return self.first("sAMAccountName") or ""

    @property
    def rdn(self) -> str:
        """The value of the first component of the DN."""
        return self.dn.partition(",")[0].partition("=")[2]

    @property
    def rid(self) -> int | None:
        """The last part of its SID."""
        parts = split_sid(self.sid or "")
        return parts[1] if parts else None

    @property
    def domain_sid(self) -> str | None:
        """The SID of its domain."""
        parts = split_sid(self.sid or "")
        return parts[0] if parts else None

    def first(self, attribute: str) -> str | None:
        """The first value of an attribute."""
        return self._entry.first(attribute.lower())

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return self._entry.attributes.get(attribute.lower(), [])

    def number(self, attribute: str, default: int | None = None) -> int | None:
        """A value as a number; the default where it is none."""
        found = self._entry.number(attribute.lower())
        return default if found is None else found

    def bits(self, attribute: str) -> int:
        """A value as bits; none where it is not set."""
        return self.number(attribute, 0) or 0

    def since(self, attribute: str) -> int | None:
        """A FILETIME in microseconds; None for 0 and never."""
        return filetime(self.first(attribute))

    @property
    def created(self) -> int | None:
        """When it was created (microseconds)."""
        return generalized_time(self.first("whenCreated"))

    @cached_property
    def flags(self) -> frozenset[str]:
        """Words of userAccountControl."""
        bits = self.bits("userAccountControl")
        return frozenset(word for bit, word in UAC_FLAG.items() if bits & bit)

    @property
    def enabled(self) -> bool:
        """Whether an account can log on."""
        return "accountdisable" not in self.flags

    @property
    def controller(self) -> bool:
        """Whether it is the account of a domain controller, read-only ones too."""
        return not self.flags.isdisjoint({"server_trust_account", "partial_secrets_account"})

    @property
    def host(self) -> str:
        """The DNS name of a computer, lower case; empty where it has none."""
        return (self.first("dNSHostName") or "").lower().rstrip(".")
