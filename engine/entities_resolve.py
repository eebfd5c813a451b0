r"""Names of accounts, groups and domains, as far as they are known: one canonical form for each.

`DOMAIN\name`, `name@realm`, a SID and a distinguished name meet here. The base of the directory:
it holds indexes only, no interval and no time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.entities_names import dn_domain, parse_account, rdn_value
from engine.entities_wellknown import (
    BUILTIN_RIDS,
    NO_DOMAIN,
    principal,
    split_sid,
    well_known_named,
)

if TYPE_CHECKING:
    from engine.entities_rows import DirDomain, DirObject

_LOCAL_WORDS = frozenset({".", "workgroup", "localhost"})
"""Domain texts by which a client means the server's own accounts."""


class Names:
    """Indexes from what records write to keys of entities."""

    def __init__(self) -> None:
        self.domains: dict[str, DirDomain] = {}
        self._netbios: dict[str, str] = {}
        self._domain_sids: dict[str, str] = {}
        self._sids: dict[str, str] = {}
        self._dns: dict[str, str] = {}
        self._host_names: dict[str, str] = {}
        self._spns: dict[str, str] = {}

    def account(self, raw: str, *, domain: str | None = None, machine: str | None = None) -> str:
        """The canonical form of an account or group.

        `domain` is the domain in whose name the server answered, if it is a domain controller;
        `machine` the server, if it is none: a bare name then is one of its own accounts.
        """
        seen = parse_account(raw)
        if seen.sid is not None:
            known = self._by_sid(seen.sid, domain, machine)
            if known is not None:
                return known
        if seen.dn is not None:
            return self._by_dn(seen.dn)
        if seen.name is None:
            return (seen.sid or raw).lower()
        where = self._account_domain(seen.domain, domain, machine)
        return f"{seen.name}@{where}" if where else seen.name

    def host_named(self, netbios: str) -> str | None:
        """The known host with this NetBIOS name."""
        return self._host_names.get(netbios.lower())

    def spn_account(self, spn: str) -> str | None:
        """The account that owns a service principal name, as far as declared."""
        return self._spns.get(spn.lower())

    def account_with_dn(self, dn: str) -> str | None:
        """The account or group with this distinguished name."""
        return self._dns.get(dn.lower())

    def domain_named(self, text: str | None) -> str | None:
        """The known domain of a DNS, realm or NetBIOS text."""
        if not text:
            return None
        text = text.lower().strip(".")
        if text in self.domains:
            return text
        if text in self._netbios:
            return self._netbios[text]
        # By default the NetBIOS name is the first label; two domains that share it decide nothing.
        matching = [d for d in self.domains if d.partition(".")[0] == text]
        return matching[0] if len(matching) == 1 else None

    def domain_with_sid(self, sid: str) -> str | None:
        """The known domain with this SID."""
        return self._domain_sids.get(sid)

    def name_of_sid(self, sid: str) -> str:
        """How a principal that no directory object describes is called: by its SID at worst."""
        return self._sids.get(sid) or NO_DOMAIN.get(sid) or sid.lower()

    def _by_sid(self, sid: str, domain: str | None, machine: str | None) -> str | None:
        if sid in NO_DOMAIN:
            return NO_DOMAIN[sid]
        if sid in self._sids:
            return self._sids[sid]
        parts, who = split_sid(sid), principal(sid)
        if parts is None or who is None or who.kind != "group":
            return None
        builtin = parts[0] == "S-1-5-32"
        where = (domain or machine) if builtin else self._domain_sids.get(parts[0])
        return f"{who.name}@{where}" if where else None

    def _by_dn(self, dn: str) -> str:
        known = self._dns.get(dn.lower())
        if known is not None:
            return known
        domain = dn_domain(dn)
        name = rdn_value(dn).lower()
        return f"{name}@{domain}" if domain else name

    def _account_domain(
        self, text: str | None, domain: str | None, machine: str | None
    ) -> str | None:
        if text is None or text in _LOCAL_WORDS:
            return domain or (_short(machine) if machine else None)
        return self.domain_named(text) or text

    def enriched(self, item: DirObject) -> DirObject:
        """A well-known principal with the SID, RID and sensitivity it has in every domain."""
        domain = self.domains.get(item.domain or "")
        where = item.key.partition("@")[2]
        machines = where not in ("", item.domain)  # `administrators@ws9`: not the domain's
        named = well_known_named(item.name or "") if item.kind == "group" and not machines else None
        sid = item.sid
        if sid is None and domain is not None and named is not None:
            under = "S-1-5-32" if named[1] in BUILTIN_RIDS else domain.sid
            sid = f"{under}-{named[1]}" if under else None
        who = (principal(sid) if sid else None) or (named[0] if named else None)
        parts = split_sid(sid) if sid else None
        if sid and parts and parts[0] != "S-1-5-32":
            self._sids[sid] = item.key
        sensitive = item.sensitive or "sensitive" in item.tags or (who.sensitive if who else False)
        return msgspec.structs.replace(
            item,
            sid=sid,
            domain_sid=item.domain_sid or (domain.sid if domain else None),
            rid=parts[1] if parts else (item.rid or (named[1] if named else None)),
            sensitive=sensitive,
            admin=item.admin or (who.admin if who else False),
            tags=_with_tag(item.tags, "sensitive") if sensitive else item.tags,
        )

    def index(self, item: DirObject) -> None:
        """Names of an object, from now on."""
        if item.sid:
            self._sids[item.sid] = item.key
        if item.dn:
            self._dns[item.dn.lower()] = item.key
        if item.kind == "host":
            self._host_names[_short(item.key)] = item.key


def _with_tag(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    return tags if tag in tags else (*tags, tag)


def _short(host: str) -> str:
    return host.removeprefix("name:").partition(".")[0]
