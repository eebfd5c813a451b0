"""The SQL: no value is spliced, the catalogue is covered, what cannot be said is refused."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import plan
from dsl.attributes import ATTRIBUTES
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.types import Type
from engine.backends.duckdb import Unsupported, compile_detection
from engine.backends.duckdb.functions import LOWERED, UNSUPPORTED
from engine.backends.duckdb.literals import literal
from engine.backends.duckdb.terms import select

BOOL = Type("bool")
COLUMNS = (("workstation", Type("text")), ("source", Type("host")))


def detection(*relations, look_back=0):
    """The last relation's rows as an alert."""
    name, last = relations[-1]
    source = plan.Ref(name, last.columns)
    role = ("source", plan.Col("source", Type("host")))
    alert = plan.AlertPlan(
        source, (role,), None, None, None, (), 1, (role,), True, False, look_back
    )
    return plan.DetectionPlan("d", 1, relations, (), (alert,), (), look_back, True, ())


def matching(where):
    scan = plan.Scan("ntlm_auth", True, COLUMNS)
    return plan.Match(scan, where, (), COLUMNS)


@settings(max_examples=200, deadline=None)
@given(value=st.text())
def test_any_text_may_be_a_constant(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    sql = select(literal(value, "text")).sql(dialect="duckdb")
    assert duckdb.execute(sql).fetchall() == [(value,)]


@pytest.mark.parametrize("word", ["it's", 'a"b', "a\\' OR 1=1 --", "new\nline", "$low", "nul\0"])
def test_hostile_constants_mean_themselves(store, put, word):
    put((0, "ntlm_auth", {"source": "h", "workstation": word}), (1, "ntlm_auth", {"source": "g"}))
    where = plan.Op("==", plan.Col("workstation", Type("text")), plan.Lit(word, Type("text")), BOOL)
    found = compile_detection(detection(("a", matching(where)))).alerts[0]
    assert [r.evidence for r in found.rows(store.connection, 0, 2**62)] == [(1,)]


def test_a_relation_may_be_named_like_an_event_type(store, put):
    put((0, "ntlm_auth", {"source": "h"}), (0, "logon", {"source": "g"}))
    found = compile_detection(detection(("logon", matching(None)))).alerts[0]
    assert [r.roles for r in found.rows(store.connection, 0, 2**62)] == [{"source": "h"}]


def test_shared_relations_do_not_see_local_ones_of_the_same_name(store, put):
    put((0, "ntlm_auth", {"source": "h"}), (0, "logon", {"source": "g"}))
    shared = (("a", matching(None)), ("b", plan.Match(plan.Ref("a", COLUMNS), None, (), COLUMNS)))
    none = plan.Op("==", plan.Col("source", Type("host")), plan.Lit("x", Type("host")), BOOL)
    local = (("a", matching(none)), ("c", plan.Match(plan.Ref("b", COLUMNS), None, (), COLUMNS)))
    made = detection(*local)
    whole = plan.DetectionPlan("d", 1, local, shared, made.alerts, (), 0, True, ())
    found = compile_detection(whole).alerts[0]
    assert [r.roles for r in found.rows(store.connection, 0, 2**62)] == [{"source": "h"}]


def test_the_statement_for_people():
    sql = compile_detection(detection(("a", matching(None)))).alerts[0].sql
    assert sql.startswith("WITH")
    assert "$low" in sql
    assert "$high" in sql
    assert len(sql.splitlines()) > 20


def test_every_function_of_the_catalogue_is_lowered_or_refused():
    assert set(LOWERED) | UNSUPPORTED == set(FUNCTIONS)
    assert not set(LOWERED) & UNSUPPORTED


CONSTANTS = {
    "time": 1, "duration": 1, "int": 1, "float": 1.5, "bool": True, "bytes": b"\0", "ip": "10.0.0.1",
}  # fmt: skip


def argument(parameter, *, column):
    kind = Type(parameter.kinds[0] if parameter.kinds else "text", parameter.many)
    if column and not parameter.constant:
        return plan.Col("x" + ("s" if kind.many else "") + kind.kind, kind)
    return plan.Lit(CONSTANTS.get(kind.kind, "1.0"), kind)


def signatures():
    for name, function in sorted(FUNCTIONS.items()):
        for signature in function.signatures:
            if name == "item":
                continue  # takes a stored column, as the language cases have it
            yield pytest.param(name, signature, id=f"{name}: {signature.text}")


@pytest.mark.parametrize(("name", "signature"), list(signatures()))
def test_every_signature_runs_and_takes_null(store, put, name, signature):
    """Over a row whose columns are null and one with values: the SQL binds and runs."""
    put((0, "ntlm_auth", {"source": "h"}))
    arguments, lets = [], []
    for parameter in signature.parameters:
        made = argument(parameter, column=True)
        arguments.append(made)
        if isinstance(made, plan.Col):
            value = None if made.type.many else CONSTANTS.get(made.type.kind, "a@b.test")
            filled = plan.Lit(value, made.type)
            some = plan.SetOf((plan.Lit("aes256", Type(made.type.kind)),), made.type)
            lets.append((made.name, some if made.type.many and made.type.kind != "ip" else filled))
    if name in UNSUPPORTED:
        with pytest.raises(Unsupported):
            run(store, name, arguments, lets)
        return
    run(store, name, arguments, lets)
    (empty,) = run(store, name, arguments, [(n, plan.Lit(None, e.type)) for n, e in lets])
    if FUNCTIONS[name].total:
        assert empty.roles["value"] is not None
    elif name != "len" and lets:
        assert empty.roles["value"] is None


def run(store, name, arguments, lets):
    result = next((s.result for s in FUNCTIONS[name].signatures), None) or arguments[0].type
    scan = plan.Scan("ntlm_auth", True, COLUMNS)
    kinds = tuple((n, e.type) for n, e in lets)
    first = plan.Match(scan, None, tuple(lets), COLUMNS + kinds)
    value = plan.Call(name, tuple(arguments), result)
    columns = (*COLUMNS, *kinds, ("value", result))
    second = plan.Match(plan.Ref("a", first.columns), None, (("value", value),), columns)
    source = plan.Ref("b", columns)
    roles = (("value", plan.Col("value", result)),)
    alert = plan.AlertPlan(source, roles, None, None, None, (), 1, roles, True, False, 0)
    both = (("a", first), ("b", second))
    whole = plan.DetectionPlan("d", 1, both, (), (alert,), (), 0, True, ())
    return compile_detection(whole).alerts[0].rows(store.connection, 0, 2**62)


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_every_attribute_runs(store, put, name):
    put((0, "ntlm_auth", {"source": "h"}))
    attribute = ATTRIBUTES[name]
    entity = plan.Col("source", Type(attribute.owners[0]))
    value = plan.Attr(entity, name, attribute.type)
    where = plan.IsNull(value, BOOL)
    found = compile_detection(detection(("a", matching(where)))).alerts[0]
    assert len(found.rows(store.connection, 0, 2**62)) == 1


def arguments_of(name):
    port, share = plan.Col("src_port", Type("int")), plan.Lit(90, Type("int"))
    return {"count": (), "percentile": (port, share)}.get(name, (port,))


def test_every_aggregate_is_lowered(store, put):
    put((0, "ntlm_auth", {"source": "h", "src_port": 1}))
    ports = (*COLUMNS, ("src_port", Type("int")))
    scan = plan.Scan("ntlm_auth", True, ports)
    aggregates = tuple(
        plan.Aggregate(
            f"a_{name}",
            name,
            arguments_of(name),
            None,
            Type("int", name == "set"),
        )
        for name in AGGREGATES
    )
    columns = (("source", Type("host")), *((a.name, a.type) for a in aggregates))
    window = plan.Window(scan, ("source",), 10, "sliding", aggregates, None, columns)
    found = compile_detection(detection(("w", window), look_back=10)).alerts[0]
    assert len(found.rows(store.connection, 0, 2**62)) == 1


@pytest.mark.parametrize(
    ("where", "feature"),
    [
        (plan.Op("matches", plan.Col("workstation", Type("text")), plan.Lit("(?=a)", Type("text")), BOOL), "(?=a)"),
        (plan.Op("matches", plan.Col("workstation", Type("text")), plan.Col("source", Type("text")), BOOL), "constant"),
        (plan.Attr(plan.Col("source", Type("host")), "shoe_size", BOOL), "shoe_size"),
        (plan.Call("frobnicate", (), BOOL), "frobnicate"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_by_compiling(where, feature):
    with pytest.raises(Unsupported, match="not supported") as caught:
        compile_detection(detection(("a", matching(where))))
    assert feature in caught.value.feature
