"""Rows of the directory as intervals: what entities hand to the store and nothing more.

Each class is one table of the store; its fields are the columns in order. Times are microseconds,
an interval is [valid_from, valid_to); `FOREVER` stands for an open end. Keys are canonical
identities in lower case (`name@dns.domain`, `dc1.corp.lab.test`, `ip:…`, `name:…`); of one key the
intervals never overlap. Addresses are text here; the store packs them.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

FOREVER: Final = 2**63 - 1
"""Open end of an interval, as the store writes it."""

EntityKind = Literal["account", "host", "group"]
Identity = tuple[str, ...]
"""Values of the columns by which rows of a table are the same thing in other intervals."""
Certainty = Literal["high", "low", "none"]


class DirObject(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of an account, host or group in an interval (table dir_object).

    `host` of a computer account and `account` of a host link the two. `role` names what a host
    was seen to serve, for hosts whose part was learnt and not declared.
    """

    key: str
    kind: EntityKind
    name: str | None = None
    domain: str | None = None
    sid: str | None = None
    domain_sid: str | None = None
    rid: int | None = None
    dn: str | None = None
    uac: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    etypes: tuple[str, ...] = ()
    created: int | None = None
    deleted: int | None = None
    silo: str | None = None
    role: tuple[str, ...] = ()
    os_build: str | None = None
    department: str | None = None
    sensitive: bool = False
    admin: bool = False
    computer: bool = False
    host: str | None = None
    account: str | None = None
    previous_names: tuple[str, ...] = ()
    valid_from: int = 0
    valid_to: int = FOREVER


class DirChange(msgspec.Struct, frozen=True):
    """An attribute of an object changed (table dir_change)."""

    key: str
    attribute: str
    ts: int


class DirMember(msgspec.Struct, frozen=True):
    """A member of a group, directly or through other groups (table dir_member)."""

    group_key: str
    member_key: str
    valid_from: int = 0
    valid_to: int = FOREVER


class DirSpn(msgspec.Struct, frozen=True):
    """The account that owns a service principal name, in lower case (table dir_spn)."""

    spn: str
    account: str
    valid_from: int = 0
    valid_to: int = FOREVER


class DirAddress(msgspec.Struct, frozen=True):
    """A host held an address (table dir_address)."""

    ip: str
    host: str
    valid_from: int = 0
    valid_to: int = FOREVER
    certainty: Certainty = "high"
    method: str = "directory"


class DirDomain(msgspec.Struct, frozen=True):
    """A domain (table dir_domain); `ticket_lifetime` in microseconds."""

    name: str
    netbios: str | None = None
    sid: str | None = None
    ticket_lifetime: int | None = None


class DirNetwork(msgspec.Struct, frozen=True):
    """A tag of a network (CIDR) or address: nat, vpn_pool. Stored as entry of the list `tag:…`."""

    tag: str
    network: str
    valid_from: int = 0


class DirEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a synchronised directory, whatever it is, in an interval (table dir_entry).

    `kind` is a word of enums.OBJECT_KIND, `attributes` holds all that is synchronised by
    lDAPDisplayName, several values a line each; members are links.
    """

    guid: str
    kind: str
    key: str | None = None
    dn: str | None = None
    class_: str | None = msgspec.field(default=None, name="class")
    sid: str | None = None
    domain: str | None = None
    deleted: bool = False
    attributes: dict[str, str] = {}
    valid_from: int = 0
    valid_to: int = FOREVER


class DirLink(msgspec.Struct, frozen=True):
    """A direct membership as the directory states it: SIDs, or a DN as long as its object is not
    known (table dir_link).
    """

    group_sid: str
    member: str
    valid_from: int = 0
    valid_to: int = FOREVER


Row = DirObject | DirMember | DirSpn | DirEntry | DirLink


class Step(msgspec.Struct, frozen=True):
    """From `ts` on a thing is as `row` says (None: it is no more), whatever was said of later."""

    ts: int
    row: Row | None


class Steps:
    """What synchronisation learnt, in order, by table and thing."""

    IDENTITIES: Final = {
        "dir_object": ("key", "kind"), "dir_member": ("group_key", "member_key"),
        "dir_spn": ("spn", "account"), "dir_entry": ("guid",), "dir_link": ("group_sid", "member"),
    }  # fmt: skip
    """The columns that say which thing it is."""

    def __init__(self) -> None:
        self.by_table: dict[str, dict[Identity, list[Step]]] = {}

    def __bool__(self) -> bool:
        return bool(self.by_table)

    def add(self, table: str, identity: Identity, ts: int, row: Row | None) -> None:
        """The next step of a thing."""
        self.by_table.setdefault(table, {}).setdefault(identity, []).append(Step(ts, row))


def in_steps(steps: list[Step]) -> tuple[int, list[Row]]:
    """From when on what is stored of a thing ends, and the rows that follow."""
    rows: list[Row] = []
    for step in steps:
        rows = [
            msgspec.structs.replace(row, valid_to=min(row.valid_to, step.ts))
            for row in rows
            if row.valid_from < step.ts
        ]
        if step.row is not None:
            rows.append(msgspec.structs.replace(step.row, valid_from=step.ts, valid_to=FOREVER))
    return min(step.ts for step in steps), rows


class DirectoryRows(msgspec.Struct):
    """Rows to bring the store's directory up to date.

    `keys` are the objects whose rows are replaced as a whole by those in `objects`; `ips` likewise
    for `addresses`, `groups` for `members`. SPNs, domains and tags of networks replace those of
    the same name; changes those of the same object, `noted` ones are added. `steps` change a thing
    from a time on and leave what was before.
    """

    keys: set[str] = msgspec.field(default_factory=set)
    ips: set[str] = msgspec.field(default_factory=set)
    groups: set[str] = msgspec.field(default_factory=set)
    objects: list[DirObject] = msgspec.field(default_factory=list)
    changes: list[DirChange] = msgspec.field(default_factory=list)
    members: list[DirMember] = msgspec.field(default_factory=list)
    spns: list[DirSpn] = msgspec.field(default_factory=list)
    addresses: list[DirAddress] = msgspec.field(default_factory=list)
    domains: list[DirDomain] = msgspec.field(default_factory=list)
    networks: list[DirNetwork] = msgspec.field(default_factory=list)
    noted: list[DirChange] = msgspec.field(default_factory=list)
    steps: Steps = msgspec.field(default_factory=Steps)

    def empty(self) -> bool:
        """Whether there is nothing to bring."""
        return not self.steps and not any(
            getattr(self, name) for name in self.__struct_fields__ if name != "steps"
        )
