"""Names made canonical, what events teach, and what becomes of it in the store."""

import msgspec
import pytest

from dsl.given_directory import DirectoryObject
from dsl.schema.directory import AccountChange
from dsl.schema.kerberos import KerberosAp, KerberosAs, KerberosTgs
from dsl.schema.ldap import LdapSearch
from dsl.schema.ntlm import NtlmAuth
from dsl.schema.rpc import Replication, RpcBind
from dsl.schema.sensor import HostBinding
from dsl.schema.windows import Logon
from engine.entities import Directory
from engine.entities_build import declare
from engine.entities_names import dn_domain, parse_account, parse_host, plain_ip, rdn_value
from engine.entities_passive import Passive
from engine.entities_roles import BEFORE_US
from engine.entities_rows import FOREVER, DirDomain, DirNetwork, DirObject

DOMAIN = "corp.lab.test"
SID = "S-1-5-21-1-2-3"
MIN = 60_000_000
HOUR = 60 * MIN
T = 1_000 * HOUR


@pytest.mark.parametrize(
    ("raw", "name", "domain", "sid"),
    [
        ("CORP\\Alice", "alice", "corp", None),
        ("Alice@CORP.LAB.TEST", "alice", DOMAIN, None),
        ("a@b@CORP.LAB.TEST", "a@b", DOMAIN, None),
        ("alice", "alice", None, None),
        ("CORP\\alice|S-1-5-21-1-2-3-1105", "alice", "corp", f"{SID}-1105"),
        ("S-1-5-21-1-2-3-1105", None, None, f"{SID}-1105"),
        ("odd|name", "odd|name", None, None),
        ("@x", "@x", None, None),
        ("\\", None, None, None),
    ],
)
def test_raw_accounts(raw, name, domain, sid):
    seen = parse_account(raw)
    assert (seen.name, seen.domain, seen.sid) == (name, domain, sid)


def test_distinguished_names():
    dn = "CN=Smith\\, Bob,OU=X,DC=corp,DC=lab,DC=test"
    assert parse_account(dn).dn == dn
    assert (dn_domain(dn), rdn_value(dn)) == (DOMAIN, "Smith, Bob")
    assert Directory().account(dn) == f"smith, bob@{DOMAIN}"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ip:10.0.0.1", ("10.0.0.1", None, None)),
        ("::ffff:10.0.0.1", ("10.0.0.1", None, None)),
        ("name:WS9", (None, None, "ws9")),
        ("\\\\WS9", (None, None, "ws9")),
        ("DC1.Corp.Lab.Test.", (None, "dc1.corp.lab.test", None)),
    ],
)
def test_raw_hosts(raw, expected):
    seen = parse_host(raw)
    assert (seen.ip, seen.dns, seen.netbios) == expected


def test_what_names_no_host():
    assert parse_host("-") is parse_host("") is None
    assert plain_ip("10.0.0.256") is None
    assert plain_ip("fe80::1%eth0") == "fe80::1"


@pytest.fixture
def directory():
    made = Directory()
    made.declare_domain(DirDomain(DOMAIN, "corp", SID))
    return made


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("CORP\\alice", f"alice@{DOMAIN}"),
        ("alice@CORP.LAB.TEST", f"alice@{DOMAIN}"),
        ("OTHER\\alice", "alice@other"),
        ("alice", "alice"),
        (f"CORP\\Domänen-Admins|{SID}-512", f"domain admins@{DOMAIN}"),
        (f"{SID}-519", f"enterprise admins@{DOMAIN}"),
        (f"{SID}-1105", f"{SID}-1105".lower()),
        ("NT AUTHORITY\\SYSTEM|S-1-5-18", "system"),
    ],
)
def test_accounts_of_a_known_domain(directory, raw, expected):
    assert directory.account(raw) == expected


def test_builtin_groups_are_the_domains_on_a_controller_and_the_machines_elsewhere(directory):
    raw = "Builtin\\Administrators|S-1-5-32-544"
    assert directory.account(raw, domain=DOMAIN) == f"administrators@{DOMAIN}"
    assert directory.account(raw, machine="ws9") == "administrators@ws9"
    assert directory.account("bob", domain=DOMAIN) == f"bob@{DOMAIN}"
    assert directory.account("bob", machine="ws9.corp.lab.test") == "bob@ws9"


