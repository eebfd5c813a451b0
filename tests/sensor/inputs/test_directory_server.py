"""What a directory server answers, without one: entries as bytes, pages, ranges, refusals."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("ldap3")

from ldap3.utils.asn1 import decode_message_fast

from sensor.inputs.directory import server as module
from sensor.inputs.directory.place import Account, place_of
from sensor.inputs.directory.server import (
    CredentialsError,
    Found,
    RefusedError,
    Server,
)


def tlv(tag, *parts):
    content = b"".join(parts)
    assert len(content) < 256
    return bytes((tag, *((0x81,) if len(content) > 127 else ()), len(content))) + content


def entry(dn, *attributes):
    """A SearchResultEntry as it is sent (RFC 4511 §4.5.2)."""
    listed = [tlv(0x30, tlv(4, n), tlv(0x31, *(tlv(4, v) for v in vs))) for n, vs in attributes]
    return tlv(0x30, tlv(2, b"\1"), tlv(0x64, tlv(4, dn), tlv(0x30, *listed)))


def test_entries_stay_bytes():
    strategy = SimpleNamespace(decode_response_fast=lambda message: message["protocolOp"])
    module._take_entries_raw(strategy)
    sent = entry(b"CN=\xc3\xa4", (b"title", (b"a", b"\xff")), (b"member", ()))
    assert strategy.decode_response_fast(decode_message_fast(sent)) == {
        "type": "searchResEntry",
        "dn": "CN=ä",
        "raw_attributes": {"title": [b"a", b"\xff"], "member": []},
    }
    done = tlv(0x30, tlv(2, b"\1"), tlv(0x65, tlv(10, b"\0"), tlv(4), tlv(4)))
    assert strategy.decode_response_fast(decode_message_fast(done)) == 5


class Connection:
    """Answers by a function of the request."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.result, self.response = {}, []

    def search(self, base, filter_, scope, **more):
        self.asked.append((base, filter_, threading.current_thread() is threading.main_thread()))
        code, found, controls = self.answer(base, filter_, **more)
        self.result = {"result": code, "description": "x", "message": "y", "controls": controls}
        self.response = [
            {"type": "searchResEntry", "dn": dn, "raw_attributes": raw} for dn, raw in found
        ]


def served(answer):
    server = object.__new__(Server)
    server.place = place_of("ldaps://dc1.corp.test")
    server._lock = threading.Lock()
    server._connection = Connection(answer)
    return server


def test_the_next_page_is_asked_for_while_one_is_read():
    def answer(base, filter_, *, paged_cookie, **more):
        number = int(paged_cookie or 0)
        following = {"value": {"cookie": str(number + 1).encode() if number < 2 else b""}}
        return 0, [(f"CN={number}", {})], {module._PAGED: following}

    server = served(answer)
    found = server.search("DC=x", "(a=b)", ["a"])
    assert next(found) == Found("CN=0", {})
    assert [f.dn for f in found] == ["CN=1", "CN=2"]
    assert [first for *_, first in server._connection.asked] == [True, False, False]


def test_a_fault_of_a_later_page_reaches_the_reader():
    def answer(base, filter_, *, paged_cookie, **more):
        if paged_cookie:
            return 52, [], {}
        return 0, [("CN=0", {})], {module._PAGED: {"value": {"cookie": b"1"}}}

    found = served(answer).search("DC=x", "(a=b)", ["a"])
    assert next(found).dn == "CN=0"
    with pytest.raises(RefusedError):
        next(found)


def test_a_reader_that_stops_leaves_nothing_running():
    def answer(base, filter_, *, paged_cookie, **more):
        return 0, [("CN=0", {})], {module._PAGED: {"value": {"cookie": b"1"}}}

    before = threading.active_count()
    found = served(answer).search("DC=x", "(a=b)", ["a"])
    next(found)
    found.close()
    assert threading.active_count() == before


