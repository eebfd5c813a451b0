"""Packets that scapy builds from values Hypothesis chose, and the events: the same values.

scapy knows the protocols on its own, so that one misreading of a standard does not hide in both the
tests' builders and the decoders.
"""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.schema.enums import ETYPE
from sensor.wire.drive import Driver

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

pytest.importorskip("scapy.all", reason="needs scapy (extra `dev`)")

from scapy.asn1.asn1 import (  # noqa: E402 - after the check
    ASN1_BIT_STRING,
    ASN1_BOOLEAN,
    ASN1_GENERAL_STRING,
    ASN1_GENERALIZED_TIME,
    ASN1_INTEGER,
    ASN1_STRING,
)
from scapy.layers.dhcp import BOOTP, DHCP  # noqa: E402
from scapy.layers.dns import DNS, DNSQR, DNSRR  # noqa: E402
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.kerberos import (  # noqa: E402
    KRB_AS_REP,
    KRB_AS_REQ,
    KRB_ERROR,
    KRB_KDC_REQ_BODY,
    PA_PAC_REQUEST,
    PADATA,
    EncryptedData,
    Kerberos,
    KRB_Ticket,
    PrincipalName,
)
from scapy.layers.l2 import Dot1Q, Ether  # noqa: E402
from scapy.layers.ldap import (  # noqa: E402
    LDAP,
    LDAP_Authentication_simple,
    LDAP_BindRequest,
    LDAP_BindResponse,
    LDAP_Filter,
    LDAP_SearchRequest,
    LDAP_SearchRequestAttribute,
    LDAP_SearchResponseResultDone,
)
from scapy.layers.radius import (  # noqa: E402
    Radius,
    RadiusAttr_Acct_Session_Time,
    RadiusAttr_Acct_Status_Type,
    RadiusAttr_Framed_IP_Address,
    RadiusAttr_NAS_IP_Address,
    RadiusAttr_User_Name,
    RadiusAttribute,
)

NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
REALM = st.sampled_from(["CORP.TEST", "a.b.c.example", "EU.CORP.EXAMPLE"])
ADDRESS = st.ip_addresses(network="10.0.0.0/8").map(str)
NUMBERED = ETYPE
ETYPES = st.sampled_from([3, 17, 18, 23, 24])
MANY = settings(max_examples=60, deadline=None)
CLIENT, SERVER = ("10.0.0.2", 50_123), "10.0.0.1"


def heard(frames, kind):
    """Events of one class from frames a millisecond apart."""
    events = []
    driver = Driver("probe", events.append)
    for at, frame in enumerate(frames):
        driver.packet(1_700_000_000_000_000 + 1_000 * at, bytes(frame), 1)
    driver.close()
    assert driver.fault is None
    return [event for event in events if type(event).__name__ == kind]


def lower(layer, to_server, port, six=False, vlan=False):
    """Ethernet up to the ports, in one direction."""
    ends = ("fd00::2", "fd00::1") if six else (CLIENT[0], SERVER)
    source, target = ends if to_server else ends[::-1]
    ports = (CLIENT[1], port) if to_server else (port, CLIENT[1])
    link = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    if vlan:
        link /= Dot1Q(vlan=12)
    network = IPv6(src=source, dst=target) if six else IP(src=source, dst=target)
    return link / network / layer(sport=ports[0], dport=ports[1])


def datagrams(port, *messages, **options):
    return [lower(UDP, at % 2 == 0, port, **options) / m for at, m in enumerate(messages)]


def stream(port, *messages, **options):
    """A TCP connection: hands shaken, messages in turns."""
    seq, ack = 1_000, 9_000
    frames = []

    def segment(to_server, flags, data=b""):
        nonlocal seq, ack
        frame = lower(TCP, to_server, port, **options)
        frame[TCP].seq, frame[TCP].ack = (seq, ack) if to_server else (ack, seq)
        frame[TCP].flags = flags
        size = len(data) + ("S" in flags)
        seq, ack = (seq + size, ack) if to_server else (seq, ack + size)
        frames.append(frame / data if data else frame)

    segment(True, "S")
    segment(False, "SA")
    for at, message in enumerate(messages):
        segment(at % 2 == 0, "PA", bytes(message))
    return frames


