"""Exchanges as carriers feed them: recorded tokens of the lab, and nestings made by hand."""

from __future__ import annotations

import conversation
import der
import ntlmssp
import pytest
from ntlmssp import SIGN, UNICODE, V10

from sensor.decode import kerberos
from sensor.wire.auth import Exchange

SPNEGO, KRB5, NTLM = "1.3.6.1.5.5.2", "1.2.840.113554.1.2.2", "1.3.6.1.4.1.311.2.2.10"
CLIENT, SERVER = True, False
# an SMB session set-up of the lab, NTLMv1: NEGOTIATE, CHALLENGE, AUTHENTICATE, accept-completed
NTLM_V1 = [
    (CLIENT, "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a04284e544c4d53535000010000001582086200000000280000000000000028000000060100000000000f"),
    (SERVER, "a181c63081c3a0030a0101a10c060a2b06010401823702020aa281ad0481aa4e544c4d53535000020000000800080038000000158289629dcd75d26892825600000000000000006a006a0040000000060100000000000f43004f00520050000200080043004f00520050000100060044004300310004001a0063006f00720070002e006c00610062002e007400650073007400030022006400630031002e0063006f00720070002e006c00610062002e00740065007300740007000800dccbbb3f717add0100000000"),
    (CLIENT, "a181cd3081caa281b30481b04e544c4d535350000300000018001800580000001800180070000000080008008800000006000600900000000a000a009600000010001000a000000015820862060100000000000f476f6de323782573f89cda666f5a5684e76a323ae8d8ded300000000000000000000000000000000670079a2a3a32b9eeb1f57dec45cf851770e8b116bf2794a43004f005200500062006f00620052004f0047005500450084e8a7e7dd46fbf9693794b723f35cf4a31204100100000034c208820d013b1c00000000"),
    (SERVER, "a11b3019a0030a0100a3120410010000009072f60f2b0c4eee00000000"),
]  # fmt: skip


def exchange(tokens, outcome="success", status=0, carrier="smb", ears=None):
    ears = ears or conversation.Ears()
    auth = Exchange(conversation.flow(445), carrier, ears)
    for i, (to_server, token) in enumerate(tokens):
        raw = bytes.fromhex(token) if isinstance(token, str) else token
        auth.token(1000 + i, to_server, b"<<" + raw + b">>", 2, 2 + len(raw))
    auth.finish(9000, outcome, status)
    return auth, ears


def init(*mechanisms, token=b""):
    fields = [der.tlv(0xA0, der.seq(*map(der.oid, mechanisms)))]
    if token:
        fields.append(der.tlv(0xA2, der.octets(token)))
    return der.tlv(0x60, der.oid(SPNEGO), der.tlv(0xA0, der.seq(*fields)))


def resp(token=b"", mechanism="", state=1):
    fields = [der.tlv(0xA0, der.integer(state, 10))]
    if mechanism:
        fields.append(der.tlv(0xA1, der.oid(mechanism)))
    if token:
        fields.append(der.tlv(0xA2, der.octets(token)))
    return der.tlv(0xA1, der.seq(*fields))


def test_recorded_ntlm_v1_in_spnego():
    auth, ears = exchange(NTLM_V1)
    (event,) = ears.events
    assert (auth.mechanism, auth.account, auth.workstation) == ("ntlm", "CORP\\bob", "ROGUE")
    assert (event.ts, event.protocol, event.src_ip) == (1002, "ntlm", "10.0.0.50")
    assert (event.account, event.workstation, event.outcome, event.status) == (
        "CORP\\bob",
        "ROGUE",
        "success",
        0,
    )
    assert (event.ntlm_version, event.mic, event.native_os, event.signing) == (
        "v1_ess",
        "present",
        "6.1.0",
        True,
    )
    assert event.av_flags is None
    assert event.fingerprint == (
        "ntlm1;n=62088215;nv=6.1.0;a=62088215;av=6.1.0;r=v1_ess;mic=present;has=dom,usr,ws;avp="
    )
    assert "extended_session_security" in event.negotiate_flags


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        (0xC000006D, "error", "wrong_password"),
        (0xC0000064, "error", "no_such_user"),
        (0xC0000234, "denied", "locked"),
        (0xC0000072, "error", "disabled"),
        (None, "wrong_password", "wrong_password"),
        (0xC0000001, "denied", "denied"),
        (0, "success", "success"),
    ],
)
def test_status_tells_the_outcome(status, said, outcome):
    _, ears = exchange(NTLM_V1, said, status)
    assert (ears.events[0].outcome, ears.events[0].status) == (outcome, status)


def test_more_processing_required_is_no_end():
    auth, ears = exchange(NTLM_V1, "continue", 0xC0000016)
    assert ears.events == []
    auth.finish(9001, "success", 0)
    auth.finish(9002, "success", 0)
    assert len(ears.events) == 1


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: init(NTLM, token=t), resp])
def test_ntlm_bare_and_nested(wrap):
    tokens = [
        (CLIENT, wrap(ntlmssp.negotiate(version=V10))),
        (SERVER, wrap(ntlmssp.challenge())),
        (CLIENT, wrap(ntlmssp.authenticate(nt=ntlmssp.v2(), mic=b"\1" * 16, version=V10))),
    ]
    auth, ears = exchange(tokens)
    (event,) = ears.events
    assert (auth.mechanism, event.account, event.ntlm_version, event.mic) == (
        "ntlm",
        "CORP\\alice",
        "v2",
        "present",
    )


