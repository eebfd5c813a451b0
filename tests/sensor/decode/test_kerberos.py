"""Exchanges recorded in the lab, whole and in pieces, and what disorder does to their pairing."""

from __future__ import annotations

import hashlib

import conversation
import der
import msgspec
import pytest

from sensor.decode import kerberos

CLIENT, SERVER = True, False
AS_FIELDS = {
    "kerberos_preauth_required": {
        "account": "alice@CORP.LAB.TEST", "account_name": "alice", "realm": "CORP.LAB.TEST",
        "service": "krbtgt/CORP.LAB.TEST", "result": "preauth_required", "outcome": "continue",
        "name_type": 1, "kdc_options": [27], "offered_etypes": ["aes256"],
        "preauth_types": ["as_freshness", "req_enc_pa_rep"], "preauth_etype": None, "fast": False,
        "etype": None, "ticket_hash": None, "till": 1_795_431_843_000_000, "rtime": None,
        "fingerprint": "as1;opt=27;et=18,17,20,19,16,23,25,26;pa=150,149;cn=1;sn=2;till=near;has=",
    },
    "kerberos_as": {
        "account": "alice@CORP.LAB.TEST", "result": "none", "outcome": "success",
        "preauth_types": ["enc_timestamp", "as_freshness", "req_enc_pa_rep"],
        "preauth_etype": "aes256", "etype": "aes256", "reply_etype": "aes256", "ticket_size": 1060,
    },
    "kerberos_rc4_as": {
        "account": "bob@CORP.LAB.TEST", "result": "none", "req_etypes": ["rc4_hmac"],
        "preauth_etype": "rc4_hmac", "reply_etype": "rc4_hmac", "etype": "aes256",
    },
    "kerberos_wrong_password": {
        "account": "carol@CORP.LAB.TEST", "result": "preauth_failed", "outcome": "wrong_password",
    },
    "kerberos_unknown_user": {
        "account": "guess1@CORP.LAB.TEST", "result": "c_principal_unknown", "outcome": "no_such_user",
    },
    "kerberos_too_big": {
        "account": "administrator@CORP.LAB.TEST", "result": "response_too_big", "outcome": "continue",
    },
    "kerberos_fast_as": {
        "account": "Administrator@CORP.LAB.TEST", "account_name": "administrator", "outcome": "success",
    },
}  # fmt: skip
TGS_FIELDS = {
    "kerberos_tgs": {
        "account": "alice@CORP.LAB.TEST", "realm": "CORP.LAB.TEST", "result": "none",
        "service": "cifs/dc1.corp.lab.test", "service_class": "cifs", "etype": "aes256",
        "tgt_etype": "aes256", "tgt_size": 1060, "tgt_kvno": 1, "s4u": "none", "s4u_user": None,
        "authz_data": False, "padata_types": ["tgs_req", "fx_fast"], "kdc_options": [8, 15],
    },
    "kerberos_etype_refused": {
        "result": "etype_nosupp", "outcome": "error", "account": "alice@CORP.LAB.TEST",
        "service": "HTTP/web1.corp.lab.test", "service_class": "http", "req_etypes": ["rc4_hmac"],
    },
    "kerberos_forward_refused": {"result": "badoption", "outcome": "denied", "kdc_options": [2, 8]},
    "kerberos_fast_tgs": {"realm": "CORP.LAB.TEST", "account": None, "outcome": "success"},
    "kerberos_s4u_self": {
        "s4u": "self", "s4u_user": "alice@CORP.LAB.TEST", "account": "svc-web@CORP.LAB.TEST",
        "service": "svc-web",
        "padata_types": ["tgs_req", "fx_fast", "s4u_x509_user", "for_user"],
    },
    "kerberos_s4u_proxy": {
        "s4u": "proxy", "s4u_user": "alice@CORP.LAB.TEST", "kdc_options": [1, 8, 14, 15],
        "service": "cifs/dc1.corp.lab.test",
    },
}  # fmt: skip