def test_two_domains_with_one_first_label_decide_nothing():
    directory = Directory()
    directory.learn_domain("corp.a.test")
    assert directory.account("CORP\\x") == "x@corp.a.test"
    directory.learn_domain("corp.b.test")
    assert directory.account("CORP\\x") == "x@corp"


def test_a_known_domain_brings_its_sensitive_groups(directory):
    rows = {row.key: row for row in directory.take_rows().objects}
    admins = rows[f"domain admins@{DOMAIN}"]
    assert (admins.rid, admins.sid, admins.sensitive, admins.admin) == (
        512,
        f"{SID}-512",
        True,
        True,
    )
    assert "sensitive" in admins.tags
    assert not rows[f"domain users@{DOMAIN}"].sensitive
    assert rows[f"backup operators@{DOMAIN}"].sid == "S-1-5-32-551"
    assert directory.take_rows() is None


# --- learning ------------------------------------------------------------------------------------


def wire(event_class, ts=T, src="10.0.0.50", dst="10.0.0.10", **fields):
    return event_class(ts=ts, via="wire", src_ip=src, dst_ip=dst, **fields)


def ticket(ts=T, account="alice", **fields):
    given = {
        "result": "none",
        "outcome": "success",
        "account_name": account,
        "realm": DOMAIN.upper(),
    }
    return wire(KerberosAs, ts, **(given | fields))


def learnt(*events):
    directory = Directory()
    Passive(directory).learn(events)
    return directory


@pytest.mark.parametrize(
    ("event", "known"),
    [
        (ticket(), True),
        (ticket(result="preauth_required", outcome="continue"), True),
        (ticket(result="c_principal_unknown", outcome="no_such_user"), False),
        (ticket(result="wrong_realm", outcome="error"), False),
        (wire(LdapSearch, cldap=True, filter_attributes=["NtVer"], returned_count=1), True),
        (wire(LdapSearch, filter_attributes=["NtVer"], returned_count=1), False),
        (wire(RpcBind, interface="drsuapi"), False),
        (wire(Replication, method="DRSGetNCChanges", direction="outbound"), False),
    ],
)
def test_who_is_a_domain_controller_by_what_it_answers(event, known):
    directory = learnt(event)
    assert directory.is_dc("ip:10.0.0.10", T) is known
    assert not directory.is_dc("ip:10.0.0.50", T)


def test_a_learnt_controller_holds_from_a_quarter_of_an_hour_before():
    directory = learnt(ticket())
    assert directory.is_dc("ip:10.0.0.10", T - BEFORE_US)
    assert not directory.is_dc("ip:10.0.0.10", T - BEFORE_US - 1)
    assert directory.take_changed_from() == T - BEFORE_US
    assert directory.take_changed_from() is None


def test_who_a_controller_replicates_with_is_one_and_who_asks_is_not():
    asked = wire(Replication, T, "10.0.0.66", method="DRSGetNCChanges", direction="outbound")
    joining = wire(RpcBind, T + 5, "10.0.0.10", "10.0.0.11", interface="drsuapi")
    machine = ticket(T + 9, "DC2$", src="10.0.0.11")
    directory = learnt(machine, joining, asked)
    assert directory.is_dc("ip:10.0.0.11", T)
    assert directory.is_dc(f"dc2.{DOMAIN}", T + 10)
    assert directory.is_dc(f"dc2.{DOMAIN}", T)
    assert not directory.is_dc("ip:10.0.0.66", T)
    accounts = {r.key: r.tags for r in directory.take_rows().objects}
    assert accounts[f"dc2$@{DOMAIN}"] == ("dc",)
    assert {h: c for h, _, c, _ in directory.domain_controllers()}["ip:10.0.0.11"] == "low"


def test_the_controllers_of_a_directory_are_all():
    directory = Directory()
    declare(directory, [DirectoryObject("host", f"dc1.{DOMAIN}", {"tags": ("dc",)})])
    Passive(directory).learn([ticket()])
    assert directory.is_dc(f"dc1.{DOMAIN}", T)
    assert not directory.is_dc("ip:10.0.0.10", T)


