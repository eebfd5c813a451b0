"""What the checker makes of a faultless block."""

import pytest

from dsl import plan
from dsl.types import Type

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
ALERT = "\nalert t as (source: source)"


def node(built, name="t"):
    return dict(built.relations)[name]


def types(built, name="t"):
    return {n: t.kind + ("[]" if t.many else "") for n, t in node(built, name).columns}


# --- literals, names, kinds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('src_ip == "10.0.0.001"', None),
        ('src_ip == "2001:DB8:0::1"', "2001:db8::1"),
        ('src_ip == "::ffff:10.0.0.1"', "10.0.0.1"),
        ('ticket_hash == "00FF"', b"\x00\xff"),
        ('account == "krbtgt"', "krbtgt"),
        ('"ws9" == source', "ws9"),
        ("outcome == success", "success"),
        ("success == outcome", "success"),
        ("etype == etype_99", "etype_99"),
        ("via == event_4768", "event_4768"),
        ("till - ts > 10m", 10 * MINUTE),
        ("name_type == -1", -1),
        ("name_type == 0xFFFFFFFF", 0xFFFFFFFF),
        ("fast == true", True),
    ],
)
def test_literal_takes_the_kind_it_meets(checked, where, expected):
    built, found = checked(f"t = match kerberos_as where {where}{ALERT}")
    if expected is None:
        assert [d.code for d in found] == ["D0307"]
        return
    condition = node(built).where
    literal = condition.right if isinstance(condition.right, plan.Lit) else condition.left
    assert literal.value == expected


def test_an_enum_word_wins_over_a_column(planned):
    built = planned(f"t = match vpn_session where phase == start{ALERT}")
    assert node(built).where.right.value == "start"


def test_a_column_is_read_where_no_word_has_the_name(planned):
    built = planned(f"t = match kerberos_as where etype == reply_etype{ALERT}")
    assert node(built).where.right == plan.Col("reply_etype", node(built).where.left.type)


def test_param_is_a_literal_with_its_name(planned):
    built = planned(
        "t = window kerberos_as by source over $w compute n := count() having n >= $least" + ALERT,
        params={"w": ("duration", 5 * MINUTE), "least": ("int", 7)},
    )
    assert node(built).over == 5 * MINUTE
    assert node(built).having.right == plan.Lit(7, Type("int"), "least")
    assert built.params == (("w", 5 * MINUTE), ("least", 7))
    assert (built.id, built.version, built.events) == ("example", 3, ("kerberos_as",))


def test_case_gives_null_and_words_its_kind(planned):
    built = planned(
        'text_ = match kerberos_as where fast let k := case(encrypted -> "a", else null)\n'
        "t = match text_ let e := case(fast -> rc4_hmac, else etype)" + ALERT
    )
    otherwise = dict(node(built, "text_").lets)["k"].otherwise
    assert otherwise == plan.Lit(None, Type("text"))
    assert dict(node(built).lets)["e"].type.kind == "enum"


def test_let_hides_the_column_for_later_ones(planned):
    built = planned(
        "t = match kerberos_as where account is not null "
        "let account := account_of(account_name), k := account.name" + ALERT
    )
    assert types(built)["account"] == "account"
    assert dict(node(built).lets)["k"] == plan.Attr(
        plan.Col("account", Type("account")), "name", Type("text")
    )


def test_numbers_and_times(planned):
    built = planned(
        "t = match kerberos_as where fast let a := 3 / 2, b := 2 * 3, c := till - ts, d := ts + 1h,"
        " e := c / 2, f := c / 1h, g := hours(c), h := -c, i := 1 + 0.5" + ALERT
    )
    kinds = [types(built)[k] for k in "abcdefghi"]
    assert kinds == [
        "float", "int", "duration", "time", "duration", "float", "float", "duration", "float",
    ]  # fmt: skip


def test_functions_over_values_of_one_kind(planned):
    built = planned(
        "t = match ntlm_auth where minus(negotiate_flags, authenticate_flags) has any {sign, seal} "
        'let odd := minus(negotiate_flags, {sign}), who := coalesce(source, "ws1")' + ALERT
    )
    assert types(built)["odd"] == "enum[]"
    assert dict(node(built).lets)["who"].arguments[1].type == Type("host")


def test_is_functions_lift_over_lists(planned):
    built = planned("t = match ldap_search where is_honeytoken(returned)" + ALERT)
    assert node(built).where.function == "is_honeytoken"


# --- columns of the verbs ------------------------------------------------------------------------


