"""Queries of people: what they see, and everything that they may not."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.schema.dns import DnsQuery
from dsl.schema.kerberos import KerberosAs, KerberosTgs
from dsl.schema.registry import event_types
from engine.store import Store
from engine.store.reads import BusyError, TooSlowError, reads_of
from portal.reading import query
from portal.reading.query import answered
from portal.reading.sql.statement import QueryError, statement
from portal.reading.sql.views import view

S = 1_000_000
T = 1_767_614_400_000_000


def asked(second, source, name, **kw):
    kw = {"via": "wire", "qtype": "axfr", "src_ip": "10.0.0.9", "sensor": "s", "seq": second} | kw
    return DnsQuery(ts=T + second * S, id=second, source=source, query=name, **kw)


@pytest.fixture(scope="module")
def filled():
    """A store with a few events."""
    store = Store()
    logon = KerberosAs(ts=T + 3 * S, id=3, account="ann@corp.test", source="ws9.corp.test")
    store.append([
        asked(0, "ws9.corp.test", "corp.test"), asked(60, "ws8.corp.test", "b.test"),
        asked(120, "ws8.corp.test", "c.test"), logon,
    ])  # fmt: skip
    yield store
    store.close()


@pytest.fixture(scope="module")
def sources(filled):
    reads = reads_of(filled)
    yield SimpleNamespace(reads=reads)
    reads.close()


@pytest.fixture
def ask(sources):
    def go(sql, *args, **kw):
        return answered(sources, sql, *args, **kw)["rows"]

    return go


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT 1", [[1]]),
        ("SELECT query FROM dns_query ORDER BY ts", [["corp.test"], ["b.test"], ["c.test"]]),
        ("from dns_query select count(*)", [[3]]),
        ("SELECT q.query FROM dns_query AS q WHERE q.source LIKE 'ws9%'", [["corp.test"]]),
        ("SELECT dns_query.query FROM dns_query LIMIT 1 OFFSET 1", [["b.test"]]),
        ("SELECT DNS_QUERY.query FROM DNS_Query LIMIT 1", [["corp.test"]]),
        ("SELECT ts, src_ip FROM dns_query LIMIT 1", [["2026-01-05T12:00:00.000000Z", "10.0.0.9"]]),
        ("SELECT count(*) FROM dns_query WHERE src_ip = '10.0.0.9' AND ts > '2026-01-05 12:00:30'", [[2]]),
        ("SELECT source, count(*) AS n FROM dns_query GROUP BY source HAVING n > 1", [["ws8.corp.test", 2]]),
        ("SELECT source, count(DISTINCT query) FROM dns_query GROUP BY ALL ORDER BY 2 DESC",
         [["ws8.corp.test", 2], ["ws9.corp.test", 1]]),
        ("SELECT k.account FROM kerberos_as k JOIN dns_query d ON k.source = d.source", [["ann@corp.test"]]),
        ("SELECT k.account FROM kerberos_as k LEFT JOIN dns_query d USING (source)", [["ann@corp.test"]]),
        ("WITH x AS (SELECT source FROM dns_query), y AS (SELECT * FROM x) SELECT count(*) FROM y, x", [[9]]),
        ("WITH x AS (SELECT query q FROM dns_query) SELECT x.q FROM x ORDER BY 1 LIMIT 1", [["b.test"]]),
        ("SELECT source FROM dns_query UNION SELECT source FROM kerberos_as ORDER BY 1",
         [["ws8.corp.test"], ["ws9.corp.test"]]),
        ("SELECT count(*) FROM dns_query d WHERE EXISTS (SELECT 1 FROM kerberos_as k WHERE k.source = d.source)", [[1]]),
        ("SELECT date_trunc('minute', ts) m, count(*) FROM dns_query GROUP BY m ORDER BY m LIMIT 1",
         [["2026-01-05T12:00:00.000000Z", 1]]),
        ("SELECT query, row_number() OVER (PARTITION BY source ORDER BY ts) r FROM dns_query QUALIFY r = 2", [["c.test", 2]]),
        ("SELECT upper(query) || '!', length(query), query[1] FROM dns_query LIMIT 1", [["CORP.TEST!", 9, "c"]]),
        ("SELECT CASE WHEN qtype = 'axfr' THEN 'zone' ELSE qtype END FROM dns_query LIMIT 1", [["zone"]]),
        ("SELECT regexp_matches(query, '^b'), query IN ('b.test'), TRY_CAST(query AS INT) FROM dns_query WHERE query = 'b.test'",
         [[True, True, None]]),
        ("SELECT strftime(ts, '%H:%M'), extract(minute FROM ts) FROM dns_query LIMIT 1", [["12:00", 0]]),
        ("SELECT query -- a remark; DROP TABLE dns_query\nFROM dns_query /* */ LIMIT 1;", [["corp.test"]]),
        ("SELECT list_contains(array_agg(query), 'b.test'), string_agg(query, ' ' ORDER BY ts) FROM dns_query",
         [[True, "corp.test b.test c.test"]]),
        ("SELECT * FROM (SELECT query FROM dns_query) x WHERE x.query = 'none'", []),
    ],
)  # fmt: skip
def test_what_can_be_asked(filled, ask, sql, rows):
    assert ask(sql) == rows


def test_an_ipv6_address_is_text(filled, ask):
    filled.append([asked(-900, "ws9", "x", src_ip="fe80::1")])
    rows = ask("SELECT src_ip FROM dns_query WHERE source = 'ws9'")
    filled.connection.execute("DELETE FROM dns_query WHERE source = 'ws9'")
    assert rows == [["fe80:0000:0000:0000:0000:0000:0000:0001"]]


def test_of_a_time_and_at_most(sources, ask):
    assert ask("SELECT query FROM dns_query", since=T + S, until=T + 60 * S) == [["b.test"]]
    assert ask("SELECT 1", since=T, until=T + S) == [[1]]
    told = answered(sources, "SELECT query FROM dns_query", 2)
    assert (len(told["rows"]), told["cut"]) == (2, True)
    assert told["columns"] == [{"name": "query", "type": "VARCHAR"}]
    assert not answered(sources, "SELECT query FROM dns_query", 3)["cut"]


def test_every_type_can_be_asked(ask):
    for name in event_types():
        assert isinstance(ask(f"SELECT * FROM {name}"), list)


HOSTILE = [
    # statements
    "COPY dns_query TO '/tmp/b1/x'", "COPY (SELECT 1) TO '/tmp/b1/x'", "ATTACH '/etc/passwd' AS p", "DETACH main",
    "PRAGMA database_list", "PRAGMA table_info('state')", "SET memory_limit = '1GB'", "RESET ALL", "USE memory",
    "INSTALL httpfs", "LOAD httpfs", "CALL pragma_version()", "EXPORT DATABASE '/tmp/b1'", "IMPORT DATABASE '/tmp'",
    "DROP TABLE dns_query", "DELETE FROM dns_query", "UPDATE dns_query SET ts = 0", "INSERT INTO dns_query VALUES (1)",
    "CREATE TABLE x AS SELECT 1", "CREATE OR REPLACE VIEW dns_query AS SELECT 1", "CREATE MACRO f() AS 1", "ALTER TABLE dns_query DROP ts",
    "CHECKPOINT", "VACUUM", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "DESCRIBE dns_query", "SHOW TABLES", "SUMMARIZE dns_query",
    "BEGIN", "PREPARE a AS SELECT 1", "EXECUTE a", "VALUES (1)", "PIVOT dns_query ON qtype USING count(*)",
    # more than one
    "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE dns_query", "SELECT 1;;COPY dns_query TO 'x'", "SELECT 1 /* ; */ ; DROP TABLE dns_query --",
    # files, net, settings, catalogue
    "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_blob('/etc/*')",
    "SELECT * FROM '/etc/passwd'", 'SELECT * FROM "/etc/passwd"', "SELECT * FROM 'a.parquet'", "SELECT * FROM glob('*')",
    "SELECT * FROM read_json_auto('http://169.254.169.254/')", "SELECT * FROM sniff_csv('/etc/passwd')", "SELECT * FROM parquet_scan('x')",
    "SELECT getenv('HOME')", "SELECT current_setting('temp_directory')", "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_settings",
    "SELECT * FROM duckdb_tables()", "SELECT * FROM information_schema.tables", "SELECT * FROM pg_catalog.pg_tables", "SELECT * FROM pg_tables",
    "SELECT * FROM sqlite_master", "SELECT * FROM main.dns_query", "SELECT * FROM memory.main.state", "SELECT * FROM state",
    "SELECT * FROM alert_record", "SELECT * FROM dir_object", "SELECT * FROM list_entry", "SELECT * FROM pragma_version()",
    "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('state')", "SELECT version()", "SELECT current_user", "SELECT nextval('x')",
    "SELECT pg_sleep(9)", "SELECT sleep_ms(9000)", "SELECT write_log('x')", "SELECT error('x')", "SELECT current_database()", "SELECT txid_current()",
    "SELECT * FROM duckdb_secrets()", "SELECT which_secret('a','b')", "SELECT getvariable('x')", "SELECT * FROM which_secret('a','b')",
    # around names
    "WITH duckdb_settings AS (SELECT 1) SELECT * FROM duckdb_settings, information_schema.tables",
    "WITH a AS (SELECT * FROM duckdb_settings) SELECT * FROM a", "WITH dns_query AS (SELECT 1) SELECT * FROM dns_query",
    "WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", "SELECT (WITH state AS (SELECT 1) SELECT 1), x FROM state",
    'SELECT * FROM "events of dns_query"', 'SELECT * FROM "own x"', 'SELECT * FROM "dns_query""; DROP TABLE state"',
    "SELECT state.value FROM dns_query", "SELECT (SELECT value FROM state LIMIT 1)", "SELECT 1 WHERE 1 IN (SELECT key FROM state)",
    "SELECT * FROM dns_query ORDER BY (SELECT value FROM state)", "SELECT * FROM dns_query JOIN LATERAL (SELECT * FROM state) s ON true",
    "SELECT * FROM dns_query POSITIONAL JOIN state", "SELECT * FROM dns_query ASOF JOIN state USING (ts)",
    # out of nothing, for ever
    "SELECT * FROM range(1000000000000)", "SELECT * FROM generate_series(1, 10000000000)", "SELECT repeat('x', 1000000000)", "SELECT unnest(range(1000000000))",
    "SELECT lpad('x', 1000000000, 'y')", "SELECT rpad('x', 1000000000, 'y')", "SELECT bar(1, 0, 1000000000)", "SELECT * FROM repeat_row(1, num_rows=9999999999)",
    "WITH RECURSIVE x AS (SELECT 1 a UNION ALL SELECT a + 1 FROM x) SELECT * FROM x", "SELECT list_transform([1], x -> x)", "SELECT list_reduce([1,2], (x, y) -> x + y)",
    "SELECT array_fill(1, 999999999)", "SELECT '1'::JSON", "SELECT 1::HUGEINT", "SELECT 'x'::BLOB", "SELECT CAST(1 AS mytype)", "SELECT x'00'",
    "SELECT * FROM dns_query TABLESAMPLE 10%", "SELECT * FROM dns_query AT (VERSION => 1)", "SELECT COLUMNS('.*') FROM dns_query", "SELECT * FROM dns_query FOR UPDATE",
    "SELECT * INTO x FROM dns_query", "SELECT $low", "SELECT ?", "SELECT $1", "SELECT :x", "SELECT @x",
    # broken
    "", ";", "--", "SELECT", "SELECT FROM WHERE", "'", "SELECT '", "((((", "SELECT 1 FROM dns_query WHERE (", "\x00", "SELECT \x00", "é", "\ud800",
    "(" * 5_000 + "1" + ")" * 5_000, "SELECT " + "(" * 61 + "1" + ")" * 61, "SELECT " + "[" * 1_000, "SELECT 1" + " + 1" * 4_990, "SELECT " + "NOT " * 4_000 + "true",
    "SELECT " + "-" * 1 + " -" * 4_000 + "1", "SELECT " + "CASE WHEN 1=1 THEN " * 900 + "1" + " END" * 900, "x" * 30_000,
]  # fmt: skip


@pytest.mark.parametrize("sql", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_refused(filled, ask, sql):
    before = filled.connection.execute("SELECT count(*) FROM dns_query").fetchall()
    with pytest.raises(QueryError) as refused:
        ask(sql)
    assert str(refused.value)
    assert "\n" not in str(refused.value)
    after = filled.connection.execute("SELECT count(*) FROM dns_query").fetchall()
    assert before == after == [(3,)]


WORDS = [
    "SELECT", "FROM", "WHERE", "WITH", "AS", "(", ")", ",", ";", "*", "1", "'x'", '"x"', "dns_query", "state", "duckdb_settings", "JOIN",
    "ON", "UNION", "ALL", "LATERAL", "UNNEST", "range(9)", "read_csv('x')", "getenv('x')", "COPY", "TO", "INTO", "PRAGMA", "ATTACH", "SET",
    "main", ".", "information_schema", "tables", "x", "::", "INT", "--", "/*", "*/", "\n", "GROUP BY", "ORDER BY", "LIMIT", "RECURSIVE", "VALUES",
    "PIVOT", "EXCLUDE", "REPLACE", "TABLESAMPLE", "[", "]", "{", "}", "'a': 1", "->", "=", "$low", "query", "count(*)", "TABLE", "DESCRIBE", "SHOW",
]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=2, max_size=24))
def test_no_heap_of_words_reaches_anything_else(words):
    """Whatever passes names nothing but views, its own names, and what is allowed."""
    import sqlglot
    from sqlglot import exp

    try:
        made = statement("SELECT " + " ".join(words))
    except QueryError:
        return
    (tree,) = sqlglot.parse(made.sql, read="duckdb")
    ctes = {c.alias for c in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        inside = table.find_ancestor(exp.CTE)
        of_view = inside is not None and inside.alias.startswith("events of ")
        if of_view:
            assert (table.db, inside.alias) == ("main", f"events of {table.name}")
        else:
            assert not table.db
            assert table.name in ctes
            assert table.name.startswith(("events of ", "own "))


def test_the_engine_is_asked_nothing_that_its_views_do_not_say():
    for name in event_types():
        assert f'FROM main."{name}" WHERE' in view(name)


def test_errors_say_where():
    with pytest.raises(QueryError) as refused:
        statement("SELECT 1,\n  getenv('HOME')")
    assert "`getenv`" in str(refused.value)
    with pytest.raises(QueryError) as refused:
        statement("SELECT *\nFROM dns_qery")
    told = refused.value
    assert (told.line, told.column, told.hint) == (2, 6, "did you mean `dns_query`?")
    with pytest.raises(QueryError) as refused:
        statement("SELECT 1 FROM dns_query WHERE WHERE")
    assert refused.value.line == 1


def test_a_column_that_is_not_there(filled, ask):
    with pytest.raises(QueryError, match="qury") as refused:
        ask("SELECT qury FROM dns_query")
    assert "LINE" not in str(refused.value)


def test_what_takes_too_long(filled, ask, monkeypatch):
    filled.append([KerberosTgs(ts=T, id=i, seq=i) for i in range(3_000)])
    monkeypatch.setattr(query, "SECONDS", 0.2)
    many = ", ".join(f"kerberos_tgs AS d{i}" for i in range(5))
    with pytest.raises(TooSlowError):
        ask(f"SELECT count(*) FROM {many} WHERE d0.seq + d1.seq + d2.seq + d3.seq + d4.seq = 7777")


def test_one_at_a_time(ask, monkeypatch):
    monkeypatch.setattr(query, "_PATIENCE_S", 0.05)
    assert query._turn.acquire()
    try:
        with pytest.raises(BusyError):
            ask("SELECT 1")
    finally:
        query._turn.release()
    assert ask("SELECT 1") == [[1]]


def test_an_answer_that_is_too_large_is_cut(sources, monkeypatch):
    monkeypatch.setattr(query, "MOST_BYTES", 30)
    told = answered(sources, "SELECT query FROM dns_query")
    assert told["cut"]
    assert len(told["rows"]) == 2
