"""Events of Kerberos exchanges: what request, reply and error together say (RFC 4120, MS-SFU).

Knows no pairing: it gets a request, its answer, or both. Tells the context whose tickets were
issued, and asks it for the owner of those that are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.enums import PAC_OPTION, PADATA
from dsl.schema.kerberos import KerberosAs, KerberosTgs
from sensor.contract import wire_event
from sensor.decode.kerberos_outcome import fingerprint, outcome, result_word
from sensor.decode.kerberos_parts import Principal, Ticket, account_of, etype_word
from sensor.decode.kerberos_request import CNAME_IN_ADDL_TKT, ENC_TKT_IN_SKEY, Request

if TYPE_CHECKING:
    from sensor.contract import Context, Flow
    from sensor.decode.kerberos_reply import Failure, Reply

_FX_FAST: Final = 136
_FOR_USER: Final = frozenset({129, 130})
MACHINE: Final = "kerberos_machine"
_TGS: Final = "krbtgt/"


class Exchange:
    """A request and its answer, either of them None where it was not seen; `ts` is the request's."""

    __slots__ = ("asked", "failed", "replied", "ts")

    def __init__(
        self,
        ts: int,
        asked: Request | None,
        replied: Reply | None = None,
        failed: Failure | None = None,
    ) -> None:
        self.ts = ts
        self.asked = asked
        self.replied = replied
        self.failed = failed


def as_event(flow: Flow, context: Context, exchange: Exchange) -> KerberosAs:
    """The event of an AS exchange."""
    asked, got, no = exchange.asked, exchange.replied, exchange.failed
    event = wire_event(KerberosAs, flow, exchange.ts, "kerberos")
    if asked is not None:
        _request_fields(event, asked)
        event.realm = asked.realm or None
        event.name_type = asked.cname.kind if asked.cname else None
        event.account_name = asked.cname.text if asked.cname else None
        event.account = _account(asked.cname, asked.realm)
        event.preauth_types = _padata_words(asked)
        if asked.preauth_etype is not None:
            event.preauth_etype = etype_word(asked.preauth_etype)
        event.include_pac = asked.include_pac
        event.fast = _FX_FAST in asked.padata
        event.pac_options = _pac_options(asked)
        if asked.armor is not None:
            event.armor_hash = asked.armor.hash
        event.till = asked.till
        event.rtime = asked.rtime
        event.addresses = asked.addresses
        if asked.certificate is not None:
            event.certificate_issuer = asked.certificate.issuer
            event.certificate_serial = asked.certificate.serial
            event.certificate_thumbprint = asked.certificate.thumbprint
            event.certificate_ekus = asked.certificate.ekus
            event.certificate_sids = asked.certificate.sids
    if got is not None and got.ticket is not None:
        event.account = _account(got.cname, got.realm) or event.account
        if asked is None:
            event.account_name = got.cname.text if got.cname else None
            event.realm = got.realm
            event.service = got.ticket.service
        event.result = "none"
        event.outcome = "success"
        event.etype = etype_word(got.ticket.etype)
        event.reply_etype = etype_word(got.etype) if got.etype is not None else None
        event.ticket_hash = got.ticket.hash
        event.ticket_size = got.ticket.size
        if event.account is not None:
            context.ticket_issued(got.ticket.hash, event.account)
        if got.cname is not None and got.cname.is_machine:
            host = f"name:{got.cname.text[:-1]}"
            context.host_seen(exchange.ts, flow, "kerberos", flow.client, host, MACHINE)
    elif no is not None:
        event.result = result_word(no.code)
        event.outcome = outcome(no, to_as_req=True)
        if no.offered is not None:
            event.offered_etypes = [etype_word(n) for n in no.offered]
        if asked is None:
            event.account = _account(no.cname, no.crealm or no.realm)
            event.account_name = no.cname.text if no.cname else None
            event.realm = no.realm or None
            event.service = no.sname.text if no.sname else None
    else:
        event.outcome = "unknown"
    return event


