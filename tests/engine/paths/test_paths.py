"""Lateral movement: what makes an edge, as of when, and the shortest ways over them."""

import pytest

from dsl.given_directory import DirectoryObject
from dsl.schema.directory import GroupChange
from dsl.schema.kerberos import KerberosAs, KerberosTgs
from dsl.schema.smb import SmbFile
from dsl.schema.windows import Logon, ServiceInstall, TaskCreate
from engine.directory_file import DirectoryFile
from engine.entities_build import directory_of
from engine.paths.found import WITHIN_US, find
from engine.paths.graph import Graph
from engine.paths.search import Ways
from engine.run import Engine
from engine.store import Store
from engine.store.movement import Administrator, Member, Session

HOUR = 3_600_000_000
DAY = 24 * HOUR
T = 20_000 * DAY
D = "corp.lab.test"
BOSS = f"boss@{D}"
HOSTS = {"ws1": "10.0.0.1", "ws2": "10.0.0.2", "dc1": "10.0.0.10"}


def group(name, *members):
    return DirectoryObject("group", name, {"domain": D}, members=members)


OBJECTS = (
    DirectoryObject("domain", D, {"netbios": "CORP"}),
    *(
        DirectoryObject(
            "host",
            f"{n}.{D}",
            {"domain": D, "tags": ("dc",) if n == "dc1" else ()},
            addresses=(ip,),
        )
        for n, ip in HOSTS.items()
    ),
    DirectoryObject("account", BOSS, {"domain": D}),
    group(f"domain admins@{D}", BOSS),
    group(f"helpdesk@{D}", f"hanna@{D}", f"henry@{D}"),
)


@pytest.fixture
def world():
    """What the events say, under the directory above and more of it: `find` for a time."""
    stores = []

    def make(*events, more=()):
        directory = directory_of(DirectoryFile((*OBJECTS, *more), ()))
        store = Store()
        stores.append(store)
        engine = Engine(store, [], compile_detection=None, directory=directory)
        engine.ingest(list(events))
        engine.tick()

        def look(at=T, **options):
            return find(store.connection, at, **options)

        return look

    yield make
    for store in stores:
        store.close()


def ticket(account, host, ts=T, kind=KerberosAs, **more):
    named = (
        {"account_name": account, "realm": D}
        if kind is KerberosAs
        else {"account": f"{account}@{D}"}
    )
    return kind(ts=ts, via="wire", src_ip=HOSTS[host], dst_ip=HOSTS["dc1"], outcome="success", **named, **more)  # fmt: skip


def share(account, host, name="ADMIN$", ts=T, outcome="success"):
    return SmbFile(ts=ts, via="wire", src_ip="10.0.0.99", dst_ip=HOSTS[host], account=f"{account}@{D}",
                   share=f"\\\\{host}\\{name}", outcome=outcome)  # fmt: skip


def told(found):
    return [
        (w.start, *((s.host.partition(".")[0], s.right, s.group, s.then) for s in w.steps))
        for w in found.ways
    ]


def by(account, host, right, group=None, then=BOSS):
    return (f"{account}@{D}", (host, right, group, then))


LOGON = {"via": "event_4624", "dc": f"ws1.{D}", "account": "CORP\\boss", "logon_id": 7, "outcome": "success"}  # fmt: skip


@pytest.mark.parametrize(
    ("session", "works"),
    [
        (ticket("boss", "ws1"), True),
        (ticket("boss", "ws1", T - WITHIN_US + 1), True),
        (ticket("boss", "ws1", T - WITHIN_US), False),
        (ticket("boss", "ws1", T + 1), False),
        (ticket("boss", "ws1", kind=KerberosTgs, s4u="none"), True),
        (ticket("boss", "ws1", kind=KerberosTgs, s4u="self"), False),
        (Logon(ts=T, logon_type="remote_interactive", **LOGON), True),
        (Logon(ts=T, logon_type="network", **LOGON), False),
        (Logon(ts=T, logon_type="network", **LOGON | {"src_ip": HOSTS["ws1"], "dc": f"ws2.{D}"}), True),
        (Logon(ts=T, logon_type="interactive", **LOGON | {"outcome": "wrong_password"}), False),
    ],
)  # fmt: skip
def test_what_leaves_credentials_on_a_host(world, session, works):
    found = world(session, share("eve", "ws1", ts=T - 1))()
    assert told(found) == ([by("eve", "ws1", "share")] if works else [])


def test_who_logged_off_is_gone(world):
    on = Logon(ts=T - HOUR, logon_type="interactive", **LOGON)
    off = Logon(ts=T, **LOGON | {"via": "event_4634", "outcome": None})
    again = Logon(ts=T, **LOGON | {"via": "event_4634", "outcome": None, "logon_id": 8})
    look = world(on, off, share("eve", "ws1", ts=T - 2 * HOUR))
    assert (told(look()), len(told(look(T - 1)))) == ([], 1)
    assert len(told(world(on, again, share("eve", "ws1", ts=T - 2 * HOUR))())) == 1


