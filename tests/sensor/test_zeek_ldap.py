"""LDAP against Zeek's own expected logs.

ldap_search.log, compared: addresses and ports, scope, base_object, result_count, result, filter.
Accepted differences: Zeek writes an AND or OR of more than two parts as nested pairs (both sides
are flattened here); it logs attributes only under a policy script, in the case of the client;
deref_aliases and diagnostic_message are no fields of ours. ldap.log, compared: addresses and ports, opcode, result,
object (bind name), number of adds (Zeek names no object there). Accepted: Zeek has a row for each leg of a SASL or Sicily bind, we have one
event for the exchange with its last result; unbind, StartTLS and WhoAmI are no events of ours; a
search on a port that is not LDAP's is not read (simpleauth-diff-port). Filters and ASN.1 that
exceed Zeek's depth end its reading of the connection; ours is cut at 64 levels and goes on.
"""

from __future__ import annotations

import pytest
import zeeklog

FOLDER = "expected/zeek+zeek/scripts.base.protocols.ldap."
SCOPES = {"base": "base", "single": "one", "tree": "subtree"}
RESULTS = {
    "success": 0, "no such object": 32, "invalid credentials": 49, "SASL bind in progress": 14, None: None,
}  # fmt: skip
BINDS = {
    "bind simple": {"simple", "anonymous"},
    "bind SASL": {"gss_spnego", "gssapi", "scram_sha_512"},
    "sicily_response": {"ntlm_sicily"},
}

SEARCHES = [
    ("ldap__aduser1.pcap", "aduser1/krb.ldap_search.log"),
    ("ldap__aduser1-ntlm.pcap", "aduser1/ntlm.ldap_search.log"),
    ("ldap__simpleauth.pcap", "basic/ldap_search.log"),
    ("ldap__simpleauth.pcap", "attributes/ldap_search.log"),
    ("ldap__ldap_escaping_test.pcapng", "filter_escaping/ldap_search.log.1"),
    ("ldap__ldap_search_umlaut.pcap", "filter_escaping/ldap_search.log.2"),
    ("ldap__ldap_star_single.pcapng", "ldap_substring_search/ldap_search.log"),
    ("ldap__krb5-sign-seal-01.pcap", "sasl-encrypted/ldap_search.log"),
    ("ldap__sasl-scram-sha-512.pcap", "sasl-scram-sha-512/ldap_search.log"),
]
LOGS = [
    ("ldap__aduser1.pcap", "aduser1/krb.ldap.log"),
    ("ldap__aduser1-ntlm.pcap", "aduser1/ntlm.ldap.log"),
    ("ldap__simpleauth.pcap", "basic/ldap.log"),
    ("ldap__simpleauth.pcap", "attributes/ldap.log"),
    ("ldap__ldap_invalid_credentials.pcap", "invalid_credentials/ldap.log"),
    ("ldap__krb5-sign-seal-01.pcap", "sasl-encrypted/ldap.log"),
    ("ldap__sasl-scram-sha-512.pcap", "sasl-scram-sha-512/ldap.log"),
    ("ldap__ctu-sme-11-win7ad-1-ldap-tcp-50041.pcap", "spnego-ntlmssp/ldap.log"),
    ("ldap__ldap-starttls.pcap", "starttls/ldap.log"),
    ("ldap__ldap-who-am-i.pcap", "who-am-i/ldap.log"),
    ("ldap__ldap-add.pcap", "add/ldap.log"),
]

pytestmark = pytest.mark.data


def flat(text: str) -> str:
    """The filter with ANDs inside ANDs, and ORs inside ORs, taken apart."""
    parts: list[list] = [["", []]]
    for i, c in enumerate(text):
        if c == "(":
            parts.append([text[i + 1] if text[i + 1] in "&|!" else "", []])
        elif c == ")":
            mark, inner = parts.pop()
            if mark and mark == parts[-1][0] and mark in "&|":
                parts[-1][1] += inner
            else:
                parts[-1][1].append(f"({mark}{''.join(inner)})")
        elif not (c in "&|!" and text[i - 1] == "("):
            parts[-1][1].append(c)
    return "".join(parts[0][1])


