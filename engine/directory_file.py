"""A directory written by hand: YAML or JSON -> declared objects, with complaints by file and line.

For installations without a directory sync, and for tests. What it says holds for all time. Keys,
all optional:

    domains:
      - {name: corp.lab.test, netbios: CORP, sid: S-1-5-21-1-2-3, ticket_lifetime: 10h}
    hosts:
      - {name: dc1.corp.lab.test, addresses: [10.77.0.10], tags: [dc, dns_server]}
      - {name: ws9, domain: corp.lab.test, addresses: [10.77.0.50], account: WS9$}
    accounts:
      - {name: alice, domain: corp.lab.test, sid: S-1-5-21-1-2-3-1105, created: 2024-03-01,
         upn: alice.smith@corp.example, previous_names: [alice.jones], uac: [dont_req_preauth], spns: [HTTP/web1.corp.lab.test], tags: [honeytoken]}
    groups:
      - {name: domain admins, domain: corp.lab.test, members: [alice, "bob@corp.lab.test"]}
    networks:
      - {network: 10.9.0.0/16, tags: [vpn_pool]}
    sync:
      - {servers: ["ldaps://dc1.corp.lab.test", "ldaps://dc2.corp.lab.test"],
         user: atp@corp.lab.test, password_file: /etc/atp/directory, ca: /etc/atp/ca.pem}

Accounts and groups are `name@domain`, or `name` and `domain`; a member without a domain is of the
group's. With one domain in the file it is everybody's. Attributes are those of
`dsl.given_directory`; tags those of `dsl.attributes.TAGS`. Where hosts are tagged `dc`, the file
names *all* domain controllers: none is learnt from the network then. `sync` names directories to
synchronise, one entry a domain; without `user` the accounts of the other entries are tried; with
`keytab` in place of `password_file` the account binds by Kerberos.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dsl.attributes import TAGS
from dsl.diagnostics import Diagnostics
from dsl.event_values import BadValueError, read_field
from dsl.faults import did_you_mean
from dsl.given_directory import ATTRIBUTES, DirectoryObject, ObjectKind
from dsl.record import read_record
from engine.entities_names import plain_ip
from engine.entities_rows import DirNetwork
from sensor.inputs.directory.place import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.diagnostics import Diagnostic
    from dsl.record import Record
    from dsl.source import Plain

_SECTIONS: Final = ("domains", "hosts", "accounts", "groups", "networks", "sync")
_KINDS: Final[dict[str, ObjectKind]] = {
    "domains": "domain", "hosts": "host", "accounts": "account", "groups": "group",
}  # fmt: skip
_RELATIONS: Final[dict[ObjectKind, tuple[str, ...]]] = {
    "host": ("addresses",), "account": ("spns",), "group": ("members",),
}  # fmt: skip
_NETWORK_TAGS: Final = ("nat", "vpn_pool")

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SyncEntry:
    """A directory to synchronise: servers of one domain (`ldaps://…`), and who asks them."""

    servers: tuple[str, ...]
    user: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    keytab: Path | None = None


@dataclass(frozen=True, slots=True)
class DirectoryFile:
    """What a file declares."""

    objects: tuple[DirectoryObject, ...]
    networks: tuple[DirNetwork, ...]
    sync: tuple[SyncEntry, ...] = ()


def read_directory_file(path: Path) -> tuple[DirectoryFile | None, list[Diagnostic]]:
    """The objects of a file; None with errors, every fault with its place."""
    diagnostics = Diagnostics()
    file = read_record(path, "the directory file", diagnostics)
    if file is None:
        return None, diagnostics.items
    read = _File(file)
    objects = tuple(read.objects())
    networks = tuple(read.networks())
    sync = tuple(read.sync())
    file.finish(_SECTIONS)
    failed = bool(diagnostics.errors)
    return None if failed else DirectoryFile(objects, networks, sync), diagnostics.items


class _File:
    def __init__(self, file: Record) -> None:
        self._file = file
        domains = file.data.get("domains")
        names = [d.get("name") for d in domains if isinstance(d, dict)] if isinstance(domains, list) else []  # fmt: skip
        self._only = str(names[0]).lower() if len(names) == 1 and names[0] else None

    def objects(self) -> Iterator[DirectoryObject]:
        for section, kind in _KINDS.items():
            seen: set[str] = set()
            for entry in self._file.records(section, f"the entry of `{section}`"):
                item = self._object(entry, kind)
                if item is None:
                    continue
                if item.name in seen:
                    entry.add("D0617", f"`{item.name}` stands twice in `{section}`", "name")
                seen.add(item.name)
                yield item

    def networks(self) -> Iterator[DirNetwork]:
        for entry in self._file.records("networks", "the network"):
            text, tags = entry.text("network", required=True), entry.texts("tags", required=True)
            entry.finish()
            for tag in tags:
                if tag not in _NETWORK_TAGS:
                    hint = did_you_mean(tag, _NETWORK_TAGS) or "tags are `nat` and `vpn_pool`"
                    entry.add("D0607", f"a network has no tag `{tag}`", "tags", hint=hint)
            try:
                ipaddress.ip_network(text or "0.0.0.0/0", strict=False)
            except ValueError:
                entry.add("D0617", f"`{text}` is no network", "network", hint="write `10.9.0.0/16`")
                continue
            yield from (DirNetwork(tag, text or "", 0) for tag in tags if text)

    def sync(self) -> Iterator[SyncEntry]:
        for entry in self._file.records("sync", "the entry of `sync`"):
            servers = entry.texts("servers", required=True)
            user, password = entry.text("user"), entry.text("password_file")
            authority, keytab = entry.text("ca"), entry.text("keytab")
            entry.finish()
            for text in servers:
                try:
                    place_of(text)
                except ValueError as error:
                    hint = "write `ldaps://dc1.corp.test`"
                    entry.add("D0617", str(error), "servers", hint=hint)
            if servers:
                yield SyncEntry(
                    servers,
                    user,
                    Path(password) if password else None,
                    Path(authority) if authority else None,
                    Path(keytab) if keytab else None,
                )

    def _object(self, entry: Record, kind: ObjectKind) -> DirectoryObject | None:
        name = entry.text("name", required=True)
        attributes = self._attributes(entry, kind)
        relations = {r: entry.texts(r) for r in _RELATIONS.get(kind, ())}
        entry.finish((*ATTRIBUTES[kind], "name"))
        if name is None:
            return None
        for ip in relations.get("addresses", ()):
            if plain_ip(ip) is None:
                entry.add("D0617", f"`{ip}` is no address", "addresses", hint="write `10.0.0.1`")
        domain = attributes.get("domain") or self._only
        where = str(domain).lower() if domain else None
        if kind in ("account", "group"):
            members = tuple(_qualified(m, where) for m in relations.get("members", ()))
            name = _qualified(name, where)
        else:
            members = ()
            name = name.lower()
            if kind == "host" and "." not in name and where:
                name = f"{name}.{where}"
        if kind != "domain" and where:
            attributes["domain"] = where
        for link in ("account",) if kind == "host" else ():
            if link in attributes:
                attributes[link] = _qualified(str(attributes[link]), where)
        return DirectoryObject(
            kind,
            name,
            attributes,
            members=members,
            spns=relations.get("spns", ()),
            addresses=relations.get("addresses", ()),
        )

    def _attributes(self, entry: Record, kind: ObjectKind) -> dict[str, Value]:
        attributes: dict[str, Value] = {}
        for key, attribute in ATTRIBUTES[kind].items():
            plain = entry.raw(key)
            if plain is None:
                continue
            if attribute.field.kind == "time":
                day = _day(plain)
                if day is None:
                    hint = "write a day: `2024-03-01`"
                    entry.add("D0606", f"`{plain}` is no day", key, hint=hint)
                else:
                    attributes[key] = day
                continue
            try:
                value = read_field(attribute.field, plain, 0, many=attribute.many)
            except BadValueError as bad:
                entry.add(bad.code, f"`{key}`: {bad.message}", key, hint=bad.hint)
                continue
            if isinstance(value, list):
                attributes[key] = tuple(str(v) for v in value)
            elif value is not None and not isinstance(value, bytes | dict):
                attributes[key] = value
        self._check_tags(entry, attributes.get("tags", ()))
        return attributes

    def _check_tags(self, entry: Record, tags: object) -> None:
        for tag in tags if isinstance(tags, tuple) else ():
            if tag not in TAGS:
                hint = did_you_mean(tag, TAGS) or "tags are " + ", ".join(TAGS)
                entry.add("D0607", f"there is no tag `{tag}`", "tags", hint=hint)


def _qualified(name: str, domain: str | None) -> str:
    return name.lower() if "@" in name or domain is None else f"{name.lower()}@{domain}"


def _day(value: Plain) -> int | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if day is None:
        return None
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000