def test_window_has_keys_and_aggregates_only(planned):
    built = planned(
        "t = window ldap_search by source, dc over 10m compute n := count(), a := set(attributes), "
        "who := set(account), v := sum(visited), m := avg(visited), f := first(base), "
        "g := gap_cv(ts), d := count_distinct(account, base)" + ALERT
    )
    assert types(built) == {
        "source": "host", "dc": "host", "n": "int", "a": "text[]", "who": "account[]", "v": "int",
        "m": "float", "f": "text", "g": "float", "d": "int",
    }  # fmt: skip


def test_sequence_has_keys_and_the_steps_columns(planned):
    built = planned(
        "t = sequence by member ~ account within 1h: group_change as g then not logon "
        "then kerberos_as as k where k.source != g.source x 2\n"
        "alert t as (actor: k.account, member: member, source: g.source)"
    )
    columns = types(built)
    assert columns["member"] == "account"
    assert columns["g.action"] == "enum"
    assert columns["k.ts"] == columns["g.start"] == "time"
    assert "account" not in columns
    assert not [c for c in columns if c.startswith("logon.")]
    steps = node(built).steps
    assert [s.keys for s in steps] == [("member",), ("account",), ("account",)]
    assert [s.times for s in steps] == [1, 1, 2]
    assert steps[2].where.left.name == "k.source"


def test_a_step_reads_its_own_columns_plainly(planned):
    built = planned(
        "t = sequence by account within 1h: logon as a then kerberos_as as b where fast\n"
        "alert t as (actor: account)"
    )
    assert node(built).steps[1].where == plan.Col("b.fast", Type("bool"))


def test_not_steps_may_share_a_name(planned):
    built = planned(
        "v = match vpn_session where phase == start\n"
        "t = sequence by account within 1h: v as a then not v then v as b\n"
        "alert t as (actor: account)"
    )
    assert len({s.alias for s in node(built).steps}) == 3


def test_join_keeps_what_it_says(planned):
    built = planned(
        "t = join directory_access with logon on logon_id, dc within 12h before optional "
        "keep logon.src_ip as peer_ip, process" + ALERT
    )
    assert types(built)["peer_ip"] == "ip"
    assert node(built).keeps == (("src_ip", "peer_ip"), ("process", "process"))
    assert node(built).keys == (("logon_id", "logon_id"), ("dc", "dc"))


def test_absence_names_both_sides(planned):
    built = planned(
        "a = match kerberos_as where fast let ticket := ticket_hash\n"
        "t = absence of kerberos_tgs where kerberos_tgs.outcome == success and a.etype == etype "
        "following a by tgt_hash ~ ticket within 1h" + ALERT
    )
    assert node(built).keys == (("ticket", "tgt_hash"),)
    where = node(built).where
    assert where.left.left.name == "of.outcome"
    assert where.right.left.name == where.right.right.name == "etype"
    assert types(built)["covered"] == "bool"


@pytest.mark.parametrize(
    ("rest", "read"),
    [
        ("alert t as (source: source)", False),
        ("alert t as (source: source) when covered", True),
        ("alert t as (source: source, sure: covered)", True),
        ("u = match t where not covered\nalert u as (source: source)", True),
        ("u = match t let covered := fast\nalert u as (source: source) when covered", False),
        (
            (
                "s = sequence by account within 1h: t then logon where t.covered\n"
                "alert s as (actor: account)"
            ),
            True,
        ),
    ],
)
def test_who_reads_covered(planned, rest, read):
    block = "t = absence of logon preceding kerberos_as by account within 1h\n" + rest
    assert node(planned(block)).reads_covered is read


@pytest.mark.parametrize(
    ("block", "primary"),
    [
        ("t = match ntlm_auth where outcome == success", True),
        ("t = match ntlm_auth where via == event_4776", False),
        ("t = match ntlm_auth let witness := via", False),
        ("t = window ntlm_auth by source over 1h compute n := count() where via == wire", False),
        ("t = window ntlm_auth by source over 1h compute n := count()", True),
    ],
)
def test_all_witnesses_only_where_via_is_named(planned, block, primary):
    assert node(planned(block + ALERT)).source.primary_only is primary


def test_via_of_a_step(planned):
    built = planned(
        "t = sequence by account within 1h: ntlm_auth as a then logon as b where a.via == wire\n"
        "alert t as (actor: account)"
    )
    assert [s.source.primary_only for s in node(built).steps] == [False, True]