@pytest.mark.parametrize(("capture", "log"), SEARCHES)
def test_searches(atp_data, capture, log):
    expected = [
        (
            *zeeklog.ends(row),
            SCOPES[row["scope"]],
            row["base_object"] or "",
            int(row["result_count"]),
            RESULTS[row["result"]],
            flat(row["filter"]),
        )
        for row in zeeklog.rows(atp_data / (FOLDER + log))
    ]
    events = zeeklog.events(atp_data / "pcap/zeek+zeek" / capture, "LdapSearch")
    found = [
        (e.src_ip, e.src_port, e.scope, e.base, e.returned_count, e.result, flat(e.filter))
        for e in events
    ]
    assert found == expected
    for event, row in zip(events, zeeklog.rows(atp_data / (FOLDER + log)), strict=True):
        if row.get("attributes") is not None:
            assert event.attributes == row["attributes"].lower().split(",")


def test_other_port_is_not_read(atp_data):
    assert zeeklog.rows(atp_data / (FOLDER + "diff_port/ldap_search.log"))
    capture = atp_data / "pcap/zeek+zeek/ldap__simpleauth-diff-port.pcap"
    assert zeeklog.events(capture, "LdapSearch", "LdapBind") == []


@pytest.mark.parametrize(
    ("capture", "folder", "deep"),
    [
        ("ldap__ldap-max-recursion.pcap", "ldap_max_recursion", True),
        ("ldap__asn1-max-recursion.pcap", "asn1_max_recursion", False),
    ],
)
def test_depth(atp_data, capture, folder, deep):
    """Where Zeek gives a connection up for its depth, each search with a deep filter is still told."""
    given_up = {
        line.partition(",")[0]
        for line in (atp_data / (FOLDER + folder) / "output").read_text().splitlines()
        if not line.startswith("#")
    }
    events = zeeklog.events(atp_data / "pcap/zeek+zeek" / capture, "LdapSearch")
    cut = {(e.src_ip, e.src_port) for e in events if "(…)" in e.filter}
    assert given_up
    assert len(cut) == (len(given_up) if deep else 0)


def test_extended_filter(atp_data):
    text = (atp_data / (FOLDER + "search_filter_extended/ldap_search.log")).read_text()
    row = [line for line in text.splitlines() if not line.startswith("#")][-1]
    (event,) = zeeklog.events(atp_data / "pcap/zeek+zeek/ldap__issue-32.pcapng", "LdapSearch")
    assert row.split("\t")[1:] == [event.filter, event.base]


def exchanges(rows):
    """Zeek's binds, one a SASL or Sicily exchange: the last leg of each, legs being consecutive."""
    found = []
    open_ends = set()
    for row in rows:
        if row["opcode"] == "sicily_negotiate" or row["opcode"] not in BINDS:
            continue
        ends = zeeklog.ends(row)
        if ends in open_ends:
            found[max(i for i, (e, _) in enumerate(found) if e == ends)] = (ends, row)
        else:
            found.append((ends, row))
        open_ends.discard(ends)
        if row["result"] == "SASL bind in progress":
            open_ends.add(ends)
    return found


@pytest.mark.parametrize(("capture", "log"), LOGS)
def test_binds_and_adds(atp_data, capture, log):
    rows = zeeklog.rows(atp_data / (FOLDER + log))
    events = zeeklog.events(atp_data / "pcap/zeek+zeek" / capture, "LdapBind", "DirectoryChange")
    binds = [e for e in events if type(e).__name__ == "LdapBind"]
    expected = exchanges(rows)
    assert [(e.src_ip, e.src_port) for e in binds] == [ends for ends, _ in expected]
    for event, (_, row) in zip(binds, expected, strict=True):
        assert event.mechanism in BINDS[row["opcode"]]
        assert event.result == (
            None if row["result"] == "SASL bind in progress" else RESULTS[row["result"]]
        )
        if row["opcode"] != "sicily_response":
            assert (event.bind_name or None) == row["object"]
    adds = [
        e
        for e in events
        if type(e).__name__ == "DirectoryChange" and e.attribute is None and e.op == "add"
    ]
    assert len(adds) == sum(row["opcode"] == "add" for row in rows)


def test_many_adds_without_answer(atp_data):
    """Zeek gives up pairing after ten pending messages; ours are bounded higher."""
    events = zeeklog.events(
        atp_data / "pcap/zeek+zeek/ldap__pending-adds-10.pcap", "DirectoryChange"
    )
    rows = zeeklog.rows(atp_data / (FOLDER + "pending-messages-exceeded/ldap.log"))
    assert {row["opcode"] for row in rows} == {"add"}
    assert sum(e.attribute is None for e in events) == 10