def tgs_event(flow: Flow, context: Context, exchange: Exchange) -> KerberosTgs:
    """The event of a TGS exchange."""
    asked, got, no = exchange.asked, exchange.replied, exchange.failed
    event = wire_event(KerberosTgs, flow, exchange.ts, "kerberos")
    owner: str | None = None
    if asked is not None:
        _request_fields(event, asked)
        event.realm = asked.realm or None
        event.padata_types = _padata_words(asked)
        event.authz_data = asked.authz_data
        event.pac_options = _pac_options(asked)
        event.s4u = _s4u(asked)
        event.s4u_user = asked.for_user
        if asked.evidence is not None:
            event.additional_ticket_hash = asked.evidence.hash
        if asked.tgt is not None:
            event.tgt_hash = asked.tgt.hash
            event.tgt_etype = etype_word(asked.tgt.etype)
            event.tgt_size = asked.tgt.size
            event.tgt_kvno = asked.tgt.kvno
            event.tgt_realm = asked.tgt.realm or None
            owner = context.ticket_owner(asked.tgt.hash)
        event.account = owner
    if got is not None and got.ticket is not None:
        client = _account(got.cname, got.realm)
        if client is not None or asked is None:
            event.realm = got.realm
        event.result = "none"
        event.outcome = "continue" if _refers(asked, got.ticket) else "success"
        event.etype = etype_word(got.ticket.etype)
        event.ticket_hash = got.ticket.hash
        event.ticket_size = got.ticket.size
        if asked is None:
            event.service = got.ticket.service
            event.service_class = _service_class(got.ticket.service)
            event.account = client
        elif event.s4u in {"self", "proxy"}:
            event.s4u_user = event.s4u_user or client
            event.account = owner or _itself(asked)
        else:
            client = client or owner  # FAST may hide it (RFC 6113 §5.4.2, RFC 8062)
            event.account = client
        if client is not None:
            context.ticket_issued(got.ticket.hash, client)
    elif no is not None:
        event.result = result_word(no.code)
        event.outcome = outcome(no, to_as_req=False)
        event.account = owner or _account(no.cname, no.crealm or no.realm)
        if asked is None:
            event.realm = no.crealm or no.realm or None
            event.service = no.sname.text if no.sname else None
            event.service_class = _service_class(event.service)
    else:
        event.outcome = "unknown"
    return event


def _request_fields(event: KerberosAs | KerberosTgs, asked: Request) -> None:
    """The fields both exchanges share."""
    if asked.sname is not None:
        event.service = asked.sname.text
        if isinstance(event, KerberosTgs):
            event.service_class = asked.sname.first.lower()
    event.kdc_options = asked.options
    event.req_etypes = [etype_word(n) for n in asked.etypes]
    event.fingerprint = fingerprint(asked)


def _padata_words(asked: Request) -> list[str]:
    return [PADATA.get(n) or f"padata_{n}" for n in asked.padata]


def _pac_options(asked: Request) -> list[str] | None:
    if asked.pac_options is None:
        return None
    return [PAC_OPTION.get(bit) or f"bit_{bit}" for bit in asked.pac_options]


def _refers(asked: Request | None, issued: Ticket) -> bool:
    """Whether the KDC points to another realm instead (RFC 6806 §8): it gives a ticket for that
    realm's KDC, which was not what was asked for.
    """
    service = issued.service.lower()
    if asked is None or asked.sname is None or not service.startswith(_TGS):
        return False
    return service != asked.sname.text.lower() and service != _TGS + issued.realm.lower()


def _service_class(service: str | None) -> str | None:
    return service.split("/", 1)[0].lower() if service else None


def _account(name: Principal | None, realm: str) -> str | None:
    return account_of(name.text, realm, name.kind) if name is not None else None


def _itself(asked: Request) -> str | None:
    """The service that asks a ticket to itself (S4U2self) where it names itself as an account.

    In S4U replies cname is the impersonated user (MS-SFU §3.2.5.1.2), so it is not who acts.
    """
    if asked.for_user is None or asked.sname is None or "/" in asked.sname.text:
        return None
    return account_of(asked.sname.text, asked.realm, asked.sname.kind)


def _s4u(asked: Request) -> str:
    """The word of enums.S4U: what MS-SFU §2.2 and RFC 4120 §5.4.1 call the request."""
    if not _FOR_USER.isdisjoint(asked.padata):
        return "self"
    if CNAME_IN_ADDL_TKT in asked.options:
        return "proxy"
    return "u2u" if ENC_TKT_IN_SKEY in asked.options else "none"