def test_union_by_name(planned):
    built = planned(
        "a = union kerberos_as, ldap_bind, logon\nt = match a where outcome == success" + ALERT
    )
    columns = types(built, "a")
    assert "result" not in columns
    assert {"etype", "mechanism", "process", "logon_type"} <= set(columns)


# --- shared relations ----------------------------------------------------------------------------

AUTH = {
    "auth": "auth = union kerberos_as, ntlm_auth",
    "wide": "few = match auth where fast\nwide = union few, logon",
}


def test_shared_relations_come_first_and_keep_their_names(planned):
    built = planned("t = match wide where outcome == success" + ALERT, shared=AUTH)
    assert [name for name, _ in built.shared] == ["auth", "wide.few", "wide"]
    assert node(built).source == plan.Ref("wide", dict(built.shared)["wide"].columns)
    assert built.events == ("kerberos_as", "logon", "ntlm_auth")


def test_a_local_relation_hides_a_shared_one(planned):
    built = planned("auth = match wide where fast\nt = match auth where fast" + ALERT, shared=AUTH)
    assert [name for name, _ in built.shared] == ["shared.auth", "wide.few", "wide"]
    assert node(built).source.name == "auth"


def test_a_cycle_of_shared_relations_is_told_in_their_file(checked):
    built, found = checked(
        "t = match a where fast" + ALERT,
        shared={"a": "a = match b where fast", "b": "b = match a where fast"},
    )
    assert built is None
    assert [(d.code, d.file) for d in found] == [("D0209", "b.yaml")]


# --- alerts --------------------------------------------------------------------------------------


def test_default_dedup_is_a_day_by_the_entities(planned):
    built = planned(
        "t = match ldap_search where cldap\n"
        "alert t as (source: source, actor: account, found: returned, base: base)"
    )
    (alert,) = built.alerts
    assert alert.dedup == DAY
    assert [name for name, _ in alert.dedup_by] == ["source", "actor"]


def test_a_role_hides_a_column_in_except_and_dedup(planned):
    built = planned(
        "t = match group_change where action == member_added\n"
        "alert t as (actor: member, on: dc) except actor in @known dedup 1h by actor, source",
        lists={"known": "account"},
    )
    (alert,) = built.alerts
    member = plan.Col("member", Type("account"))
    assert alert.excepts == ((member, plan.ListRef("known", Type("account", many=True))),)
    assert alert.dedup_by == (("actor", member), ("source", plan.Col("source", Type("host"))))


def test_alert_clauses(planned):
    built = planned(
        "t = match kerberos_as where fast\nalert t as (actor: account) "
        "severity case(encrypted -> high, else informational) confidence 30 + 60 when encrypted"
    )
    (alert,) = built.alerts
    assert alert.severity.type.kind == "enum"
    assert alert.confidence.type.kind == "int"
    assert alert.when == plan.Col("encrypted", Type("bool"))


# --- look-back -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("t = match logon where process is not null", 0),
        ("t = window logon by source over 10m compute n := count()", 10 * MINUTE),
        ("t = window logon by source over 10m tumbling compute n := count()", 10 * MINUTE),
        ("t = window logon by source over 10m session compute n := count()", 250 * MINUTE),
        ("t = window logon by source over 2h session compute n := count()", 26 * HOUR),
        (
            (
                "w = window logon by source over 10m compute n := count()\n"
                "t = sequence by source within 10m: w then kerberos_as"
            ),
            20 * MINUTE,
        ),
        ("t = join logon with kerberos_as on source within 1h before", HOUR),
        ("t = join logon with kerberos_as on source within 1h after", HOUR),
        ("t = join logon with kerberos_as on source within 1h around", 2 * HOUR),
        ("t = absence of logon following kerberos_as by source within 1h", HOUR),
        (
            (
                "w = window logon by source over 10m compute n := count()\n"
                "t = absence of w preceding kerberos_as by source within 1h"
            ),
            70 * MINUTE,
        ),
        (
            (
                "w = window logon by source over 10m compute n := count()\n"
                "t = absence of kerberos_as preceding w by source within 1h"
            ),
            HOUR,
        ),
    ],
)
def test_look_back_adds_up(planned, block, expected):
    assert planned(block + ALERT).look_back == expected


def test_retention_is_per_type(planned, checked):
    long_ago = (
        "t = join kerberos_as with certificate_request on certificate_serial within 365d before"
    )
    assert planned(long_ago + ALERT).look_back == 365 * DAY
    _, found = checked(
        "t = join certificate_request with kerberos_as on certificate_serial within 365d before"
        + ALERT
    )
    assert [d.code for d in found] == ["D0312"]