@MANY
@given(
    labels=st.lists(NAME, min_size=1, max_size=5),
    qtype=st.sampled_from(["A", "AAAA", "TXT", "MX", "NS", "SOA", "SRV", "CNAME", "PTR"]),
    rcode=st.sampled_from([(0, "noerror"), (3, "nxdomain"), (5, "refused"), (2, "servfail")]),
    addresses=st.lists(ADDRESS, max_size=4),
    over_tcp=st.booleans(),
    six=st.booleans(),
    vlan=st.booleans(),
)
def test_dns(labels, qtype, rcode, addresses, over_tcp, six, vlan):
    name = ".".join(labels)
    question = DNS(id=77, rd=1, qd=DNSQR(qname=name, qtype=qtype))
    records = [DNSRR(rrname=name, type="A", ttl=60, rdata=address) for address in addresses]
    answer = DNS(id=77, qr=1, rcode=rcode[0], qd=DNSQR(qname=name, qtype=qtype), an=records)
    if over_tcp:
        sizes = [len(bytes(m)).to_bytes(2, "big") + bytes(m) for m in (question, answer)]
        frames = stream(53, *sizes, six=six, vlan=vlan)
    else:
        frames = datagrams(53, question, answer, six=six, vlan=vlan)
    (event,) = heard(frames, "DnsQuery")
    assert (event.query, event.qtype, event.rcode, event.answers, event.transport) == (
        name, qtype.lower(), rcode[1], len(addresses), "tcp" if over_tcp else "udp",
    )  # fmt: skip
    assert (event.src_ip, event.src_port) == ("fd00::2" if six else CLIENT[0], CLIENT[1])


def general(*names):
    return [ASN1_GENERAL_STRING(name) for name in names]


def principal(kind, *names):
    return PrincipalName(nameType=ASN1_INTEGER(kind), nameString=general(*names))


@st.composite
def requests(draw):
    """An AS-REQ, and the values it was made of."""
    name, realm = draw(NAME), draw(REALM)
    etypes = draw(st.lists(ETYPES, min_size=1, max_size=5, unique=True))
    options = draw(st.sets(st.sampled_from([1, 2, 3, 8, 15, 27, 30])))
    pac = draw(st.none() | st.booleans())
    till = draw(
        st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2037, 1, 1)).map(  # noqa: DTZ001
            lambda moment: moment.replace(microsecond=0, tzinfo=dt.UTC)
        )
    )
    padata = []
    if pac is not None:
        padata.append(PADATA(padataType=128, padataValue=PA_PAC_REQUEST(includePac=ASN1_BOOLEAN(pac))))  # fmt: skip
    body = KRB_KDC_REQ_BODY(
        kdcOptions=ASN1_BIT_STRING("".join("1" if at in options else "0" for at in range(32))),
        cname=principal(1, name), realm=ASN1_GENERAL_STRING(realm), sname=principal(2, "krbtgt", realm),
        till=ASN1_GENERALIZED_TIME(till.strftime("%Y%m%d%H%M%SZ")), nonce=ASN1_INTEGER(draw(st.integers(0, 2**31 - 1))),
        etype=[ASN1_INTEGER(number) for number in etypes],
    )  # fmt: skip
    values = {
        "account_name": name, "realm": realm, "service": f"krbtgt/{realm}", "name_type": 1,
        "req_etypes": [NUMBERED[number] for number in etypes], "kdc_options": sorted(options), "include_pac": pac,
        "till": int(till.timestamp()) * 1_000_000,
    }  # fmt: skip
    return Kerberos(root=KRB_AS_REQ(padata=padata, reqBody=body)), values


def kerberos_frames(over_tcp, *messages):
    if over_tcp:
        data = [bytes(message) for message in messages]
        return stream(88, *(len(d).to_bytes(4, "big") + d for d in data))
    return datagrams(88, *messages)


@MANY
@given(
    requests(), st.sampled_from([(25, "preauth_required"), (6, "c_principal_unknown"), (24, "preauth_failed"), (18, "client_revoked")]),
    st.booleans(),
)  # fmt: skip
def test_kerberos_error(request, error, over_tcp):
    message, values = request
    answer = Kerberos(
        root=KRB_ERROR(
            stime=ASN1_GENERALIZED_TIME("20260101000000Z"), susec=ASN1_INTEGER(1), errorCode=ASN1_INTEGER(error[0]),
            realm=ASN1_GENERAL_STRING(values["realm"]), sname=principal(2, "krbtgt", values["realm"]),
        )
    )  # fmt: skip
    (event,) = heard(kerberos_frames(over_tcp, message, answer), "KerberosAs")
    assert {name: getattr(event, name) for name in values} == values
    assert event.result == error[1]


@MANY
@given(requests(), ETYPES, ETYPES, st.integers(1, 1200), st.booleans())
def test_kerberos_ticket(request, etype, reply_etype, size, over_tcp):
    message, values = request
    sealed = EncryptedData(etype=ASN1_INTEGER(etype), kvno=ASN1_INTEGER(2), cipher=ASN1_STRING(b"x" * size))  # fmt: skip
    answer = Kerberos(
        root=KRB_AS_REP(
            crealm=ASN1_GENERAL_STRING(values["realm"]), cname=principal(1, values["account_name"]),
            ticket=KRB_Ticket(realm=ASN1_GENERAL_STRING(values["realm"]), sname=principal(2, "krbtgt", values["realm"]), encPart=sealed),
            encPart=EncryptedData(etype=ASN1_INTEGER(reply_etype), cipher=ASN1_STRING(b"y" * 90)),
        )
    )  # fmt: skip
    (event,) = heard(kerberos_frames(over_tcp, message, answer), "KerberosAs")
    assert {name: getattr(event, name) for name in values} == values
    assert (event.etype, event.reply_etype, event.ticket_size, event.outcome) == (
        NUMBERED[etype], NUMBERED[reply_etype], size, "success",
    )  # fmt: skip