def chosen(event, fields):
    return {name: getattr(event, name) for name in fields}


def plain(ears):
    return [msgspec.structs.asdict(event) for event in ears.events], ears.counts


@pytest.mark.parametrize("name", AS_FIELDS)
def test_as_exchanges(name):
    (event,) = conversation.replay(kerberos, name).events
    assert type(event).__name__ == "KerberosAs"
    assert chosen(event, AS_FIELDS[name]) == AS_FIELDS[name]


@pytest.mark.parametrize("name", TGS_FIELDS)
def test_tgs_exchanges(name):
    (event,) = conversation.replay(kerberos, name).events
    assert type(event).__name__ == "KerberosTgs"
    assert chosen(event, TGS_FIELDS[name]) == TGS_FIELDS[name]


@pytest.mark.parametrize("name", [*AS_FIELDS, *TGS_FIELDS])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 13, 100, 1460])
def test_pieces_of_any_size_make_the_same_events(name, size):
    assert plain(conversation.replay(kerberos, name, size=size)) == plain(
        conversation.replay(kerberos, name)
    )


def test_every_split_point():
    _, _, messages = conversation.recorded("kerberos_preauth_required")
    whole = plain(conversation.replay(kerberos, "kerberos_preauth_required"))
    for at in range(1, len(messages[0][1])):
        ears = conversation.Ears()
        reader = kerberos.reader(conversation.flow(88), ears)
        (to_server, first), *rest = messages
        held, skip = conversation.frames(reader, 1_001_000, to_server, first[:at], 0)
        conversation.frames(reader, 1_001_000, to_server, held + first[at:], skip)
        conversation.feed(reader, rest, start=1_001_000)
        assert plain(ears) == whole


def test_one_ticket_has_one_hash_wherever_it_is_seen():
    ears = conversation.Ears()
    for name in ("kerberos_as", "kerberos_tgs", "kerberos_s4u_self", "kerberos_s4u_proxy"):
        conversation.replay(kerberos, name, ears=ears)
    issued, used, self_, proxy = ears.events
    assert issued.ticket_hash == used.tgt_hash
    assert self_.ticket_hash == proxy.additional_ticket_hash
    assert ears.ticket_owner(issued.ticket_hash) == "alice@CORP.LAB.TEST"
    assert ears.ticket_owner(self_.ticket_hash) == "alice@CORP.LAB.TEST"


def test_the_hash_is_of_the_cipher_octets_alone():
    """The cipher of the TGT, found by its own header: OCTET STRING of 1060 bytes."""
    _, _, messages = conversation.recorded("kerberos_as")
    reply = messages[1][1]
    at = reply.index(bytes.fromhex("04820424")) + 4
    (event,) = conversation.replay(kerberos, "kerberos_as").events
    assert event.ticket_hash == hashlib.sha256(reply[at : at + 1060]).digest()


def test_client_hidden_by_fast_is_the_owner_of_the_tgt():
    ears = conversation.Ears()
    conversation.replay(kerberos, "kerberos_fast_as", ears=ears)
    conversation.replay(kerberos, "kerberos_fast_tgs", ears=ears)
    event = ears.events[1]
    assert event.account == "Administrator@CORP.LAB.TEST"
    assert ears.ticket_owner(event.ticket_hash) == event.account


def talk(*messages, udp=False):
    ears = conversation.Ears()
    reader = kerberos.reader(conversation.flow(88, udp), ears)
    conversation.feed(reader, messages, udp=udp)
    return ears


def half(name, side):
    _, _, messages = conversation.recorded(name)
    return messages[side]


def test_request_without_answer():
    (event,) = talk(half("kerberos_as", 0)).events
    assert (event.result, event.outcome, event.account) == (None, "unknown", "alice@CORP.LAB.TEST")