def test_a_machine_account_proves_its_address():
    directory = learnt(ticket(account="WS9$"))
    held = directory.addresses.at("10.0.0.50", T)
    assert (held.host, held.certainty, held.method) == (f"ws9.{DOMAIN}", "high", "kerberos_machine")
    assert directory.addresses.at("10.0.0.50", T - 1) is None
    assert directory.addresses.at("10.0.0.50", T + 13 * HOUR) is None
    assert directory.host("name:WS9", T) == f"ws9.{DOMAIN}"


def test_a_ticket_alone_counts_less_and_displaces_nothing():
    stolen = wire(
        KerberosTgs, T + 1, result="none", outcome="success", account=f"DC1$@{DOMAIN.upper()}"
    )
    directory = learnt(ticket(account="WS9$"), stolen)
    assert directory.addresses.at("10.0.0.50", T + 2).host == f"ws9.{DOMAIN}"


def logon(src, workstation, account="CORP\\alice", outcome="success", ts=T + 2):
    return wire(NtlmAuth, ts, src, account=account, workstation=workstation, outcome=outcome)


def test_claimed_names_never_make_a_controller():
    service = wire(KerberosAp, T, service=f"cifs/dc1.{DOMAIN}", result="none", outcome="success")
    directory = learnt(
        ticket(),
        service,
        ticket(T - 13 * HOUR, "WS9$", src="10.0.0.51"),
        logon("10.0.0.66", "DC1"),
        logon("10.0.0.67", "WS9"),
        logon("10.0.0.68", "WS9", outcome="wrong_password"),
        HostBinding(ts=T + 3, ip="10.0.0.69", host=f"dc1.{DOMAIN}", method="dhcp"),
    )
    assert directory.addresses.at("10.0.0.10", T).host == f"dc1.{DOMAIN}"
    assert directory.is_dc(f"dc1.{DOMAIN}", T)
    assert directory.addresses.at("10.0.0.66", T + 5) is None
    assert directory.addresses.at("10.0.0.69", T + 5) is None
    assert directory.addresses.at("10.0.0.67", T + 5).certainty == "low"
    assert directory.addresses.at("10.0.0.68", T + 5) is None


def binding(ts, method, host, ip="10.0.0.60", until=None):
    return HostBinding(ts=ts, via="wire", ip=ip, host=host, method=method, until=until)


def held(*events, at=T + 50, ip="10.0.0.60"):
    """Who holds the address where WS8 and WS9 are known, and were seen elsewhere long ago."""
    before = [ticket(T - 13 * HOUR, f"WS{n}$", src=f"10.0.0.5{n}") for n in (8, 9)]
    found = learnt(ticket(), *before, *events).addresses.at(ip, at)
    return found and (found.host.partition(".")[0], found.certainty, found.method)


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ([binding(T + 2, "dhcp", "name:WS9")], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "dhcp", f"ws9.{DOMAIN}")], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "netbios", "name:NOBODY")], None),
        ([binding(T + 2, "dhcp", "name:WS9"), binding(T + 3, "ntlm", "name:WS8")], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "ntlm", "name:WS8"), binding(T + 3, "dhcp", "name:WS9")], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "ntlm", "name:WS8"), binding(T + 3, "netbios", "name:WS9")], ("ws9", "low", "netbios")),
        ([binding(T + 2, "ntlm", "name:WS9"), binding(T + 3, "dhcp", "name:WS9")], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "ntlm", "name:WS8"), binding(T + 3, "ntlm", "name:WS9")], ("ws9", "low", "ntlm")),
        ([binding(T + 2, "dhcp", "name:WS8"), binding(T + 3, "probe_ntlm", "name:WS9")], ("ws9", "low", "probe_ntlm")),
        ([binding(T + 2, "dhcp", "name:WS9"), binding(T + 3, "probe_dns", "name:WS8")], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "dhcp", "name:WS9", until=T + 40)], None),
        ([binding(T + 2, "dhcp", "name:WS9"), binding(T + 9, "dhcp", "name:WS9", until=T + 9)], None),
        ([binding(T + 2, "dhcp", "name:WS9"), binding(T + 2, "dhcp", "name:WS9", until=T + 2)], None),
        ([binding(T + 2, "dhcp", "name:WS9"), binding(T + 9, "dhcp", "name:WS8", until=T + 9)], ("ws9", "low", "dhcp")),
        ([binding(T + 2, "dhcp", "name:WS9", until=T + 2)], None),
    ],
)  # fmt: skip
def test_bindings_by_method_and_time(bindings, expected):
    assert held(*bindings) == expected
    assert held(*reversed(bindings)) == expected or bindings[0].ts == bindings[-1].ts