@pytest.mark.parametrize(
    ("act", "right"),
    [
        (share("eve", "ws1"), "share"),
        (share("eve", "ws1", "C$"), "share"),
        (share("eve", "ws1", "IPC$"), None),
        (share("eve", "ws1", "data$"), None),
        (share("eve", "ws1", outcome="denied"), None),
        (share("eve", "ws1", ts=T - 30 * DAY), None),
        (share("eve", "ws1", ts=T - 30 * DAY + 1), "share"),
        (ServiceInstall(ts=T, via="wire", dst_ip=HOSTS["ws1"], account=f"eve@{D}", outcome="success", remote=True), "service"),
        (ServiceInstall(ts=T, via="wire", dst_ip=HOSTS["ws1"], account=f"eve@{D}", outcome="error", remote=True), None),
        (TaskCreate(ts=T, via="wire", dst_ip=HOSTS["ws1"], account=f"eve@{D}", outcome="success", remote=True), "task"),
    ],
)  # fmt: skip
def test_what_shows_an_administrator(world, act, right):
    found = world(ticket("boss", "ws1"), act)()
    assert told(found) == ([by("eve", "ws1", right)] if right else [])


def change(action, member, ts=T, group="S-1-5-32-544", dc=f"ws1.{D}"):
    return GroupChange(ts=ts, via="event_4732", dc=dc, group=f"Builtin\\Administratoren|{group}",
                       member=f"CORP\\{member}", action=action, outcome="success")  # fmt: skip


def test_members_of_the_hosts_group_by_events_and_by_the_directory(world):
    local = group("administrators@ws1", f"helpdesk@{D}", f"eve@{D}")
    look = world(
        ticket("boss", "ws1"),
        change("member_added", "ann", T - HOUR),
        change("member_removed", "eve", T),
        change("member_added", "dora", T, dc=f"dc1.{D}"),
        more=(local,),
    )
    group_ = f"helpdesk@{D}"
    staff = [by("hanna", "ws1", "member", group_), by("henry", "ws1", "member", group_)]
    assert told(look()) == [by("ann", "ws1", "member"), *staff]
    before = look(T - 1, within=WITHIN_US)
    assert told(before) == []  # boss had not come yet
    assert told(look(T - 2 * HOUR)) == []


def test_a_removed_member_was_one_before(world):
    look = world(
        ticket("boss", "ws1", T - DAY),
        change("member_removed", "eve", T),
        more=(group("administrators@ws1", f"eve@{D}"),),
    )
    assert (told(look(T - 1)), told(look())) == ([by("eve", "ws1", "member")], [])


def test_a_way_over_two_hosts_and_what_lies_on_it(world):
    look = world(
        ticket("boss", "ws1"), share("ann", "ws1"), ticket("ann", "ws2"), share("bea", "ws2"),
        share("carl", "ws2"), share("ann", "ws2"),
    )  # fmt: skip
    found = look()
    ann, second = f"ann@{D}", ("ws1", "share", None, BOSS)
    assert told(found) == [
        by("ann", "ws1", "share"),
        (f"bea@{D}", ("ws2", "share", None, ann), second),
        (f"carl@{D}", ("ws2", "share", None, ann), second),
    ]
    assert [(r.node.partition(".")[0], r.accounts, r.exposed) for r in found.hosts] == [
        ("ws1", 3, (BOSS,)),
        ("ws2", 2, ()),
    ]
    assert [(r.node, r.accounts) for r in found.accounts] == [(ann, 2)]
    assert (found.reaching, found.targets) == (3, len({BOSS}))


def test_sensitive_accounts_are_ends_and_one_may_be_asked_for(world):
    more = (DirectoryObject("account", f"vip@{D}", {"sensitive": True}),)
    look = world(ticket("boss", "ws1"), share("vip", "ws1"), ticket("vip", "ws2"), share("eve", "ws2"),
                 ticket("eve", "ws1"), share("zoe", "ws1"), more=more)  # fmt: skip
    assert [(w.start, w.target) for w in look().ways] == [
        (f"eve@{D}", f"vip@{D}"),
        (f"zoe@{D}", BOSS),
    ]
    assert [(w.start, w.target) for w in look(to=f"eve@{D}").ways] == [(f"zoe@{D}", f"eve@{D}")]


def test_who_became_sensitive_by_an_event(world):
    added = GroupChange(ts=T, via="event_4728", dc=f"dc1.{D}", group="CORP\\Domain Admins", action="member_added",
                        member="CORP\\new", outcome="success")  # fmt: skip
    look = world(ticket("new", "ws1", T - 1), share("eve", "ws1", ts=T - 1), added)
    assert (told(look(T - 1)), told(look())) == ([], [by("eve", "ws1", "share", then=f"new@{D}")])


def test_computers_are_stages_and_no_beginnings():
    graph = Graph(
        [Session("boss", "h1", "kerberos", 1), Session("srv$@d", "srv", "kerberos", 1)],
        [Administrator("srv$@d", "h1", "member", 0), Administrator("eve@d", "srv", "share", 1)],
    )
    ways = Ways(graph, {"boss"}, ())
    assert [w.start for w in ways.nearest(9)] == ["eve@d"]
    assert (len(ways), [r.accounts for r in ways.risks(9)[0]]) == (1, [1, 1])


def test_equal_ways_are_told_in_one_order():
    sessions = [Session("boss", h, "kerberos", 1) for h in ("h2", "h1")]
    rights = [Administrator(p, h, "member", 0) for h in ("h1", "h2") for p in ("g", "eve@d")]
    members = [Member("g", m) for m in ("eve@d", "ann@d", "g2")] + [Member("g2", "ann@d")]
    found = [
        [(w.start, w.steps[0].host, w.steps[0].group) for w in Ways(Graph(s, r, m), {"boss"}, ()).nearest(9)]
        for s, r, m in ((sessions, rights, members), (sessions[::-1], rights[::-1], members[::-1]))
    ]  # fmt: skip
    assert found[0] == found[1]
    assert {(start, group) for start, _, group in found[0]} == {("ann@d", "g"), ("eve@d", "g")}