@pytest.mark.parametrize(
    ("name", "kind", "account", "outcome"),
    [
        ("kerberos_as", "KerberosAs", "alice@CORP.LAB.TEST", "success"),
        ("kerberos_tgs", "KerberosTgs", "alice@CORP.LAB.TEST", "success"),
        ("kerberos_unknown_user", "KerberosAs", "guess1@CORP.LAB.TEST", "no_such_user"),
        ("kerberos_etype_refused", "KerberosTgs", "alice@CORP.LAB.TEST", "error"),
    ],
)
def test_answer_without_request(name, kind, account, outcome):
    (event,) = talk(half(name, 1)).events
    assert (type(event).__name__, event.account, event.outcome) == (kind, account, outcome)
    assert event.fingerprint is None


def test_pipelined_requests_are_paired_by_kind_and_name():
    tgs, tgs_reply = half("kerberos_tgs", 0), half("kerberos_tgs", 1)
    unknown, error = half("kerberos_unknown_user", 0), half("kerberos_unknown_user", 1)
    ears = talk(tgs, unknown, error, tgs_reply)
    assert [(type(e).__name__, e.outcome) for e in ears.events] == [
        ("KerberosAs", "no_such_user"), ("KerberosTgs", "success"),
    ]  # fmt: skip


def test_lost_answer_does_not_shift_the_pairing():
    ears = conversation.Ears()
    reader = kerberos.reader(conversation.flow(88), ears)
    conversation.feed(reader, [half("kerberos_as", 0)], close=False)
    reader.gap(1_002_000, SERVER)
    conversation.feed(
        reader, [half("kerberos_wrong_password", 0), half("kerberos_wrong_password", 1)]
    )
    assert [e.outcome for e in ears.events] == ["unknown", "wrong_password"]


def test_datagrams_sent_again_are_one_exchange():
    asked, answered = half("kerberos_too_big", 0), half("kerberos_too_big", 1)
    ears = talk(asked, asked, answered, asked, answered, udp=True)
    assert len(ears.events) == 1
    assert ears.counts["kerberos.repeated"] == 3


def test_waiting_requests_are_bounded():
    ears = talk(*[half("kerberos_as", 0)] * 40)
    assert len(ears.events) == 40
    assert {e.outcome for e in ears.events} == {"unknown"}


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        ("00000100", (0, 0)),
        ("000001006a", (260, 260)),
        ("0000010030", (0, -1)),
        ("800001006a", (0, -1)),
        ("000000016a", (0, -1)),
        ("474554202f", (0, -1)),
    ],
)
def test_frame(head, answer):
    b = bytes.fromhex(head)
    reader = kerberos.reader(conversation.flow(88), conversation.Ears())
    assert reader.frame(CLIENT, b, 0, len(b)) == answer


def test_resync_finds_the_next_message_inside_a_segment():
    _, message = half("kerberos_as", 1)
    junk = bytes(range(256)) * 3
    reader = kerberos.reader(conversation.flow(88), conversation.Ears())
    assert reader.resync(SERVER, junk + message, 0, len(junk + message)) == len(junk)
    assert reader.resync(SERVER, junk, 0, len(junk)) == -1


def test_locked_account_is_told_by_the_ntstatus_in_e_data():
    status = (0xC0000234).to_bytes(4, "little") + bytes(8)
    data = der.seq(der.tlv(0xA1, der.integer(3)), der.tlv(0xA2, der.octets(status)))
    for e_data in (data, der.seq(data)):
        error = der.tlv(
            0x7E,
            der.seq(
                der.tlv(0xA0, der.integer(5)), der.tlv(0xA1, der.integer(30)), der.tlv(0xA6, der.integer(18)),
                der.tlv(0xA9, der.octets("CORP", 0x1B)), der.tlv(0xAC, der.octets(e_data)),
            ),
        )  # fmt: skip
        (event,) = talk((False, len(error).to_bytes(4, "big") + error)).events
        assert (event.result, event.outcome) == ("client_revoked", "locked")