def test_a_release_does_not_end_what_a_key_proved():
    released = binding(T + 9, "netbios", "name:WS9", ip="10.0.0.51", until=T + 9)
    proved = ticket(T + 1, "WS9$", src="10.0.0.51")
    assert held(proved, released, ip="10.0.0.51") == ("ws9", "high", "kerberos_machine")


def test_a_relay_is_not_its_victim():
    """The victim's name travels in its relayed logon; where the victim is known to be elsewhere,
    or the account is a machine's, that names nobody.
    """
    relayed = logon("10.0.0.60", "WS9")
    assert held(relayed) == ("ws9", "low", "ntlm")
    proved = ticket(T + 1, "WS9$", src="10.0.0.51")
    for claim in (
        relayed,
        binding(T + 2, "ntlm", "name:WS9"),
        binding(T + 2, "netbios", "name:WS9"),
    ):
        assert held(proved, claim) is None
    assert held(proved, binding(T + 2, "dhcp", "name:WS9")) == ("ws9", "low", "dhcp")
    assert held(logon("10.0.0.60", "WS9", "CORP\\WS9$")) is None
    assert held(logon("10.0.0.60", "WS9", "")) is None


def test_a_referral_comes_from_a_controller_too():
    referred = wire(
        KerberosTgs, T + 1, result="none", outcome="continue", account=f"WS9$@{DOMAIN.upper()}"
    )
    assert learnt(ticket(), referred).addresses.at("10.0.0.50", T + 2).host == f"ws9.{DOMAIN}"


def test_a_managed_service_account_is_no_host():
    directory = Directory()
    gmsa = DirectoryObject("account", f"gmsa-sql$@{DOMAIN}", {"computer": False})
    declare(directory, [gmsa])
    Passive(directory).learn([ticket(), ticket(T + 1, "GMSA-SQL$", src="10.0.0.53")])
    assert directory.addresses.at("10.0.0.53", T + 2) is None


def test_a_service_ticket_names_only_known_controllers():
    service = wire(
        KerberosAp,
        T,
        dst="10.0.0.66",
        service=f"cifs/dc1.{DOMAIN}",
        result="none",
        outcome="success",
    )
    directory = learnt(ticket(), service)
    assert directory.addresses.at("10.0.0.66", T) is None


def test_hosts_that_alternate_on_one_address_are_behind_nat():
    events = [ticket(T + i * MIN, name) for i, name in enumerate(["A$", "B$", "A$"])]
    directory = learnt(*events)
    assert directory.addresses.at("10.0.0.50", T + MIN).host == f"b.{DOMAIN}"
    assert directory.addresses.at("10.0.0.50", T + 5 * MIN) is None
    rows = directory.take_rows()
    assert [(n.tag, n.network, n.valid_from) for n in rows.networks] == [
        ("nat", "10.0.0.50", T + 2 * MIN)
    ]


def test_addresses_of_declared_networks():
    """Behind NAT stands no host; in a VPN pool one is soon another's, unless it is a lease."""
    directory = Directory()
    directory.declare_network(DirNetwork("nat", "10.0.0.48/28"))
    directory.declare_network(DirNetwork("vpn_pool", "10.9.0.0/16"))
    directory.declare_network(DirNetwork("vpn_pool", "fd00::/64"))
    renewed = [ticket(T + i * 10 * MIN, "B$", src="10.9.0.2") for i in range(5)]
    leased = wire(HostBinding, T + 1, ip="10.9.0.3", host=f"a.{DOMAIN}", method="dhcp", until=T + 8 * HOUR)  # fmt: skip
    Passive(directory).learn([
        ticket(account="A$"), ticket(account="A$", src="10.9.0.1"), ticket(account="A$", src="fd00::1"), *renewed, leased,
    ])  # fmt: skip

    def host(ip, ts):
        held = directory.addresses.at(ip, ts)
        return held.host.partition(".")[0] if held else None

    assert host("10.0.0.50", T) is None
    assert [host(ip, T + HOUR - 1) for ip in ("10.9.0.1", "fd00::1")] == ["a", "a"]
    assert [host(ip, T + HOUR) for ip in ("10.9.0.1", "fd00::1")] == [None, None]
    assert (host("10.9.0.2", T + 100 * MIN - 1), host("10.9.0.2", T + 100 * MIN)) == ("b", None)
    assert (host("10.9.0.3", T + 8 * HOUR - 1), host("10.9.0.3", T + 8 * HOUR)) == ("a", None)


