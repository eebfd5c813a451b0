"""DNS against Zeek's own expected dns.log.

Compared: addresses and ports, proto, query, qtype_name, rcode_name, number of answers. Accepted
differences: Zeek logs the second answer to one question as a row of its own, we count it as
repeated; for dynamic updates it shows the prerequisite's name as query and prerequisites and
updates as answers, we show the zone and no answers.
"""

from __future__ import annotations

import pytest
import zeeklog

pytestmark = pytest.mark.data
FOLDER = "expected/zeek+zeek/scripts.base.protocols.dns."


def test_first_of_two_answers(atp_data):
    row, repeated = zeeklog.rows(atp_data / (FOLDER + "duplicate-reponses/dns.log"))
    (event,) = zeeklog.events(atp_data / "pcap/zeek+zeek/dns-two-responses.pcap", "DnsQuery")
    assert (repeated["trans_id"], repeated["rtt"]) == (row["trans_id"], None)
    assert (event.src_ip, event.src_port) == zeeklog.ends(row)
    assert (event.query, event.qtype, event.rcode, event.transport) == (
        row["query"], row["qtype_name"].lower(), row["rcode_name"].lower(), row["proto"],
    )  # fmt: skip
    assert event.answers == len(row["answers"].split(","))


def test_dynamic_updates(atp_data):
    rows = zeeklog.rows(atp_data / (FOLDER + "dynamic-update/dns.log"))
    events = zeeklog.events(atp_data / "pcap/zeek+zeek/dns__dynamic-update.pcap", "DnsQuery")
    assert [(e.src_ip, e.src_port, e.rcode, e.qtype) for e in events] == [
        (*zeeklog.ends(row), row["rcode_name"].lower(), "update") for row in rows
    ]
    assert all(
        row["query"].endswith(f".{event.query}") for row, event in zip(rows, events, strict=True)
    )


def test_unusual_type(atp_data):
    (row,) = zeeklog.rows(atp_data / (FOLDER + "naptr/dns.log.cut"))
    (event,) = zeeklog.events(atp_data / "pcap/zeek+zeek/dns__naptr.pcap", "DnsQuery")
    assert (event.query, event.qtype, event.answers) == (row["query"], row["qtype_name"].lower(), 1)