@MANY
@given(
    NAME, st.sampled_from([0, 1, 2]), st.lists(NAME, min_size=1, max_size=4, unique=True),
    st.sampled_from(["(objectClass=user)", "(&(objectClass=user)(cn=a*b))", "(|(sn=x)(!(mail=*)))", "(a>=5)"]), st.sampled_from([0, 32, 50]),
)  # fmt: skip
def test_ldap_search(base, scope, attributes, text, result):
    ask = LDAP(
        messageID=5,
        protocolOp=LDAP_SearchRequest(
            baseObject=base.encode(), scope=scope, filter=LDAP_Filter.from_rfc2254_string(text),
            attributes=[LDAP_SearchRequestAttribute(type=a.encode()) for a in attributes],
        ),
    )  # fmt: skip
    done = LDAP(messageID=5, protocolOp=LDAP_SearchResponseResultDone(resultCode=result, matchedDN=b"", diagnosticMessage=b""))  # fmt: skip
    (event,) = heard(stream(389, ask, done), "LdapSearch")
    assert (event.base, event.scope, event.attributes, event.result, event.returned_count) == (
        base, ("base", "one", "subtree")[scope], attributes, result, 0,
    )  # fmt: skip
    assert event.filter.lower() == text.lower()


@MANY
@given(NAME, st.text(min_size=9, max_size=30), st.sampled_from([(0, "success"), (49, "wrong_password")]))  # fmt: skip
def test_ldap_simple_bind(name, password, result):
    ask = LDAP(
        messageID=1,
        protocolOp=LDAP_BindRequest(
            bind_name=name.encode(), authentication=LDAP_Authentication_simple(password.encode())
        ),
    )
    said = (
        b"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1"
    )
    answer = LDAP(messageID=1, protocolOp=LDAP_BindResponse(resultCode=result[0], matchedDN=b"", diagnosticMessage=said if result[0] else b""))  # fmt: skip
    (event,) = heard(stream(389, ask, answer), "LdapBind")
    assert (event.bind_name, event.mechanism, event.result, event.outcome) == (name, "simple", *result)  # fmt: skip
    assert password.encode() not in (event.password_tag or b"")


@MANY
@given(NAME, ADDRESS, ADDRESS, NAME, st.sampled_from([(1, "start"), (2, "stop"), (3, "interim")]), st.integers(0, 10**6))  # fmt: skip
def test_radius_accounting(user, framed, nas, session, status, seconds):
    attributes = [
        RadiusAttr_User_Name(value=user.encode()), RadiusAttr_Acct_Status_Type(value=status[0]), RadiusAttr_Framed_IP_Address(value=framed),
        RadiusAttr_NAS_IP_Address(value=nas), RadiusAttribute(type=44, value=session.encode()),
        RadiusAttr_Acct_Session_Time(value=seconds), RadiusAttribute(type=31, value=b"203.0.113.9"),
    ]  # fmt: skip
    ask = Radius(code=4, id=9, attributes=attributes)
    (event,) = heard(datagrams(1813, ask, Radius(code=5, id=9)), "VpnSession")
    assert (event.phase, event.framed_ip, event.session, event.calling_station, event.duration) == (
        status[1], framed, session, "203.0.113.9", seconds * 1_000_000,
    )  # fmt: skip


@MANY
# the last address of a network of 256 is taken for a broadcast address, and never bound
@given(ADDRESS.filter(lambda text: not text.endswith(".255")), NAME, st.integers(60, 10**6))
def test_dhcp_lease(address, host, lease):
    ask = BOOTP(op=1, xid=7, chaddr=b"abcdef") / DHCP(
        options=[("message-type", "request"), ("hostname", host.encode()), "end"]
    )
    answer = BOOTP(op=2, xid=7, yiaddr=address, chaddr=b"abcdef") / DHCP(
        options=[("message-type", "ack"), ("lease_time", lease), "end"]
    )
    link = Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff")
    frames = [
        link / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / ask,
        link / IP(src=SERVER, dst="255.255.255.255") / UDP(sport=67, dport=68) / answer,
    ]
    bindings = heard(frames, "HostBinding")
    assert [(b.ip, b.method, b.until - b.ts) for b in bindings] == [
        (address, "dhcp", lease * 1_000_000)
    ]
    assert host.lower() in bindings[0].host.lower()