def test_an_address_handed_on_belongs_to_the_new_host():
    directory = learnt(ticket(account="A$"), ticket(T + 3 * HOUR, "B$"))
    assert directory.addresses.at("10.0.0.50", T + HOUR).host == f"a.{DOMAIN}"
    assert directory.addresses.at("10.0.0.50", T + 4 * HOUR).host == f"b.{DOMAIN}"
    assert [(r.valid_from, r.valid_to) for r in directory.addresses.rows("10.0.0.50")] == [
        (T, T + 3 * HOUR),
        (T + 3 * HOUR, T + 15 * HOUR),
    ]


def test_records_join_netbios_dns_and_sid():
    directory = learnt(
        Logon(ts=T, via="event_4768", dc=f"dc1.{DOMAIN}", account=f"alice@{DOMAIN}|{SID}-1105"),
        Logon(ts=T, via="event_4624", dc=f"ws9.{DOMAIN}", account=f"ACME\\bob|{SID}-1106"),
    )
    assert directory.account("ACME\\carol") == f"carol@{DOMAIN}"
    assert directory.account(f"{SID}-1105") == f"alice@{DOMAIN}"
    assert directory.account(f"{SID}-512") == f"domain admins@{DOMAIN}"
    assert directory.is_dc(f"dc1.{DOMAIN}", T)
    assert not directory.is_dc(f"ws9.{DOMAIN}", T)


def test_the_order_within_a_batch_does_not_matter():
    events = [
        ticket(T + 4, "WS9$"),
        ticket(T, "DC2$", src="10.0.0.11"),
        wire(RpcBind, T + 1, "10.0.0.10", "10.0.0.11", interface="drsuapi"),
    ]
    first, second = learnt(*events), learnt(*reversed(events))
    assert first.domain_controllers() == second.domain_controllers()
    assert first.addresses.rows("10.0.0.50") == second.addresses.rows("10.0.0.50")


def test_what_was_learnt_survives_a_restart():
    before = learnt(
        ticket(account="WS9$"),
        wire(RpcBind, T + 1, "10.0.0.10", "10.0.0.11", interface="drsuapi"),
        ticket(T + MIN, "B$"),
        ticket(T + 2 * MIN, "WS9$"),
        Logon(ts=T, via="event_4624", dc=f"ws9.{DOMAIN}", account=f"CORP\\bob|{SID}-1106"),
    )
    after = Directory()
    kept = before.take_learnt()
    after.restore(kept)
    assert after.domain_controllers() == before.domain_controllers()
    assert after.domains == before.domains
    assert after.addresses.rows("10.0.0.50") == before.addresses.rows("10.0.0.50")
    assert after.addresses.nat_since() == before.addresses.nat_since()
    assert after.account(f"{SID}-1106") == f"bob@{DOMAIN}"
    assert after.take_changed_from() is None
    rows, again = before.take_rows(), after.take_rows()
    assert sorted(r.key for r in rows.objects) == sorted(r.key for r in again.objects)
    assert before.take_learnt() == after.take_learnt() == {}


# --- rows ----------------------------------------------------------------------------------------


def test_declared_memberships_are_closed_and_cut_to_their_links():
    directory = Directory()
    declare(
        directory,
        [
            DirectoryObject("group", "outer", {}, members=("inner",)),
            DirectoryObject("group", "inner", {}, members=("Alice",), valid_from=100, valid_to=200),
            DirectoryObject("group", "loop", {}, members=("loop",)),
        ],
    )
    members = [
        (m.group_key, m.member_key, m.valid_from, m.valid_to) for m in directory.take_rows().members
    ]
    assert members == [
        ("inner", "alice", 100, 200),
        ("loop", "loop", 0, FOREVER),
        ("outer", "alice", 100, 200),
        ("outer", "inner", 0, FOREVER),
    ]


