"""Kerberos against Zeek's own expected kerberos.log.

Compared: addresses and ports, request_type, client, service, success, error_msg, till, cipher,
forwardable, renewable, and whether a client certificate was shown. Accepted differences: Zeek
leaves out the requests that were answered by PREAUTH_REQUIRED or RESPONSE_TOO_BIG and merges them
with the next on the same connection, we have an event (`continue`) for each; it shows no cipher for
what failed; `from` and the certificates' subjects are no fields of ours.
"""

from __future__ import annotations

import pytest
import zeeklog

pytestmark = pytest.mark.data
CIPHERS = {"aes256-cts-hmac-sha1-96": "aes256", None: None}
ERRORS = {
    "none": None, "badoption": "TICKET NOT RENEWABLE", "c_principal_unknown": "CLIENT_NOT_FOUND", "name_exp": "CLIENT EXPIRED",
    "key_expired": "CLIENT KEY EXPIRED", "etype_nosupp": "CANT_FIND_CLIENT_KEY", "client_revoked": "LOCKED_OUT",
    "s_principal_unknown": "SERVER_NOT_FOUND", "bad_integrity": "PREAUTH_FAILED",
}  # fmt: skip
FORWARDABLE, RENEWABLE = 1, 8


def known(event):
    kind = "AS" if type(event).__name__ == "KerberosAs" else "TGS"
    name, _, realm = (event.account or "").rpartition("@")
    if kind == "AS":
        name, realm = event.account_name, event.realm
    options = event.kdc_options
    return (
        event.src_ip, event.src_port, kind, f"{name}/{realm}", event.service, event.result == "none", ERRORS[event.result],
        event.etype, FORWARDABLE in options, RENEWABLE in options,
    )  # fmt: skip


def said(row):
    return (
        *zeeklog.ends(row), row["request_type"], row["client"], row["service"], row["success"] == "T", row["error_msg"],
        CIPHERS[row["cipher"]], row["forwardable"] == "T", row["renewable"] == "T",
    )  # fmt: skip


def test_kinit(atp_data):
    rows = zeeklog.rows(
        atp_data / "expected/zeek+zeek/scripts.base.protocols.krb.kinit/kerberos.log"
    )
    heard = zeeklog.events(atp_data / "pcap/zeek+zeek/krb__kinit.pcap", "KerberosAs", "KerberosTgs")
    events = [e for e in heard if e.outcome != "continue"]
    expected = {zeeklog.ends(row): row for row in rows}
    assert len(expected) == len(rows)
    missed = [e for e in events if (e.src_ip, e.src_port) not in expected]
    assert not missed
    events = list({(e.src_ip, e.src_port): e for e in events}.values())
    assert [known(e) for e in events] == [said(expected[e.src_ip, e.src_port]) for e in events]
    assert len(events) == len(rows)
    for event in events:
        row = expected[event.src_ip, event.src_port]
        if type(event).__name__ == "KerberosAs":
            assert event.till == int(float(row["till"])) * 1_000_000
            assert (event.certificate_thumbprint is not None) == (
                row["client_cert_subject"] is not None
            )


@pytest.mark.parametrize(
    "folder", ["scripts.base.protocols.krb.tgs", "scripts.policy.protocols.krb.ticket-logging"]
)
def test_tgs(atp_data, folder):
    (row,) = zeeklog.rows(atp_data / "expected/zeek+zeek" / folder / "kerberos.log")
    (event,) = zeeklog.events(atp_data / "pcap/zeek+zeek/krb__auth.pcap", "KerberosTgs")
    assert known(event) == said(row)


@pytest.mark.parametrize(
    ("capture", "log"),
    [
        ("ldap__aduser1.pcap", "scripts.base.protocols.ldap.aduser1/krb.kerberos.log"),
        (
            "dce-rpc__kerberos445_auth.pcapng",
            "scripts.base.protocols.dce-rpc.spnego-gssapi-kerberos/kerberos.log.445",
        ),
    ],
)
def test_ap_requests_in_other_protocols(atp_data, capture, log):
    """Zeek names the realm of the ticket where the client would stand: it cannot know the client."""
    (row,) = zeeklog.rows(atp_data / "expected/zeek+zeek" / log)
    (event,) = zeeklog.events(atp_data / "pcap/zeek+zeek" / capture, "KerberosAp")
    assert row["request_type"] == "AP"
    assert (event.src_ip, event.src_port, event.service, event.etype) == (
        *zeeklog.ends(row),
        row["service"],
        CIPHERS[row["cipher"]],
    )