def test_signing_needs_both_sides():
    for offered, agreed in ((UNICODE, False), (UNICODE | SIGN, True)):
        _, ears = exchange([(SERVER, ntlmssp.challenge(offered)), (CLIENT, ntlmssp.authenticate())])
        assert ears.events[0].signing is agreed


def test_anonymous_logon_has_no_account():
    _, ears = exchange([(CLIENT, ntlmssp.authenticate("", "", lm=b"\0", nt=b""))])
    assert (ears.events[0].account, ears.events[0].ntlm_version) == (None, None)


def ap_req():
    """The AP-REQ that the lab's LDAP client showed, in its GSS-API framing."""
    _, _, messages = conversation.recorded("ldap_gssapi")
    bind = messages[0][1]
    return bind[bind.index(bytes.fromhex("6e82")) :]


def gss(token, tok_id=b"\1\0"):
    return der.tlv(0x60, der.oid(KRB5), tok_id + token)


@pytest.mark.parametrize(
    "wrap",
    [gss, lambda t: init(KRB5, NTLM, token=gss(t)), lambda t: t, lambda t: init(KRB5, token=t)],
)
def test_kerberos_bare_and_nested(wrap):
    ears = conversation.Ears()
    conversation.replay(kerberos, "kerberos_as", ears=ears)
    auth, _ = exchange([(CLIENT, wrap(ap_req()))], ears=ears)
    event = ears.events[-1]
    assert auth.mechanism == "kerberos"
    assert (event.service, event.ticket_size, event.etype, event.kvno) == (
        "ldap/dc1.corp.lab.test",
        1071,
        "aes256",
        1,
    )
    assert (event.result, event.outcome, event.protocol, event.ts) == (
        "none",
        "success",
        "kerberos",
        1000,
    )


def test_owner_of_a_ticket_whose_issue_was_seen():
    ears = conversation.Ears()
    auth, _ = exchange([(CLIENT, gss(ap_req()))], ears=ears)
    assert auth.account is None
    ears.ticket_issued(ears.events[0].ticket_hash, "alice@CORP.LAB.TEST")
    auth, _ = exchange([(CLIENT, gss(ap_req()))], ears=ears)
    assert auth.account == ears.events[1].account == "alice@CORP.LAB.TEST"


def test_kerberos_refused():
    error = der.tlv(0x7E, der.seq(der.tlv(0xA6, der.integer(41))))
    _, ears = exchange(
        [(CLIENT, gss(ap_req())), (SERVER, resp(gss(error, b"\3\0")))], "denied", 0xC000006D
    )
    assert (ears.events[0].result, ears.events[0].outcome) == ("modified", "denied")


def test_ap_rep_tells_success_where_the_carrier_cannot():
    ap_rep = der.tlv(0x6F, der.seq())
    _, ears = exchange(
        [(CLIENT, gss(ap_req())), (SERVER, resp(gss(ap_rep, b"\2\0")))], "unknown", None
    )
    assert (ears.events[0].result, ears.events[0].outcome) == ("none", "success")


def test_optimistic_kerberos_turned_down_for_ntlm():
    tokens = [
        (CLIENT, init(KRB5, NTLM, token=gss(ap_req()))),
        (SERVER, resp(mechanism=NTLM)),
        (CLIENT, resp(ntlmssp.negotiate())),
        (SERVER, resp(ntlmssp.challenge())),
        (CLIENT, resp(ntlmssp.authenticate())),
    ]
    auth, ears = exchange(tokens)
    assert auth.mechanism == "ntlm"
    assert [type(e).__name__ for e in ears.events] == ["NtlmAuth"]


@pytest.mark.parametrize(
    ("token", "mechanism"),
    [
        (init("1.3.6.1.4.1.311.2.2.30", token=b"NEGOEXTS" + bytes(40)), "negoex"),
        (b"NEGOEXTS" + bytes(40), "negoex"),
        (init(), "spnego"),
        (init("1.2.3.4"), "spnego"),
        (b"\x99nothing known", None),
        (b"", None),
    ],
)
def test_what_is_only_recognised(token, mechanism):
    auth, ears = exchange([(CLIENT, token)])
    assert auth.mechanism == mechanism
    assert ears.events == []


def test_workstations_that_were_let_in_tell_their_address():
    for outcome, hosts in (
        ("success", [(1000, "10.0.0.50", "name:WS9", "ntlm", None)]), ("wrong_password", []),
    ):  # fmt: skip
        assert exchange([(CLIENT, ntlmssp.authenticate())], outcome, None)[1].hosts == hosts
    for names in (
        ("", "", "WS9"),
        ("MAIL1$", "CORP", "MAIL1"),
        ("alice", "CORP", ""),
        ("alice", "CORP", "a\\b"),
    ):
        assert exchange([(CLIENT, ntlmssp.authenticate(*names))])[1].hosts == []


def test_negoex_first_and_another_mechanism_chosen():
    tokens = [
        (CLIENT, init("1.3.6.1.4.1.311.2.2.30", NTLM, token=b"NEGOEXTS" + bytes(40))),
        (SERVER, resp(mechanism=NTLM)),
        (CLIENT, resp(ntlmssp.authenticate())),
    ]
    auth, ears = exchange(tokens)
    assert (auth.mechanism, len(ears.events)) == ("ntlm", 1)


def test_tokens_never_raise():
    for to_server, token in NTLM_V1:
        raw = bytes.fromhex(token)
        for end in range(len(raw)):
            _, ears = exchange([(to_server, raw[:end])])
            assert set(ears.counts) <= {
                "auth.smb_malformed",
                "auth.ntlm_without_proof",
                "auth.spnego_without_proof",
            }
