"""What events tell about domains, hosts, addresses and domain controllers, without any directory.

Each batch is read once, in time order, before its names are resolved. What is believed, and why:

- A domain and its controller: a host that answers AS or TGS requests as only a KDC can (a ticket,
  or a refusal that needs the account's key), a CLDAP netlogon ping (MS-ADTS §6.3.3) or
  NetrServerAuthenticate (MS-NRPC §3.5.4.4); a host whose DRSUAPI a known controller opens (a
  controller being promoted replicates before it serves); records only controllers write.
- A host's address: an AS request that succeeded for a machine account, which proves its key
  (high). A TGS request shows only a ticket, which can be stolen, so it counts as low and never
  displaces. Names a client merely claims (NTLM workstation, DHCP, NetBIOS) are low, count only
  for hosts that exist, never for the name or the address of a domain controller: else one
  datagram would turn an attacker's address into "dc1" and silence every `not is_dc(source)`.
- A name for a controller's address: a Kerberos service ticket for a host that it accepted.

See `entities_roles` for what an attacker can still do. Knows no store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.directory import AccountChange
from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAp, KerberosAs, KerberosTgs
from dsl.schema.ldap import LdapSearch
from dsl.schema.ntlm import NtlmAuth
from dsl.schema.rpc import NetlogonSecure, Replication, RpcBind
from dsl.schema.sensor import HostBinding
from dsl.schema.windows import Logon
from engine.entities_addresses import LEARNT_US
from engine.entities_names import parse_account, parse_host, plain_ip
from engine.entities_roles import BEFORE_US
from engine.entities_rows import DirObject
from engine.entities_wellknown import principal, split_sid
from engine.event_columns import identity_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.schema.base import Event
    from engine.entities import Directory
    from engine.entities_rows import Certainty

_KDC_ANSWERS: Final = frozenset(
    {"none", "preauth_required", "preauth_failed", "client_revoked", "key_expired", "etype_nosupp"}
)
_CONTROLLER_RECORDS: Final = frozenset(
    f"event_{n}" for n in (4768, 4769, 4770, 4771, 5136, 5137, 5138, 5139, 5141, 4928, 4929, 1644)
)
_PAIRS: Final = 1_000
"""Most DRSUAPI conversations remembered until one side is known as a domain controller."""


class Passive:
    """Learns from batches into a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._drsuapi: dict[tuple[str, str], int] = {}

    def learn(self, events: Sequence[Event]) -> None:
        """Take up one batch; order of the events does not matter."""
        ordered = sorted(events, key=lambda e: e.ts)
        for event in ordered:
            self._learn_one(event)
        # Who replicates with whom tells something only once one side is known.
        for (client, server), ts in list(self._drsuapi.items()):
            host = self._host(client, ts)
            if self._directory.is_dc(host, ts):
                del self._drsuapi[client, server]
                self._serves(server, "drsuapi", ts, self._directory.domain_of_host(host))

    def _learn_one(self, event: Event) -> None:
        if event.via is not None and event.via.startswith("event_"):
            self._records(event)
        match event:
            case KerberosAs():
                self._kerberos_as(event)
            case KerberosTgs():
                self._kerberos_tgs(event)
            case KerberosAp():
                self._kerberos_ap(event)
            case NtlmAuth():
                self._ntlm(event)
            case LdapSearch():
                if (
                    event.cldap
                    and event.returned_count
                    and "ntver" in _lower(event.filter_attributes)
                ):
                    self._serves(event.dst_ip, "cldap", event.ts)
            case NetlogonSecure():
                if event.status == 0 and (event.method or "").startswith("NetrServerAuthenticate"):
                    self._serves(event.dst_ip, "netlogon", event.ts)
            case RpcBind():
                if event.interface == "drsuapi":
                    self._replicates(event)
            case Replication():
                if event.via == "wire":
                    self._replicates(event)
            case DnsQuery():
                self._dns(event)
            case Logon():
                if event.outcome == "success" and (event.package or "").lower() == "kerberos":
                    self._machine(event, event.account, "low", "event")
            case HostBinding():
                self._binding(event)
            case AccountChange(action="renamed"):
                self._renamed(event)
            case _:
                pass

    # --- Kerberos ---------------------------------------------------------------------------------

    def _kerberos_as(self, event: KerberosAs) -> None:
        success = _succeeded(event.outcome, event.result)
        if not success and event.result not in _KDC_ANSWERS:
            return
        realm = (event.realm or "").lower().strip(".")
        if "." in realm and ":" not in realm:
            self._directory.learn_domain(realm)
        domain = self._directory.domain_named(realm)
        self._serves(event.dst_ip, "kdc", event.ts, domain)
        if not success or not event.account_name or domain is None:
            return
        key = self._directory.account(event.account_name, domain=domain)
        if event.account_name.endswith("$"):
            self._machine(event, key, "high", "kerberos_machine")
        else:
            name = event.account_name.rpartition("@")[0] or event.account_name
            self._directory.learn(
                DirObject(key=key, kind="account", name=name, domain=domain, valid_from=event.ts)
            )

    def _kerberos_tgs(self, event: KerberosTgs) -> None:
        referred = event.outcome == "continue" and event.result == "none"
        if not referred and not _succeeded(event.outcome, event.result):
            return
        self._serves(event.dst_ip, "kdc", event.ts)
        if event.s4u in (None, "none"):
            self._machine(event, event.account, "low", "kerberos_machine")

    def _kerberos_ap(self, event: KerberosAp) -> None:
        ip = plain_ip(event.dst_ip or "")
        if not _succeeded(event.outcome, event.result) or ip is None or not event.service:
            return
        host = _service_host(event.service)
        part = self._directory.roles.get(f"ip:{ip}")
        if host is None or part is None or self._directory.domain_of_host(host) is None:
            return
        # A server's address does not wander: what it was called later it was called before.
        self._know_host(host, part.since)
        until = event.ts + LEARNT_US
        self._bind(ip, host, part.since, "low", "kerberos_service", until)

    # --- addresses --------------------------------------------------------------------------------

    def _machine(
        self, event: Event, account: str | None, certainty: Certainty, method: str
    ) -> None:
        """A machine account at work from an address."""
        ip = plain_ip(event.src_ip or "")
        if ip is None or not account or not parse_account(account).name:
            return
        key = self._directory.account(account)
        name, _, domain = key.partition("@")
        if not name.endswith("$") or self._directory.domain_named(domain) != domain:
            return
        known = self._directory.get(key)
        if known is not None and not known.computer:
            return  # a managed service account: it works from many hosts and is none
        host = (known.host if known else None) or f"{name[:-1]}.{domain}"
        self._directory.learn(
            DirObject(
                key=key, kind="account", name=name, domain=domain, computer=True, host=host,
                valid_from=event.ts,
            )
        )  # fmt: skip
        self._know_host(host, event.ts, key)
        self._bind(ip, host, event.ts, certainty, method, None)

    def _ntlm(self, event: NtlmAuth) -> None:
        ip = plain_ip(event.src_ip or "")
        if event.outcome != "success" or ip is None or not event.workstation:
            return
        if (parse_account(event.account or "").name or "$").endswith("$"):
            return  # nobody; or a machine, whose name in a relayed logon would hide the relay
        seen = parse_host(event.workstation)
        host = self._directory.host_named(seen.netbios) if seen and seen.netbios else None
        if host is not None:
            self._claim(ip, host, event.ts, "ntlm", None)

    def _binding(self, event: HostBinding) -> None:
        ip, seen = plain_ip(event.ip or ""), parse_host(event.host or "")
        if ip is None or seen is None:
            return
        host = seen.dns or (self._directory.host_named(seen.netbios) if seen.netbios else None)
        if host is None:
            return
        if event.until is not None and event.until <= event.ts:
            self._directory.addresses.release(ip, host, event.ts)
        else:
            self._claim(ip, host, event.ts, event.method or "event", event.until)

    def _claim(self, ip: str, host: str, ts: int, method: str, until: int | None) -> None:
        """A name that nothing proves; never that of a domain controller, nor for its address."""
        if self._directory.is_dc(host, ts) or self._directory.is_dc(f"ip:{ip}", ts):
            return
        self._bind(ip, host, ts, "low", method, until)

    def _bind(
        self, ip: str, host: str, ts: int, certainty: Certainty, method: str, until: int | None
    ) -> None:
        before = self._directory.addresses.at(ip, ts)
        if not self._directory.addresses.learn(ip, host, ts, certainty, method, until):
            return
        part = self._directory.roles.get(f"ip:{ip}")
        if part is None:
            return
        if before is not None and before.host != host and certainty == "high":
            self._directory.end_role(f"ip:{ip}", ts)
            return
        for kind in sorted(part.kinds):
            self._name_controller(host, kind, part.first)

    def _know_host(self, host: str, ts: int, account: str | None = None) -> None:
        self._directory.learn(
            DirObject(
                key=host,
                kind="host",
                name=host,
                domain=self._directory.domain_of_host(host),
                account=account,
                valid_from=ts,
            )
        )

    # --- domain controllers -----------------------------------------------------------------------

    def _host(self, ip: str, ts: int) -> str:
        held = self._directory.addresses.at(ip, ts)
        pseudo = f"ip:{ip}"
        return pseudo if held is None or self._directory.is_dc(pseudo, ts) else held.host

    def _serves(self, address: str | None, kind: str, ts: int, domain: str | None = None) -> None:
        ip = plain_ip(address or "")
        if ip is None:
            return
        if domain is not None and not self._directory.declares_controllers:
            since = max(0, ts - BEFORE_US)
            self._directory.learn(
                DirObject(key=f"ip:{ip}", kind="host", name=ip, domain=domain, valid_from=since)
            )
        self._directory.learn_role(f"ip:{ip}", kind, ts)
        # The host that held the address then, or the first that is seen to hold it later.
        held = next((r for r in self._directory.addresses.rows(ip) if ts < r.valid_to), None)
        if held is not None:
            self._name_controller(held.host, kind, ts)

    def _name_controller(self, host: str, kind: str, ts: int) -> None:
        self._directory.learn_role(host, kind, ts)
        known = self._directory.get(host)
        if known is not None and known.account is not None:
            self._directory.learn_role(known.account, kind, ts)

    def _replicates(self, event: Event) -> None:
        client, server = plain_ip(event.src_ip or ""), plain_ip(event.dst_ip or "")
        if client is None or server is None:
            return
        first = self._drsuapi.get((client, server), event.ts)
        self._drsuapi[client, server] = min(first, event.ts)
        while len(self._drsuapi) > _PAIRS:
            del self._drsuapi[next(iter(self._drsuapi))]

    def _dns(self, event: DnsQuery) -> None:
        # Anyone can answer DNS; it says something only of a host that is a controller anyway.
        ip = plain_ip(event.dst_ip or "")
        if ip and event.rcode == "noerror" and self._directory.roles.get(f"ip:{ip}") is not None:
            self._serves(ip, "dns", event.ts)

    # --- Windows records --------------------------------------------------------------------------

    def _records(self, event: Event) -> None:
        seen = parse_host(event.dc or "")
        if event.via in _CONTROLLER_RECORDS and seen is not None and seen.dns is not None:
            self._directory.learn_domain(seen.dns.partition(".")[2])
            self._know_host(seen.dns, max(0, event.ts - BEFORE_US))
            self._name_controller(seen.dns, "log", event.ts)
        for name in identity_columns(type(event)).accounts:
            value = getattr(event, name)
            if isinstance(value, str) and "|" in value:
                self._name_and_sid(value)

    def _name_and_sid(self, raw: str) -> None:
        r"""`CORP\alice|S-1-5-21-…`: the SID's domain joins the NetBIOS and the DNS name."""
        seen = parse_account(raw)
        parts = split_sid(seen.sid) if seen.sid else None
        if parts is None or parts[0] == "S-1-5-32" or not seen.domain or seen.name is None:
            return
        by_sid = self._directory.domain_with_sid(parts[0])
        named = self._directory.domain_named(seen.domain)
        if by_sid is not None and named is None:
            self._directory.learn_domain(by_sid, netbios=seen.domain)
        elif named is not None and by_sid is None:
            netbios = seen.domain if "." not in seen.domain else None
            self._directory.learn_domain(named, netbios=netbios, sid=parts[0])
        domain = by_sid or named
        if seen.sid is None:
            return
        if domain is not None:
            self._directory.learn_sid(seen.sid, f"{seen.name}@{domain}")
        who = principal(seen.sid)
        if who is not None and who.sensitive:
            # by its SID, whatever language the server names it in
            key = self._directory.account(raw)
            self._directory.learn(DirObject(key=key, kind=who.kind, name=seen.name, sid=seen.sid))

    def _renamed(self, event: AccountChange) -> None:
        """Who has the SID is called otherwise from now on."""
        seen = parse_account(event.account or "")
        if seen.sid is None or not event.new_name or event.outcome not in (None, "success"):
            return
        domain = self._directory.account(event.account or "", ts=event.ts).partition("@")[2]
        name = event.new_name.strip().lower()
        if domain and name and "@" not in name:
            self._directory.learn_rename(seen.sid, f"{name}@{domain}", event.ts)


def _succeeded(outcome: str | None, result: str | None) -> bool:
    return outcome == "success" or (outcome is None and result == "none")


def _lower(values: list[str] | None) -> set[str]:
    return {v.lower() for v in values or ()}


def _service_host(service: str) -> str | None:
    """The DNS name in a service principal name `class/host[:port][/name][@REALM]`."""
    parts = service.partition("@")[0].split("/")
    seen = parse_host(parts[1].partition(":")[0]) if len(parts) > 1 else None
    return seen.dns if seen else None
