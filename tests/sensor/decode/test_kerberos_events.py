from __future__ import annotations

import conversation
import pytest

from sensor.decode.kerberos_events import Exchange, as_event, tgs_event
from sensor.decode.kerberos_parts import Principal, Ticket
from sensor.decode.kerberos_pkinit import Certificate
from sensor.decode.kerberos_reply import AS_REP, TGS_REP, Failure, Reply
from sensor.decode.kerberos_request import AS_REQ, TGS_REQ, Request

FLOW = conversation.flow(88)


def ticket(digest):
    found = Ticket()
    found.hash, found.size, found.etype, found.service = digest, 9, 18, "cifs/dc1"
    return found


def replied(tag, name="alice", digest=b"t"):
    found = Reply(tag)
    found.realm, found.ticket, found.etype = "CORP", ticket(digest), 23
    found.cname = Principal(1, name, name) if name else None
    return found


def tgs(*, options=(), padata=(), for_user=None, service="cifs/dc1"):
    found = Request(TGS_REQ)
    found.realm, found.tgt = "CORP", ticket(b"tgt")
    found.options, found.padata, found.for_user = list(options), list(padata), for_user
    found.sname = Principal(2, service.split("/")[0], service)
    return found


@pytest.mark.parametrize(
    ("options", "padata", "word"),
    [
        ([], [1], "none"),
        ([14], [1], "proxy"),
        ([28], [1], "u2u"),
        ([14], [1, 129], "self"),
        ([], [1, 130], "self"),
    ],
)
def test_s4u_kinds(options, padata, word):
    event = tgs_event(FLOW, conversation.Ears(), Exchange(5, tgs(options=options, padata=padata)))
    assert (event.s4u, event.outcome, event.ts) == (word, "unknown", 5)


def test_in_s4u_the_reply_names_the_impersonated_user():
    ears = conversation.Ears()
    ears.ticket_issued(b"tgt", "web$@CORP")
    event = tgs_event(
        FLOW, ears, Exchange(5, tgs(options=[14], padata=[1]), replied(TGS_REP, "bob"))
    )
    assert (event.account, event.s4u_user) == ("web$@CORP", "bob@CORP")
    assert ears.ticket_owner(b"t") == "bob@CORP"


def test_service_that_asks_to_itself_names_itself():
    asked = tgs(padata=[1, 129], for_user="bob@CORP", service="web$")
    event = tgs_event(FLOW, conversation.Ears(), Exchange(5, asked, replied(TGS_REP, "bob")))
    assert (event.account, event.s4u_user) == ("web$@CORP", "bob@CORP")


def test_error_of_a_ticket_whose_owner_is_known():
    ears = conversation.Ears()
    ears.ticket_issued(b"tgt", "alice@CORP")
    failed = Failure()
    failed.code = 14
    event = tgs_event(FLOW, ears, Exchange(5, tgs(), failed=failed))
    assert (event.account, event.result, event.outcome, event.realm) == (
        "alice@CORP",
        "etype_nosupp",
        "error",
        "CORP",
    )


def test_reply_alone():
    event = as_event(FLOW, conversation.Ears(), Exchange(5, None, replied(AS_REP)))
    assert (event.account, event.account_name, event.realm, event.service) == (
        "alice@CORP",
        "alice",
        "CORP",
        "cifs/dc1",
    )
    assert (event.etype, event.reply_etype, event.ticket_size, event.fingerprint) == (
        "aes256",
        "rc4_hmac",
        9,
        None,
    )


def test_certificate():
    asked = Request(AS_REQ)
    asked.certificate = Certificate()
    asked.certificate.serial, asked.certificate.sids = "0f", ["S-1-5-21-1"]
    event = as_event(FLOW, conversation.Ears(), Exchange(5, asked))
    assert (event.certificate_serial, event.certificate_sids, event.certificate_ekus) == (
        "0f",
        ["S-1-5-21-1"],
        [],
    )


def test_key_list_request_of_a_read_only_controller():
    asked = tgs(padata=[1, 161], service="krbtgt/CORP")
    asked.tgt.kvno = 0x1234 << 16
    event = tgs_event(FLOW, conversation.Ears(), Exchange(5, asked, replied(TGS_REP)))
    assert (event.padata_types, event.tgt_kvno >> 16, event.outcome) == (
        ["tgs_req", "key_list_req"], 0x1234, "success",
    )  # fmt: skip


def test_options_of_the_pac():
    asked = tgs()
    asked.pac_options = [1, 3, 9]
    event = tgs_event(FLOW, conversation.Ears(), Exchange(5, asked))
    assert event.pac_options == ["branch_aware", "resource_based_delegation", "bit_9"]


@pytest.mark.parametrize(
    ("asked", "issued", "realm", "outcome"),
    [
        ("cifs/fs1.other.test", "krbtgt/OTHER.TEST", "CORP.TEST", "continue"),
        ("krbtgt/OTHER.TEST", "krbtgt/OTHER.TEST", "CORP.TEST", "success"),
        ("krbtgt/THIRD.TEST", "krbtgt/OTHER.TEST", "CORP.TEST", "continue"),
        ("krbtgt/CORP", "krbtgt/CORP.TEST", "CORP.TEST", "success"),
        ("cifs/fs1", "cifs/fs1.corp.test", "CORP.TEST", "success"),
    ],
)
def test_a_referral_is_no_ticket_for_the_service(asked, issued, realm, outcome):
    reply = replied(TGS_REP)
    reply.ticket.service, reply.ticket.realm = issued, realm
    event = tgs_event(FLOW, conversation.Ears(), Exchange(5, tgs(service=asked), reply))
    assert (event.outcome, event.result, event.service) == (outcome, "none", asked)


@pytest.mark.parametrize(
    ("name", "hosts"),
    [
        ("WS9$", [(5, "10.0.0.50", "name:WS9", "kerberos_machine", None)]),
        ("alice", []),
        ("$", []),
        ("host/ws9$", []),
    ],
)
def test_a_machine_at_work_tells_its_address(name, hosts):
    ears = conversation.Ears()
    as_event(FLOW, ears, Exchange(5, None, replied(AS_REP, name)))
    tgs_event(FLOW, ears, Exchange(6, tgs(), replied(TGS_REP, name)))
    assert ears.hosts == hosts
