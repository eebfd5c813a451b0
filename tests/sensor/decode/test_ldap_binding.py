"""Binds of several legs, without the framing around them."""

from __future__ import annotations

import conversation
import der
import ntlmssp
import pytest

from sensor.decode.ldap_binding import Binding


def binding():
    ears = conversation.Ears()
    flow = conversation.flow(389)
    return Binding(flow, ears, "ldap", lambda: b"k" * 32), ears, flow


def ask(bind, ts, name, choice):
    raw = der.integer(3) + der.octets(name) + choice
    bind.request(ts, 1, raw, 0, len(raw))


def answer(bind, ts, code, *more):
    raw = der.integer(code, 10) + der.octets("") + der.octets("") + b"".join(more)
    bind.response(ts, 1, raw, 0, len(raw))


def sasl(mechanism, token):
    return der.tlv(0xA3, der.octets(mechanism), der.octets(token))


def test_a_mechanism_not_read_is_one_event_at_its_first_leg():
    bind, ears, flow = binding()
    ask(bind, 10, "", sasl("SCRAM-SHA-512", b"n,,n=u"))
    answer(bind, 11, 14)
    ask(bind, 12, "", sasl("SCRAM-SHA-512", b"c=biws"))
    answer(bind, 13, 0)
    (event,) = ears.events
    assert (event.ts, event.mechanism, event.outcome, event.account) == (
        10,
        "scram_sha_512",
        "success",
        None,
    )
    assert bind.wrapped
    assert flow.account is None


@pytest.mark.parametrize(("code", "account"), [(0, "CORP\\alice"), (49, None)])
def test_the_flow_acts_as_who_bound(code, account):
    bind, ears, flow = binding()
    flow.account = "before"
    ask(bind, 10, "", sasl("GSS-SPNEGO", ntlmssp.negotiate()))
    answer(bind, 11, 14, der.octets(ntlmssp.challenge(), 0x87))
    ask(bind, 12, "", sasl("GSS-SPNEGO", ntlmssp.authenticate()))
    answer(bind, 13, code)
    assert flow.account == account
    assert [(type(e).__name__, e.ts, e.account) for e in ears.events] == [
        ("NtlmAuth", 12, "CORP\\alice"),
        ("LdapBind", 10, "CORP\\alice"),
    ]


def test_anonymous_simple_bind_wraps_nothing():
    bind, ears, flow = binding()
    ask(bind, 10, "", der.octets("", 0x80))
    answer(bind, 11, 0)
    assert (ears.events[0].mechanism, flow.account, bind.wrapped) == ("anonymous", None, False)


def test_answer_without_bind():
    bind, ears, _ = binding()
    answer(bind, 11, 0)
    bind.close(12)
    assert (ears.events, ears.counts) == ([], {"ldap.unasked": 1})
