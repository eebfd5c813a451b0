"""One authentication exchange inside another protocol: `sensor.contract.Auth`.

Nests what carriers must not know: SPNEGO around NTLMSSP, Kerberos or NegoEx, each of them bare as
well (MS-SPNG, MS-NLMP, RFC 4121 §4.1, draft-zhu-negoex). The carrier feeds tokens and tells the
server's verdict; out comes one `ntlm_auth` or `kerberos_ap`, at the time of the client's proof.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from dsl.schema.kerberos import KerberosAp
from dsl.schema.ntlm import NtlmAuth
from sensor.contract import Auth, wire_event
from sensor.decode import ntlm, spnego
from sensor.decode.kerberos_outcome import result_word
from sensor.decode.kerberos_parts import (
    AP_REP,
    AP_REQ,
    KRB_ERROR,
    Ticket,
    ap_req,
    error_code,
    etype_word,
)
from sensor.decode.netbios_name import is_computer_name
from sensor.decode.ntstatus import outcome_of

if TYPE_CHECKING:
    from sensor.contract import Context, Flow

_NEGOEX: Final = b"NEGOEXTS"
_DEPTH: Final = 4


class Exchange(Auth):
    """Tokens of one exchange, of both sides, and what they showed so far."""

    __slots__ = (
        "_accepted", "_carrier", "_challenge", "_context", "_error", "_finished", "_flow",
        "_negotiate", "_proof", "_shown", "_ticket",
    )  # fmt: skip

    def __init__(self, flow: Flow, carrier: str, context: Context) -> None:
        super().__init__()
        self._flow = flow
        self._carrier = carrier
        self._context = context
        self._negotiate: ntlm.Negotiate | None = None
        self._challenge: int | None = None
        self._proof: ntlm.Authenticate | None = None
        self._ticket: Ticket | None = None
        self._error: int | None = None
        self._accepted = False
        self._shown = 0
        self._finished = False

    def token(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        """Read one token (SPNEGO, raw NTLMSSP, GSS-API or raw Kerberos, NegoEx); never raises."""
        try:
            self._read(ts, to_server, b[o:e], 0, e - o)
        except (IndexError, ValueError, struct.error):
            self._context.count(f"auth.{self._carrier}_malformed")

    def finish(self, ts: int, outcome: str, status: int | None) -> None:
        """Tell the exchange with the server's verdict; `continue` is none yet. Once only.

        A status that says why overrules the carrier's word.
        """
        del ts
        if status is not None:
            told = outcome_of(status)
            if told != "error":
                outcome = told
        if self._finished or outcome == "continue":
            return
        self._finished = True
        if self._proof is not None:
            self._emit_ntlm(self._proof, outcome, status)
        elif self._ticket is not None:
            self._emit_kerberos(self._ticket, outcome)
        elif self.mechanism is not None:
            self._context.count(f"auth.{self.mechanism}_without_proof")

    def _read(self, ts: int, to_server: bool, b: bytes, o: int, e: int) -> None:
        for _ in range(_DEPTH):
            if o >= e:
                return
            if b.startswith(ntlm.SIGNATURE, o, e):
                self._ntlm(ts, b, o, e)
                return
            if b.startswith(_NEGOEX, o, e):
                self.mechanism = "negoex"
                return
            if b[o] in {AP_REQ, AP_REP, KRB_ERROR}:
                self._kerberos(ts, b, o, e)
                return
            if not spnego.is_spnego(b, o, e):
                return
            found = spnego.token(b, o, e)
            self._mechanism(found, to_server)
            framed = b[o] == spnego.GSS and found.mechanism == "kerberos"
            o, e = found.start, found.stop
            if framed and e - o > 2 and b[o] <= 5 and b[o + 1] == 0:
                o += 2  # TOK_ID, RFC 4121 §4.1

    def _mechanism(self, found: spnego.Token, to_server: bool) -> None:
        """The server's choice stands over the client's first wish."""
        word = found.mechanism
        if word is not None and word in {"ntlm", "kerberos", "negoex"}:
            if self.mechanism in {None, "spnego"} or not to_server:
                self.mechanism = word
        elif self.mechanism is None:
            self.mechanism = "spnego"
        if found.state == spnego.ACCEPT_COMPLETED:
            self._accepted = True

    def _ntlm(self, ts: int, b: bytes, o: int, e: int) -> None:
        self.mechanism = "ntlm"
        kind = ntlm.message_type(b, o, e)
        if kind == ntlm.NEGOTIATE:
            self._negotiate = ntlm.negotiate(b, o, e)
        elif kind == ntlm.CHALLENGE:
            self._challenge = ntlm.challenge_flags(b, o, e)
        elif kind == ntlm.AUTHENTICATE:
            proof = ntlm.authenticate(b, o, e)
            self._proof = proof
            self._shown = ts
            self.account = proof.account
            self.workstation = proof.workstation or None
            self.fingerprint = _fingerprint(self._negotiate, proof)

    def _kerberos(self, ts: int, b: bytes, o: int, e: int) -> None:
        self.mechanism = "kerberos"
        if b[o] == AP_REQ:
            shown = ap_req(b, o, e)
            if shown is not None:
                self._ticket = shown
                self._shown = ts
                self.account = self._context.ticket_owner(shown.hash)
        elif b[o] == AP_REP:
            self._accepted = True
        else:
            self._error = error_code(b, o, e)

    def _emit_ntlm(self, proof: ntlm.Authenticate, outcome: str, status: int | None) -> None:
        event = wire_event(NtlmAuth, self._flow, self._shown, "ntlm")
        event.account = proof.account
        event.outcome = outcome
        event.status = status
        event.workstation = self.workstation
        event.ntlm_version = proof.response
        if self._negotiate is not None:
            event.negotiate_flags = ntlm.flags_words(self._negotiate.flags)
        event.authenticate_flags = ntlm.flags_words(proof.flags)
        if proof.av_flags is not None:
            event.av_flags = ntlm.av_flags_words(proof.av_flags)
        event.mic = proof.mic
        event.target_name = proof.target_name
        agreed = proof.flags if self._challenge is None else proof.flags & self._challenge
        event.signing = bool(agreed & ntlm.SIGN)
        version = proof.version
        if version is None and self._negotiate is not None:
            version = self._negotiate.version
        event.native_os = version
        event.fingerprint = self.fingerprint
        person = proof.user and not proof.user.endswith("$")  # relays carry machines' names on
        if outcome == "success" and person and is_computer_name(proof.workstation):
            host = f"name:{proof.workstation}"
            self._context.host_seen(
                self._shown, self._flow, "ntlm", self._flow.client, host, "ntlm"
            )
        self._context.emit(event)

    def _emit_kerberos(self, ticket: Ticket, outcome: str) -> None:
        event = wire_event(KerberosAp, self._flow, self._shown, "kerberos")
        event.account = self.account
        if outcome == "unknown" and self._accepted:
            outcome = "success"
        elif outcome == "wrong_password":
            outcome = "denied"  # no password is in play: the ticket was refused
        event.outcome = outcome
        event.service = ticket.service
        event.ticket_hash = ticket.hash
        event.ticket_size = ticket.size
        event.etype = etype_word(ticket.etype)
        event.kvno = ticket.kvno
        if self._error is not None:
            event.result = result_word(self._error)
        elif outcome == "success":
            event.result = "none"
        self._context.emit(event)


def _fingerprint(opening: ntlm.Negotiate | None, proof: ntlm.Authenticate) -> str:
    """Recipe v1: what a client's NTLM library shows of itself, as text.

    `n` and `a` flags of NEGOTIATE and AUTHENTICATE in hex (`-` if not seen), `nv` and `av` their
    versions, `r` the response, `mic`, `has` the names present, `avp` AV pair ids in order.
    """
    present = [
        name
        for name, there in (("dom", proof.domain), ("usr", proof.user), ("ws", proof.workstation))
        if there
    ]
    return ";".join(
        (
            "ntlm1",
            "n=" + (f"{opening.flags:08x}" if opening else "-"),
            "nv=" + ((opening.version if opening else None) or "-"),
            f"a={proof.flags:08x}",
            "av=" + (proof.version or "-"),
            "r=" + (proof.response or "-"),
            "mic=" + proof.mic,
            "has=" + ",".join(present),
            "avp=" + ",".join(map(str, proof.av_order)),
        )
    )
