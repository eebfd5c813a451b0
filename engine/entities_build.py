"""Declared objects -> directory: what a directory file or a test's `directory` says, as intervals.

Memberships are closed over groups here; a domain controller's computer account carries its tags,
so that `is_dc(account)` knows it. Knows no file format and no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.entities import Directory
from engine.entities_names import plain_ip
from engine.entities_rows import (
    FOREVER,
    DirAddress,
    DirChange,
    DirDomain,
    DirMember,
    DirObject,
    DirSpn,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.given_directory import DirectoryObject
    from engine.directory_file import DirectoryFile

_PASSED_ON = ("dc", "rodc", "dns_server", "delegate")
"""Tags of a host that hold for its computer account too."""


def directory_of(declared: DirectoryFile | None) -> Directory:
    """A directory that holds what a file declares; empty where there is none."""
    directory = Directory()
    if declared is not None:
        declare(directory, declared.objects)
        for network in declared.networks:
            directory.declare_network(network)
    return directory


def declare(directory: Directory, objects: Iterable[DirectoryObject]) -> None:
    """Declare all objects, domains first."""
    kept = list(objects)
    for item in kept:
        if item.kind == "domain":
            directory.declare_domain(_domain(item))
    accounts = {o.name.lower() for o in kept if o.kind == "account"}
    tags = _account_tags(kept)
    for item in kept:
        begin, end = item.valid_from or 0, FOREVER if item.valid_to is None else item.valid_to
        if item.kind == "address":
            _address(directory, item, item.name, str(item.attributes.get("host", "")), begin, end)
        elif item.kind != "domain":
            row = _object(item, begin, end)
            more = tags.get(row.key, ())
            if item.kind == "account" and more:
                row = msgspec.structs.replace(row, tags=tuple(dict.fromkeys((*row.tags, *more))))
            directory.declare(row)
        for ip in item.addresses:
            _address(directory, item, ip, item.name, begin, end)
        if item.kind == "account" and item.attributes.get("upn"):
            directory.declare_upn(str(item.attributes["upn"]), item.name.lower())
        for spn in item.spns:
            directory.declare_spn(DirSpn(spn.lower(), item.name.lower(), begin, end))
        for attribute, ts in item.changed:
            directory.declare_change(DirChange(item.name.lower(), attribute, ts))
    for key, more in tags.items():
        if key not in accounts:
            name, _, domain = key.partition("@")
            directory.declare(
                DirObject(
                    key=key, kind="account", name=name, domain=domain or None, computer=True,
                    tags=more,
                )
            )  # fmt: skip
    for member in _members(kept):
        directory.declare_member(member)


def _domain(item: DirectoryObject) -> DirDomain:
    netbios, sid = item.attributes.get("netbios"), item.attributes.get("sid")
    lifetime = item.attributes.get("ticket_lifetime")
    return DirDomain(
        item.name.lower(),
        str(netbios).lower() if netbios else None,
        str(sid) if sid else None,
        lifetime if isinstance(lifetime, int) else None,
    )


def _object(item: DirectoryObject, begin: int, end: int) -> DirObject:
    key = item.name.lower()
    name, _, domain = item.name.partition("@")
    given: dict[str, object] = {"name": name, "domain": domain.lower() or None}
    given |= item.attributes
    for link in ("host", "account", "domain"):
        if isinstance(given.get(link), str):
            given[link] = str(given[link]).lower()
    if item.kind == "account" and name.endswith("$"):
        given.setdefault("computer", True)
    if item.kind == "host":
        given["domain"] = given["domain"] or key.partition(".")[2] or None
        given.setdefault("account", _host_account(item))
    given |= {"key": key, "kind": item.kind, "valid_from": begin, "valid_to": end}
    return msgspec.convert(given, DirObject)


def _host_account(item: DirectoryObject) -> str | None:
    """The computer account of a host: the one named, else by its DNS name."""
    named = item.attributes.get("account")
    if named:
        return str(named).lower()
    short, _, domain = item.name.lower().partition(".")
    return f"{short}$@{domain}" if domain else None


def _account_tags(objects: Iterable[DirectoryObject]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for item in objects:
        if item.kind != "host":
            continue
        tags, account = item.attributes.get("tags", ()), _host_account(item)
        passed = tuple(t for t in tags if t in _PASSED_ON) if isinstance(tags, tuple) else ()
        if account and passed:
            found[account] = passed
    return found


def _address(
    directory: Directory, item: DirectoryObject, ip: str, host: str, begin: int, end: int
) -> None:
    plain = plain_ip(ip)
    if plain is not None and host:
        given = {
            "ip": plain,
            "host": host.lower(),
            "valid_from": begin,
            "valid_to": end,
            "certainty": item.attributes.get("certainty", "high"),
            "method": item.attributes.get("method", "directory"),
        }
        directory.addresses.declare(msgspec.convert(given, DirAddress))


def _members(objects: Iterable[DirectoryObject]) -> list[DirMember]:
    """Direct memberships and those through groups; a membership lasts as long as all its links."""
    direct: dict[str, list[DirMember]] = {}
    for item in objects:
        if item.kind == "group":
            end = FOREVER if item.valid_to is None else item.valid_to
            direct.setdefault(item.name.lower(), []).extend(
                DirMember(item.name.lower(), m.lower(), item.valid_from or 0, end)
                for m in item.members
            )
    found: set[DirMember] = set()
    for group, links in direct.items():
        waiting = list(links)
        while waiting:
            link = waiting.pop()
            if link in found or link.valid_from >= link.valid_to:
                continue
            found.add(link)
            waiting += [
                DirMember(
                    group,
                    further.member_key,
                    max(link.valid_from, further.valid_from),
                    min(link.valid_to, further.valid_to),
                )
                for further in direct.get(link.member_key, ())
            ]
    return sorted(found, key=lambda m: (m.group_key, m.member_key, m.valid_from))
