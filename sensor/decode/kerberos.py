"""Kerberos exchanges of a KDC: requests paired with replies (RFC 4120 §3.1, 3.3, 7.2; MS-SFU).

One event per exchange, at the time of the request. A request without answer is told when the
conversation closes (or its answer was lost), with outcome `unknown`; a reply whose request was
not seen still gives an event. Port 464 (RFC 3244) is recognised and counted, not read.
Knows nothing of transport beyond the length prefix, and of no other protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.schema.enums import PADATA
from dsl.schema.kerberos import KerberosAs, KerberosTgs
from sensor.contract import common
from sensor.decode import ber
from sensor.decode.kerberos_messages import (
    AS_REP,
    AS_REQ,
    CNAME_IN_ADDL_TKT,
    ENC_TKT_IN_SKEY,
    MESSAGES,
    TGS_REP,
    TGS_REQ,
    Failure,
    Reply,
    Request,
    failure,
    reply,
    request,
)
from sensor.decode.kerberos_outcome import fingerprint, outcome, result_word
from sensor.decode.kerberos_parts import KRB_ERROR, Principal, account_of, etype_word

if TYPE_CHECKING:
    from sensor.contract import Context, Flow, Reader

PORTS_TCP: Final = (88, 464)
PORTS_UDP: Final = (88, 464)

_KPASSWD: Final = 464
_LARGEST: Final = 1 << 20
_PENDING: Final = 32
_FX_FAST: Final = 136
_FOR_USER: Final = frozenset({129, 130})
_AS_ERRORS: Final = frozenset({6, 18, 23, 24, 25, 90, 91})
"""Errors that a request for a TGT gets: how an error without its request is told apart."""


def reader(flow: Flow, context: Context) -> Reader:
    """A reader of one conversation with a KDC (88) or a password service (464)."""
    return Exchanges(flow, context)


class Exchanges:
    """Requests that wait for their reply, oldest first; at most 32."""

    def __init__(self, flow: Flow, context: Context) -> None:
        self._flow = flow
        self._context = context
        self._waiting: list[tuple[int, Request]] = []
        self._asked: bytes = b""
        self._answer: bytes = b""

    def frame(self, to_server: bool, b: bytes, o: int, e: int) -> tuple[int, int]:
        """RFC 4120 §7.2.2: four bytes of length; the message's own head must agree."""
        del to_server
        if e - o < 5:
            return 0, 0
        length = b[o] << 24 | b[o + 1] << 16 | b[o + 2] << 8 | b[o + 3]
        if self._flow.server_port == _KPASSWD:
            return (4, 4 + length) if 6 <= length <= _LARGEST else (0, -1)
        if not 10 <= length <= _LARGEST or b[o + 4] not in MESSAGES:
            return 0, -1
        return 4 + length, 4 + length

    def resync(self, to_server: bool, b: bytes, o: int, e: int) -> int:
        """A length followed by a message of just that length."""
        del to_server
        for i in range(o, e - 9):
            if (
                b[i] == 0
                and b[i + 4] in MESSAGES
                and ber.size(b, i + 4, e) == b[i + 1] << 16 | b[i + 2] << 8 | b[i + 3]
            ):
                return i
        return -1

    def message(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one message; its own tag says which way it goes."""
        del to_server
        if self._flow.server_port == _KPASSWD:
            self._context.count("kerberos.kpasswd")
            return
        if not self._flow.udp:
            o += 4
        elif self._repeated(b, o, e):
            self._context.count("kerberos.repeated")
            return
        tag = b[o]
        if tag in {AS_REQ, TGS_REQ}:
            if len(self._waiting) == _PENDING:
                self._unanswered(*self._waiting.pop(0))
            self._waiting.append((ts, request(b, o, e)))
        elif tag in {AS_REP, TGS_REP}:
            self._replied(ts, reply(b, o, e))
        elif tag == KRB_ERROR:
            self._failed(ts, failure(b, o, e))
        else:
            self._context.count("kerberos.other")

    def gap(self, ts: int, to_server: bool) -> None:
        """Lost replies would shift the pairing: what waits is told as unanswered."""
        if not to_server:
            self.close(ts)

    def close(self, ts: int) -> None:
        """Tell what was never answered, at the time it was asked."""
        del ts
        for asked, waiting in self._waiting:
            self._unanswered(asked, waiting)
        self._waiting.clear()

    def _repeated(self, b: bytes, o: int, e: int) -> bool:
        """A datagram sent again (same bytes as the last of its direction) is no new exchange."""
        datagram = b[o:e]
        if datagram[0] in {AS_REQ, TGS_REQ}:
            if datagram == self._asked:
                return True
            self._asked = datagram
        else:
            if datagram == self._answer:
                return True
            self._answer = datagram
        return False

    def _replied(self, ts: int, found: Reply) -> None:
        kind = AS_REQ if found.tag == AS_REP else TGS_REQ
        chosen = -1
        for i, (_, waiting) in enumerate(self._waiting):
            if waiting.tag != kind:
                continue
            if chosen < 0:
                chosen = i
            if (
                waiting.cname
                and found.cname
                and waiting.cname.text.lower() == found.cname.text.lower()
            ):
                chosen = i
                break
        asked: Request | None = None
        if chosen >= 0:
            ts, asked = self._waiting.pop(chosen)
        if kind == AS_REQ:
            self._emit_as(ts, asked, found, None)
        else:
            self._emit_tgs(ts, asked, found, None)

    def _failed(self, ts: int, found: Failure) -> None:
        chosen = 0 if self._waiting else -1
        for i, (_, waiting) in enumerate(self._waiting):
            if (
                waiting.sname
                and found.sname
                and waiting.sname.text == found.sname.text
                and (not waiting.cname or not found.cname or waiting.cname.text == found.cname.text)
            ):
                chosen = i
                break
        if chosen >= 0:
            asked, waiting = self._waiting.pop(chosen)
            if waiting.tag == AS_REQ:
                self._emit_as(asked, waiting, None, found)
            else:
                self._emit_tgs(asked, waiting, None, found)
        elif found.code in _AS_ERRORS:
            self._emit_as(ts, None, None, found)
        else:
            self._emit_tgs(ts, None, None, found)

    def _unanswered(self, ts: int, waiting: Request) -> None:
        if waiting.tag == AS_REQ:
            self._emit_as(ts, waiting, None, None)
        else:
            self._emit_tgs(ts, waiting, None, None)

    def _emit_as(
        self, ts: int, asked: Request | None, got: Reply | None, no: Failure | None
    ) -> None:
        event = KerberosAs(**common(self._flow, ts, "kerberos"))
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
                self._context.ticket_issued(got.ticket.hash, event.account)
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
        self._context.emit(event)

    def _emit_tgs(
        self, ts: int, asked: Request | None, got: Reply | None, no: Failure | None
    ) -> None:
        event = KerberosTgs(**common(self._flow, ts, "kerberos"))
        owner: str | None = None
        if asked is not None:
            _request_fields(event, asked)
            event.realm = asked.realm or None
            event.padata_types = _padata_words(asked)
            event.authz_data = asked.authz_data
            event.s4u = _s4u(asked)
            event.s4u_user = asked.for_user
            if asked.evidence is not None:
                event.additional_ticket_hash = asked.evidence.hash
            if asked.tgt is not None:
                event.tgt_hash = asked.tgt.hash
                event.tgt_etype = etype_word(asked.tgt.etype)
                event.tgt_size = asked.tgt.size
                event.tgt_kvno = asked.tgt.kvno
                owner = self._context.ticket_owner(asked.tgt.hash)
            event.account = owner
        if got is not None and got.ticket is not None:
            client = _account(got.cname, got.realm)
            if client is not None or asked is None:
                event.realm = got.realm
            event.result = "none"
            event.outcome = "success"
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
                self._context.ticket_issued(got.ticket.hash, client)
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
        self._context.emit(event)


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
