"""NTLM against Zeek's own expected ntlm.log.

Compared: addresses and ports, username, domainname, hostname. Accepted differences: `success` is
`-` in all these logs where we know more from the carrier; names of the server are no fields of
ours; a log row without username is an exchange without AUTHENTICATE and gives no event; in
dce_rpc_ntlm the client of Zeek is the server of the bind.
"""

from __future__ import annotations

import pytest
import zeeklog

pytestmark = pytest.mark.data


@pytest.mark.parametrize(
    ("capture", "log"),
    [
        ("ldap__aduser1-ntlm.pcap", "scripts.base.protocols.ldap.aduser1/ntlm.ntlm.log"),
        ("dce-rpc__mapi.pcap", "scripts.base.protocols.dce-rpc.mapi/ntlm.log"),
        (
            "dce-rpc__ntlm-unterminated-av-sequence.pcap",
            "scripts.base.protocols.dce-rpc.ntlm-unterminated-av-pair-seq/ntlm.log",
        ),
    ],
)
def test_exchanges(atp_data, capture, log):
    rows = [row for row in zeeklog.rows(atp_data / "expected/zeek+zeek" / log) if row["username"]]
    events = zeeklog.events(atp_data / "pcap/zeek+zeek" / capture, "NtlmAuth")
    assert sorted((e.src_ip, e.src_port, e.account, e.workstation) for e in events) == sorted(
        (*zeeklog.ends(row), f"{row['domainname']}\\{row['username']}", row["hostname"])
        for row in rows
    )
