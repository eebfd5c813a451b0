"""Password services: RFC 3244 messages made by hand, and the lab's own."""

from __future__ import annotations

import hashlib
import shutil

import conversation
import der
import pytest
import tsharkkrb
import zeeklog

from sensor.decode import kpasswd
from sensor.decode.kerberos_parts import AP_REP, KRB_ERROR

CIPHER = b"sealed ticket"
HASH = hashlib.sha256(CIPHER).digest()
KRB_PRIV = der.tlv(0x75, der.seq(der.tlv(0xA0, der.integer(5))))
AP_REPLY = der.tlv(AP_REP, der.seq(der.tlv(0xA0, der.integer(5))))


def named(*parts):
    strings = der.seq(*(der.octets(part, 0x1B) for part in parts))
    return der.seq(der.tlv(0xA0, der.integer(2)), der.tlv(0xA1, strings))


def sealed(etype, cipher, kvno=None):
    version = [der.tlv(0xA1, der.integer(kvno))] if kvno is not None else []
    return der.seq(der.tlv(0xA0, der.integer(etype)), *version, der.tlv(0xA2, der.octets(cipher)))


def ap_req(cipher=CIPHER):
    ticket = der.tlv(
        0x61,
        der.seq(
            der.tlv(0xA1, der.octets("CORP.LAB.TEST", 0x1B)),
            der.tlv(0xA2, named("kadmin", "changepw")),
            der.tlv(0xA3, sealed(18, cipher, 2)),
        ),
    )
    return der.tlv(0x6E, der.seq(der.tlv(0xA0, der.integer(5)), der.tlv(0xA3, ticket)))


def message(version, token, rest):
    body = version.to_bytes(2, "big") + len(token).to_bytes(2, "big") + token + rest
    return (len(body) + 2).to_bytes(2, "big") + body


def krb_error(code, e_data=None):
    data = [der.tlv(0xAC, der.octets(e_data))] if e_data is not None else []
    realm = der.tlv(0xA9, der.octets("CORP.LAB.TEST", 0x1B))
    return der.tlv(KRB_ERROR, der.seq(der.tlv(0xA6, der.integer(code)), realm, *data))


CHANGE = (True, message(1, ap_req(), KRB_PRIV))
SET = (True, message(0xFF80, ap_req(), KRB_PRIV))
TAKEN = (False, message(1, AP_REPLY, KRB_PRIV))


def talk(*messages, udp=True, owner="alice@CORP.LAB.TEST", size=0):
    ears = conversation.Ears()
    if owner:
        ears.ticket_issued(HASH, owner)
    reader = kpasswd.reader(conversation.flow(464, udp), ears)
    if not udp:
        messages = [(side, len(m).to_bytes(4, "big") + m) for side, m in messages]
    conversation.feed(reader, messages, udp=udp, size=size)
    return ears


def told(ears):
    return [(type(e).__name__, e.account, e.outcome) for e in ears.events]


@pytest.mark.parametrize("udp", [True, False])
@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_a_change_is_an_authentication_and_perhaps_a_new_password(udp, size):
    ears = talk(CHANGE, TAKEN, udp=udp, size=size)
    shown, change = ears.events
    assert (shown.service, shown.etype, shown.kvno, shown.ticket_size, shown.ticket_hash) == (
        "kadmin/changepw", "aes256", 2, len(CIPHER), HASH,
    )  # fmt: skip
    assert (shown.account, shown.outcome, shown.result) == (
        "alice@CORP.LAB.TEST", "success", "none",
    )  # fmt: skip
    assert (change.action, change.actor, change.account, change.outcome) == (
        "password_changed", "alice@CORP.LAB.TEST", "alice@CORP.LAB.TEST", "unknown",
    )  # fmt: skip
    assert change.ts == shown.ts == 1_001_000


def test_the_target_of_a_set_is_sealed():
    assert told(talk(SET, TAKEN)) == [("KerberosAp", "alice@CORP.LAB.TEST", "success")]


def test_without_the_owner_nobody_changed():
    assert told(talk(CHANGE, TAKEN, owner=None)) == [("KerberosAp", None, "success")]


@pytest.mark.parametrize(
    ("reply", "outcome", "result"),
    [
        (krb_error(37), "error", "skew"),
        (krb_error(60, b"\x00\x05no"), "denied", "generic"),
        (krb_error(60, b"\x00\x04short"), "error", "generic"),
        (krb_error(0, b"\x00\x02"), "error", "none"),
    ],
)
@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("udp", [True, False])
def test_refusals(reply, outcome, result, framed, udp):
    answer = message(1, b"", reply) if framed else reply
    (event,) = talk(CHANGE, (False, answer), udp=udp).events
    assert (event.outcome, event.result) == (outcome, result)


def test_what_is_never_answered_and_what_is_sent_again():
    ears = talk(CHANGE, CHANGE)
    assert told(ears) == [("KerberosAp", "alice@CORP.LAB.TEST", "unknown")]
    assert ears.counts == {"kpasswd.repeated": 1}
    assert talk(TAKEN).counts == {"kpasswd.reply_alone": 1}
    many = [(True, message(1, ap_req(bytes([i]) * 9), KRB_PRIV)) for i in range(20)]
    assert len(talk(*many).events) == 20


@pytest.mark.parametrize(
    "broken",
    [
        CHANGE[1][:20],
        message(7, ap_req(), KRB_PRIV),
        message(1, KRB_PRIV, KRB_PRIV),
        message(1, b"", KRB_PRIV),
        message(1, ap_req()[:-3], b""),
        b"\0",
    ],
)
def test_other_requests_are_malformed(broken):
    assert talk((True, broken)).counts == {"malformed": 1}


def test_replies_that_are_none():
    assert told(talk(CHANGE, (False, message(1, KRB_PRIV, KRB_PRIV)))) == []
    assert told(talk(CHANGE, (False, message(1, b"", b"")))) == [
        ("KerberosAp", "alice@CORP.LAB.TEST", "unknown")
    ]


def test_resync_and_frame():
    framed = len(CHANGE[1]).to_bytes(4, "big") + CHANGE[1]
    reader = kpasswd.reader(conversation.flow(464), conversation.Ears())
    assert reader.frame(True, framed, 0, 8) == (len(framed), len(framed))
    assert reader.frame(True, framed, 0, 7) == (0, 0)
    assert reader.frame(True, b"GET / HTTP/1.1", 0, 14) == (0, -1)
    junk = b"\0\0\1" * 100
    assert reader.resync(True, junk + framed, 0, len(junk + framed)) == len(junk)
    assert reader.resync(True, junk, 0, len(junk)) == -1


@pytest.mark.data
@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
def test_the_lab_changes_passwords(atp_lab):
    capture = atp_lab / "capture" / "benign.pcap"
    services = [
        told["ticket"][0]
        for kind, _, told in tsharkkrb.messages(capture)
        if kind == "ap_req" and told["ticket"][0] == "kadmin/changepw"
    ]
    events = zeeklog.events(capture, "KerberosAp", "AccountChange")
    shown = [e for e in events if e.dst_port == 464 and type(e).__name__ == "KerberosAp"]
    changed = [e for e in events if type(e).__name__ == "AccountChange"]
    assert [e.service for e in shown] == services != []
    assert [e.account for e in changed] == ["erin@CORP.LAB.TEST"] * len(services)