def test_intervals_of_a_key_never_overlap():
    directory = Directory()
    declare(
        directory,
        [
            DirectoryObject(
                "account", "bob", {"tags": ("honeytoken",)}, valid_from=0, valid_to=None
            ),
            DirectoryObject("account", "bob", {}, valid_from=500, valid_to=900),
        ],
    )
    rows = [(r.valid_from, r.valid_to, r.tags) for r in directory.take_rows().objects]
    assert rows == [(0, 500, ("honeytoken",)), (500, 900, ())]


def test_a_learnt_part_cuts_the_rows_of_a_host():
    directory = Directory()
    directory.learn(DirObject(key="ip:10.0.0.9", kind="host", domain=DOMAIN, valid_from=T))
    directory.learn_role("ip:10.0.0.9", "kdc", T)
    directory.end_role("ip:10.0.0.9", T + 5)
    rows = [(r.valid_from, r.valid_to, r.tags) for r in directory.take_rows().objects]
    assert rows == [(T - BEFORE_US, T, ("dc",)), (T, T + 5, ("dc",)), (T + 5, FOREVER, ())]


def test_a_controllers_account_carries_its_tags():
    directory = Directory()
    declare(directory, [DirectoryObject("host", f"dc1.{DOMAIN}", {"tags": ("dc", "management")})])
    rows = {r.key: r for r in directory.take_rows().objects}
    assert rows[f"dc1$@{DOMAIN}"].tags == ("dc",)
    assert rows[f"dc1$@{DOMAIN}"].computer


# --- other names of accounts ----------------------------------------------------------------------


@pytest.fixture
def staff():
    made = Directory()
    declare(made, [
        DirectoryObject("domain", DOMAIN, {"netbios": "CORP", "sid": SID}),
        DirectoryObject("account", f"asmith@{DOMAIN}", {
            "upn": "Alice.Smith@corp.example", "sid": f"{SID}-1105", "dn": "CN=Smith\\, Alice,DC=corp,DC=lab,DC=test",
            "previous_names": ("ajones",),
        }, spns=("HTTP/web1.corp.lab.test",)),
        DirectoryObject("account", f"bob@{DOMAIN}", {"previous_names": ("asmith", "twice")}),
        DirectoryObject("account", f"carl@{DOMAIN}", {"previous_names": ("twice",)}),
    ])  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("CORP\\ASmith", "asmith"),
        ("alice.smith@CORP.EXAMPLE", "asmith"),
        ("cn=smith\\, alice,dc=corp,dc=lab,dc=test", "asmith"),
        (f"{SID}-1105", "asmith"),
        ("CORP\\ajones", "asmith"),
        ("ajones@corp.lab.test", "asmith"),
        ("HTTP/web1.corp.lab.test@CORP.LAB.TEST", "asmith"),
        ("CORP\\twice", "twice"),
        ("alice.smith@corp.lab.test", "alice.smith"),
    ],
)
def test_one_account_by_all_its_names(staff, raw, expected):
    assert staff.account(raw) == f"{expected}@{DOMAIN}"


def renamed(ts, old, new, **more):
    return AccountChange(ts=ts, via="event_4781", dc=f"dc1.{DOMAIN}", account=f"CORP\\{old}|{SID}-1200",
                         action="renamed", old_name=old, new_name=new, outcome="success", **more)  # fmt: skip


def test_a_sid_bears_its_new_name_from_the_renaming_on(directory):
    Passive(directory).learn([renamed(T + 20, "anne", "anna"), renamed(T + 10, "ann", "anne")])
    raw = f"CORP\\whoever|{SID}-1200"

    def named(known):
        return [known.account(raw, ts=ts) for ts in (T, T + 10, T + 11, T + 20, T + 21, None)]

    expected = [f"{n}@{DOMAIN}" for n in ("ann", "ann", "anne", "anne", "anna", "anna")]
    assert named(directory) == expected
    saved = directory.take_learnt()
    again = Directory()
    again.declare_domain(DirDomain(DOMAIN, "corp", SID))
    again.restore(saved)
    assert named(again) == expected
    assert again.take_learnt() == {}


def test_a_declared_account_keeps_its_name(staff):
    Passive(staff).learn([
        msgspec.structs.replace(renamed(T, "asmith", "x"), account=f"CORP\\asmith|{SID}-1105"),
    ])  # fmt: skip
    assert staff.account(f"{SID}-1105", ts=T + 1) == f"asmith@{DOMAIN}"