def test_a_large_attribute_is_read_whole():
    def answer(base, filter_, *, attributes, **more):
        if attributes == ["member"]:
            return 0, [("<GUID=1>;CN=g", {"member;range=0-1": [b"a", b"b"], "title": [b"t"]})], {}
        first = int(attributes[0].partition("=")[2].partition("-")[0])
        last = "*" if first == 4 else first + 1
        return 0, [("CN=g", {f"member;range={first}-{last}": [b"%d" % first]})], {}

    server = served(answer)
    (found,) = server.search("DC=x", "(a=b)", ["member"])
    assert found.raw == {"member": [b"a", b"b", b"2", b"4"], "title": [b"t"]}
    assert [base for base, *_ in server._connection.asked] == ["DC=x", "CN=g", "CN=g"]


def test_the_domains_of_a_forest_and_their_controllers():
    sites = "CN=Servers,CN=x,CN=Sites,CN=Configuration,DC=corp,DC=test"
    heads = ("DC=corp,DC=test", "DC=emea,DC=corp,DC=test")
    names = (b"Corp.test", b"emea.corp.test")

    def answer(base, filter_, **more):
        assert base == "CN=Configuration,DC=corp,DC=test"
        if "crossRef" in filter_:
            found = [
                (
                    f"<GUID=1>;CN={i},CN=Partitions",
                    {"nCName": [f"<GUID=2>;<SID=01>;{nc}".encode()], "dnsRoot": [names[i]]},
                )
                for i, nc in enumerate(heads)
            ]
        elif "server" in filter_:
            found = [
                (f"<GUID=3>;CN={n},{sites}", {"dNSHostName": [h]} if h else {})
                for n, h in (
                    ("DC2", b"DC2.corp.test"),
                    ("DC1", b"dc1.corp.test"),
                    ("E1", b"e1.emea.corp.test"),
                    ("OLD", b""),
                )
            ]
        else:
            found = [
                (
                    f"<GUID=4>;CN=NTDS Settings,CN={n},{sites}",
                    {"hasMasterNCs": [f"<GUID=2>;{nc}".encode() for nc in (base, heads[i])]},
                )
                for n, i in (("dc2", 0), ("DC1", 0), ("E1", 1), ("OLD", 0), ("lost", 1))
            ]
        return 0, found, {}

    server = served(answer)
    server.root = module.Root(heads[0], f"CN=Configuration,{heads[0]}", "", "")
    assert server.domains() == {
        "corp.test": ["dc1.corp.test", "dc2.corp.test"],
        "emea.corp.test": ["e1.emea.corp.test"],
    }


PLACE = place_of("ldaps://dc1.corp.test")


def test_who_binds_is_told_by_password_or_by_keytab():
    simple = module._credentials(PLACE, Account("atp@corp.test", "secret"))
    assert (simple["authentication"], simple["password"]) == ("SIMPLE", "secret")
    ticket = module._credentials(PLACE, Account("atp@corp.test", keytab=Path("/k")))
    assert "password" not in ticket
    assert (ticket["user"], ticket["sasl_credentials"]) == ("atp@CORP.TEST", ("dc1.corp.test",))
    # the ticket is of this account and lies in no file
    assert ticket["cred_store"] == {"client_keytab": "/k", "ccache": "MEMORY:atp@CORP.TEST"}


class KerberosError(Exception):
    """As the library's: of no kin to those of ldap3."""


KerberosError.__module__ = "gssapi.raw.misc"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (lambda: True, None, ""),
        (lambda: False, CredentialsError, "cannot bind: invalidCredentials"),
        (KerberosError("no key"), CredentialsError, "cannot bind: no key"),
        (ZeroDivisionError("x"), ZeroDivisionError, "x"),
    ],
)
def test_what_comes_of_a_bind(answer, error, said):
    def bind():
        if isinstance(answer, Exception):
            raise answer
        return answer()

    server = object.__new__(Server)
    server._connection = SimpleNamespace(bind=bind, result={"description": "invalidCredentials"})
    if error is None:
        server._bind(PLACE, Account("atp@corp.test"))
        return
    with pytest.raises(error, match=said):
        server._bind(PLACE, Account("atp@corp.test"))
