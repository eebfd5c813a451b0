"""From raw events to stored ones: repeats dropped, names made canonical, `primary` stamped, ids given.

A batch is read twice: first the directory learns from it, then every event is resolved *once*,
with what is known of its own time; better knowledge later only annotates. Events are copied, the
caller's stay as they are. Knows no SQL; `engine.run` puts the result into the store.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from dsl.schema.directory import DirectoryChange, DirectoryObject
from dsl.schema.kerberos import KerberosAs, KerberosTgs
from dsl.schema.ntlm import NtlmAuth
from dsl.schema.radius import VpnSession
from dsl.schema.rpc import Replication, SamrQuery
from dsl.schema.sensor import HostBinding, SensorHealth
from engine.doubles import Doubles, is_synced
from engine.entities_addresses import LEARNT_US
from engine.entities_names import parse_account, plain_ip
from engine.entities_passive import Passive
from engine.entities_rows import DirChange
from engine.event_columns import identity_columns
from engine.ingest_seen import Seen
from engine.validations import Validations
from engine.witnesses import Witnesses

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dsl.schema.base import Event
    from engine.entities import Directory
    from engine.geolocation import Geolocation

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_UNRESOLVED: Final = 4_096
_COMMON_HOSTS: Final = frozenset({"dc", "server", "source"})


class Ingest:
    """Resolves batches. `next_id` is the id the next event gets.

    With `as_written` (tests of rules) names are taken as they stand, in lower case, and only what
    is missing is filled in; nothing is learnt from the events. `geolocation` tells where VPN sessions
    come from.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        witnesses: Witnesses | None = None,
        seen: Seen | None = None,
        next_id: int = 1,
        as_written: bool = False,
        geolocation: Geolocation | None = None,
    ) -> None:
        self.directory = directory
        self.witnesses = witnesses or Witnesses()
        self.seen = seen or Seen()
        self.next_id = next_id
        self.repeated = 0
        """Events dropped because the engine had them."""
        self.changed: list[Event] = []
        """Stored events that are other than they were; the reader empties it."""
        self._doubles = Doubles()
        self._validations = Validations()
        self._passive = Passive(directory)
        self._as_written = as_written
        self._geolocation = geolocation
        self._unresolved: dict[str, None] = {}

    def take(self, events: Sequence[Event]) -> list[Event]:
        """New events of a batch, ready for the store, in order of arrival."""
        fresh = [copy.copy(e) for e in events if self._is_new(e)]
        for event in fresh:
            if isinstance(event, DirectoryObject):
                self.directory.synced.apply(event)
        if not self._as_written:
            self._passive.learn(fresh)
        for event in fresh:
            self._resolve(event)
        self.witnesses.observe(fresh)
        for event in fresh:
            if isinstance(event, SensorHealth) and event.kind == "gap" and event.sensor:
                begin = event.ts if event.from_ts is None else event.from_ts
                self.witnesses.silence(event.sensor, event.activity, begin, event.to_ts)
        for event in fresh:
            if event.primary is None:
                event.primary = is_synced(event) or self.witnesses.primary(event)
            event.id = self.next_id
            self.next_id += 1
        if not self._as_written:
            self._count_once(fresh)
        return fresh

    def recall(self, events: Iterable[Event]) -> None:
        """Changes of directories that were stored before a restart, oldest first."""
        self._doubles.recall(events)

    def take_unresolved(self) -> list[str]:
        """Clients' addresses since the last call whose hosts are not certain, in order; of very
        many the first.
        """
        found, self._unresolved = self._unresolved, {}
        return list(found)

    def _count_once(self, fresh: Sequence[Event]) -> None:
        """What a synchronisation tells is not counted where a better witness told it, even before;
        a validation by NTLM is one event that knows what all its witnesses do.
        """
        new = set(map(id, fresh))
        told = self._validations.take(e for e in fresh if isinstance(e, NtlmAuth))
        self.changed += [event for event in told if id(event) not in new]
        for event in fresh:
            for double in self._doubles.take(event):
                double.primary = False
                if id(double) not in new:
                    self.changed.append(double)
            if isinstance(event, DirectoryChange) and is_synced(event):
                key, attribute = event.object_account, event.attribute
                if key and attribute:
                    self.directory.note_change(DirChange(key, attribute, event.ts))

    def _is_new(self, event: Event) -> bool:
        if event.sensor is None or event.seq is None or self.seen.add(event.sensor, event.seq):
            return True
        self.repeated += 1
        return False

    # --- one event --------------------------------------------------------------------------------

    def _resolve(self, event: Event) -> None:
        for name in identity_columns(type(event)).services:
            service = getattr(event, name)
            if service is not None:
                setattr(event, name, service.lower())
        self._server(event)
        self._source(event)
        if self._as_written:
            _lower(event)
            return
        self._accounts(event)
        self._own_fields(event)

    def _server(self, event: Event) -> None:
        """`dc`, `server`, `dst_is_dc` and `domain`."""
        directory, ts = self.directory, event.ts
        address = f"ip:{plain_ip(event.dst_ip) or event.dst_ip}" if event.dst_ip else None
        if not self._as_written or event.dc is None:
            raw = event.dc or address
            event.dc = directory.host(raw, ts) if raw else None
        if not self._as_written and event.server is not None:
            event.server = directory.host(event.server, ts)
        if event.server is None:
            event.server = event.dc
        hosts = [h for h in (event.dc and event.dc.lower(), address) if h]
        if event.dst_is_dc is None and hosts:
            event.dst_is_dc = any(directory.is_dc(h, ts) for h in hosts)
        if event.domain is not None:
            event.domain = directory.domain_named(event.domain) or event.domain.lower()
        else:
            event.domain = next((d for d in map(directory.domain_of_host, hosts) if d), None)

    def _source(self, event: Event) -> None:
        """`source` with `certainty` and `resolution`; an address says more than a claimed name."""
        if self._as_written and event.source is not None:
            return
        ip = plain_ip(event.src_ip) if event.src_ip else None
        if ip in _LOOPBACK and event.dc is not None:
            event.source, event.certainty, event.resolution = event.dc, "high", "event"
        elif ip is not None:
            held = self.directory.addresses.at(ip, event.ts)
            event.source = held.host if held else f"ip:{ip}"
            event.certainty = held.certainty if held else "none"
            event.resolution = held.method if held else None
            if event.certainty != "high" and len(self._unresolved) < _UNRESOLVED:
                self._unresolved[ip] = None
        else:
            raw = event.source
            if raw is None and isinstance(event, NtlmAuth) and event.workstation:
                raw = f"name:{event.workstation}"
            event.source = self.directory.host(raw, event.ts) if raw else None
            if event.source is not None:
                event.certainty, event.resolution = "low", "event"

    def _accounts(self, event: Event) -> None:
        directory, ts = self.directory, event.ts
        if isinstance(event, KerberosAs) and event.account is None and event.account_name:
            event.account = f"{event.account_name}@{event.realm or ''}"
        if isinstance(event, NtlmAuth) and event.account and event.workstation:
            # Clients outside a domain send their own name as the domain; the server takes that
            # for its own accounts (MS-APDS §3.1.5).
            seen = parse_account(event.account)
            if seen.domain == event.workstation.lower().strip() and seen.name:
                event.account = seen.name
        domain = event.domain if event.dst_is_dc else None
        named = event.dc is not None and not event.dc.startswith(("ip:", "name:"))
        machine = event.dc if named and not event.dst_is_dc else None
        columns = identity_columns(type(event))
        for name in columns.accounts:
            raw = getattr(event, name)
            if raw:
                setattr(event, name, directory.account(raw, domain=domain, machine=machine, ts=ts))
        for name in columns.account_lists:
            raws = getattr(event, name)
            if raws:
                resolved = [
                    directory.account(r, domain=domain, machine=machine, ts=ts) for r in raws
                ]
                setattr(event, name, resolved)
        for name in columns.hosts:
            raw = getattr(event, name)
            if raw and name not in _COMMON_HOSTS:
                setattr(event, name, directory.host(raw, ts))

    def _own_fields(self, event: Event) -> None:
        """What the directory knows beside the common columns."""
        directory = self.directory
        match event:
            case KerberosTgs(service_account=None) if event.service:
                event.service_account = self._service_account(event.service, event.domain)
            case Replication(partner=None):
                event.partner = event.source if event.direction == "outbound" else event.dc
            case VpnSession() if self._geolocation is not None:
                self._geolocation.fill(event)
            case SamrQuery(object=None) if event.object_sid:
                known = directory.account(event.object_sid, domain=event.domain, ts=event.ts)
                event.object = known if "@" in known else None
            case DirectoryChange(object_account=None) if event.object:
                event.object_account = directory.account_with_dn(event.object)
            case HostBinding(host_moved=None) if event.ip and event.host:
                lease = event.until - event.ts if event.until is not None else LEARNT_US
                event.host_moved = lease > 0 and directory.addresses.moved(
                    event.ip, event.host, event.ts - lease, event.ts
                )
            case _:
                pass

    def _service_account(self, service: str, domain: str | None) -> str | None:
        """The account behind a service: by its SPN, as a host's own, or named by itself."""
        plain, _, realm = service.partition("@")
        known = self.directory.spn_account(plain)
        if known is not None:
            return known
        parts = plain.split("/")
        where = self.directory.domain_named(realm) or domain
        if len(parts) == 1 or parts[0].lower() == "krbtgt":
            return self.directory.account(parts[0], domain=where) if where else None
        host = self.directory.get(parts[1].partition(":")[0].lower())
        return host.account if host is not None else None


def _lower(event: Event) -> None:
    columns = identity_columns(type(event))
    for name in (*columns.accounts, *columns.hosts):
        value = getattr(event, name)
        if value is not None:
            setattr(event, name, value.lower())
    for name in columns.account_lists:
        values = getattr(event, name)
        if values is not None:
            setattr(event, name, [v.lower() for v in values])
