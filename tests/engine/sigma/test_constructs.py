"""Every construct of the specification: what it becomes, or why it is refused."""

import datetime as dt

import pytest
import yaml

from engine.sigma.refused import RefusedError

WINDOWS = {"product": "windows"}


def rule(detection, logsource=None):
    return {"title": "t", "logsource": logsource or WINDOWS, "detection": detection}


def condition(imported, detection):
    """The condition of the one `match`."""
    made = imported([rule(detection)])
    made.plan()
    (statement, alert) = made.block().statements
    assert alert == "alert seen as (target: dc, actor: account)"
    return statement.removeprefix("seen = match windows_event where ")


SEARCHES = [
    # texts, case, wildcards, escapes
    ({"Image": "a.EXE"}, 'lower(image) == "a.exe"'),
    ({"Image|cased": "a.EXE"}, 'image == "a.EXE"'),
    ({"Image": "4-1"}, 'image == "4-1"'),
    ({"Image": ["A", "b"]}, 'lower(image) in {"a", "b"}'),
    ({"Image": "a*"}, 'lower(image) startswith "a"'),
    ({"Image": "*a"}, 'lower(image) endswith "a"'),
    ({"Image": "**a*"}, 'lower(image) contains "a"'),
    ({"Image": "a?b*c"}, 'lower(image) like "a?b*c"'),
    ({"Image": r"a\*b"}, 'lower(image) == "a*b"'),
    ({"Image": r"a\*b*c"}, r'lower(image) matches "(?s)^a\*b.*c$"'),
    ({"Image": r"C:\Temp\\"}, r'lower(image) == r"c:\temp\"'),
    ({"Image": 'x"\\'}, r'lower(image) == r#"x"\"#'),
    ({"Image|contains": "a\nb"}, r'lower(image) matches "(?s)a\x0ab"'),
    ({"Image": "*"}, "image is not null"),
    ({"Image": ""}, 'image == ""'),
    ({"Image": None}, "image is null"),
    ({"Image": []}, "image is null"),
    ({"Image": True}, 'lower(image) == "true"'),
    ({"Image": 7}, 'image == "7"'),
    ({"Image": ["İ", "Ä"]}, 'lower(image) in {"i", "ä"}'),
    # modifiers
    ({"Image|contains|all": ["A", "b", "c*d"]}, 'lower(image) contains all {"a", "b"} and lower(image) like "*c*d*"'),
    ({"Image|startswith": ["A", "1"]}, 'lower(image) startswith "a" or image startswith "1"'),
    ({"Image|re": "^A.*b$"}, 'image matches "^A.*b$"'),
    ({"Image|re|i|m|s": "(?i)A"}, 'image matches "(?ims)A"'),
    ({"Image|re": r"a(?i)b\_c\/"}, r'image matches "a(?i:b_c/)"'),
    ({"Image|re": "(?<n>a)x{1500,}"}, 'image matches "(?P<n>a)x{1000}x{500,}"'),
    ({"Image|re": r"[\w-.]-[a\-z][^\d-]"}, r'image matches "[\w\-.]-[a\-z][^\d-]"'),
    ({"Image|contains": "a\ufeffb"}, 'lower(image) matches "(?s)a[^\\x00-\ufefe\uff00-\U0010ffff]b"'),
    ({"Image|re|contains": "a|b"}, 'image matches ".*(?:a|b).*"'),
    ({"SourceIp|cidr": "10.0.0.0/8"}, 'address_of(source_ip) cidr "10.0.0.0/8"'),
    ({"Image|base64": "foo"}, 'lower(image) == "zm9v"'),
    ({"Image|utf16|base64offset|contains": "A"}, None),
    ({"Image|utf16be|base64": "A"}, None),
    ({"Image|wide|base64": "A"}, 'lower(image) == "qqa="'),
    ({"Image|windash": "a -b"}, 'lower(image) in {"a -b", "a /b", "a –b", "a —b", "a ―b"}'),
    ({"Image|windash|contains|all": [" -x", "-z"]}, None),
    ({"n|lt": 3}, 'number(data["n"]) < 3'),
    ({"EventID|gte": 3}, "event_id >= 3"),
    ({"Image|exists": True}, "image is not null"),
    ({"Image|exists": False}, "image is null"),
    ({"Image|fieldref": "ParentImage"}, "lower(image) == lower(parent_image)"),
    ({"Image|fieldref|endswith": "x y"}, 'lower(image) endswith lower(data["x y"])'),
    ({"Image|neq": ["a", "b"]}, 'not lower(image) in {"a", "b"}'),
    ({"UtcTime|hour": 3}, "hour(ts) == 3"),
    ({"t|week": 3}, 'week(time_of(data["t"])) == 3'),
    ({"t|minute": [1, 2]}, 'minute(time_of(data["t"])) == 1 or minute(time_of(data["t"])) == 2'),
    ({"h|expand": "%srv%"}, 'lower(data["h"]) in @sigma_srv'),
    ({"h|expand": "%Srv x%*"}, 'data["h"] startswith any @sigma_srv_x'),
    ({"h|expand|contains": "%srv%"}, 'data["h"] contains any @sigma_srv'),
    ({"SourceIp|cidr|expand": "%nets%"}, "address_of(source_ip) in @sigma_networks__nets"),
    ({"SourceIp|expand|cidr": ["%nets%", "%Own%"]}, "address_of(source_ip) in @sigma_networks__nets or address_of(source_ip) in @sigma_networks__own"),
    # values of another kind than their modifiers ask for
    ({"h|contains": [5, True]}, 'data["h"] contains "5" or lower(data["h"]) contains "true"'),
    ({"h|re": 5}, 'data["h"] matches "5"'),
    ({"h|gt": "5"}, 'number(data["h"]) > 5'),
    ({"h|exists": "Yes"}, 'data["h"] is not null'),
    ({"h": dt.date(2020, 1, 2)}, 'data["h"] == "2020-01-02"'),
    ({5: "1"}, 'data["5"] == "1"'),
    ({"Image|utf16le|base64": "A"}, 'lower(image) == "qqa="'),
    # fields of the record's head, of columns, of no column
    ({"EventID": [4624, "4625"]}, "event_id in {4624, 4625}"),
    ({"EventID": "46*"}, 'text(event_id) startswith "46"'),
    ({"Provider_Name": "X"}, 'lower(provider) == "x"'),
    ({"NewProcessName": "x"}, 'lower(image) == "x"'),
    ({"Security_UserID": "S-1-5-18"}, 'lower(text(user_sid)) == "s-1-5-18"'),
    ({'we"ird. field-name': "x"}, r'lower(data["we\"ird. field-name"]) == "x"'),
    ({"a\\": "x"}, r'lower(data[r"a\"]) == "x"'),
    # lists of mappings
    ([{"Image": "a", "User": "b"}, {"Image": "c"}], '(lower(image) == "a" and lower(user) == "b") or lower(image) == "c"'),
]  # fmt: skip


@pytest.mark.parametrize(("search", "expected"), SEARCHES, ids=lambda v: str(v)[:60])
def test_a_search(imported, search, expected):
    found = condition(imported, {"s": search, "condition": "s"})
    if expected is not None:
        assert found == expected


CONDITIONS = [
    ("a", 'lower(image) == "a"'),
    ("a and not b", 'lower(image) == "a" and not lower(user) == "b"'),
    ("not (a or b)", 'not (lower(image) == "a" or lower(user) == "b")'),
    ("1 of s_*", 'lower(image) in {"c", "d"}'),
    ("any of s_* and a", 'lower(image) in {"c", "d"} and lower(image) == "a"'),
    ("all of s_*", 'lower(image) == "c" and lower(image) == "d"'),
    ("1 of them", 'lower(image) in {"a", "c", "d"} or lower(user) == "b"'),
    ("a AND NOT b", 'lower(image) == "a" and not lower(user) == "b"'),
    ("a   or\n  (b)", 'lower(image) == "a" or lower(user) == "b"'),
    (["a", "b"], 'lower(image) == "a" or lower(user) == "b"'),
    ("not not a", 'not not lower(image) == "a"'),
]


@pytest.mark.parametrize(("written", "expected"), CONDITIONS, ids=lambda v: str(v)[:40])
def test_a_condition(imported, written, expected):
    searches = {
        "a": {"Image": "a"}, "b": {"User": "b"}, "s_1": {"Image": "c"}, "s_2": {"Image": "d"},
        "timeframe": "5m",
    }  # fmt: skip
    assert condition(imported, {**searches, "condition": written}) == expected


def test_keywords_are_looked_for_in_every_value(imported):
    found = imported(
        [rule({"k": ["Mimi", 7, "a*b", "x?"], "condition": "k"}, {"product": "linux"})]
    )
    found.plan()
    first, second, _ = found.block().statements
    assert first == (
        'seen_all = match log_event where product == "linux" '
        "let every := texts(product, service, category, message, data)"
    )
    assert second == (
        'seen = match seen_all where lower(every) contains "mimi" or every contains "7" '
        'or lower(every) like any {"*a*b*", "*x?*"}'
    )


SYSMON = 'channel == "Microsoft-Windows-Sysmon/Operational"'
SOURCES = [
    ({"product": "windows", "service": "security"}, "windows_event", 'channel == "Security"'),
    ({"product": "windows", "category": "registry_set"}, "windows_event", f"{SYSMON} and event_id == 13"),
    ({"category": "process_creation"}, "windows_event", f'({SYSMON} and event_id == 1) or (channel == "Security" and event_id == 4688)'),
    ({"product": "windows", "category": "file_delete"}, "windows_event", f"{SYSMON} and event_id in {{23, 26}}"),
    ({"product": "windows", "category": "file_rename"}, "windows_event", 'provider == "Microsoft-Windows-Kernel-File" and event_id == 19'),
    ({"product": "windows", "category": "ps_script"}, "windows_event", 'channel in {"Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational"} and event_id == 4104'),
    ({"product": "Windows", "service": "new-thing"}, "windows_event", 'lower(channel) contains "new-thing"'),
    ({"product": "aws", "service": "cloudtrail"}, "log_event", 'product == "aws" and service == "cloudtrail"'),
    ({"category": "proxy"}, "log_event", 'category == "proxy"'),
    ({"product": "linux", "category": "process_creation"}, "log_event", 'product == "linux" and category == "process_creation"'),
]  # fmt: skip


@pytest.mark.parametrize(("source", "event", "expected"), SOURCES, ids=lambda v: str(v)[:50])
def test_a_log_source(imported, source, event, expected):
    made = imported([rule({"s": {"x": "1"}, "condition": "s"}, source)])
    made.plan()
    where = f"({expected})" if " or " in expected else expected
    assert made.block().statements[0] == f'seen = match {event} where {where} and data["x"] == "1"'


def test_virus_scanners(imported):
    source = {"category": "antivirus"}
    search = {"Signature|contains": "Mimikatz", "Filename|endswith": ".dmp", "Other": "1"}
    made = imported([rule({"s": search, "condition": "s"}, source)])
    made.plan()
    assert made.block().statements[0] == (
        'seen = match windows_event where channel == "Microsoft-Windows-Windows Defender/Operational" '
        "and event_id in {1006, 1007, 1008, 1015, 1116, 1117, 1118, 1119} "
        'and lower(data["Path"]) endswith ".dmp" and data["Other"] == "1" '
        'and lower(data["Threat Name"]) contains "mimikatz"'
    )
    (note,) = made.block().notes
    assert "only Windows Defender" in note


def test_what_is_uncertain_about_a_log_source_is_a_known_gap(imported):
    for source in (
        {"product": "windows", "service": "zzz"},
        {"product": "windows", "category": "zzz"},
    ):
        (note,) = imported([rule({"s": {"x": "1"}, "condition": "s"}, source)]).block().notes
        assert "zzz" in note


REFUSED = [
    ({"detection": {"s": {"a|re": "(?=x)y"}, "condition": "s"}}, "look-around"),
    ({"detection": {"s": {"a|re": "("}, "condition": "s"}}, "invalid"),
    ({"detection": {"s": {"a|nonsense": "x"}, "condition": "s"}}, "nonsense"),
    ({"detection": {"s": {"a": "x"}, "condition": "s and t"}}, "'t' not defined"),
    ({"detection": {"s": {"a": "x"}, "condition": "s | fun() > 5"}}, "fun() > 5"),
    ({"detection": {"s": {"a": "x"}, "condition": "(s"}}, "found"),
    ({"detection": {"s": {"a": "x"}, "condition": "s | max(a) > 5"}}, "max(a) > 5"),
    ({"detection": {"s": {"a": "x"}, "condition": "s | count() > 5 and s"}}, "not known"),
    ({"detection": {"s": {"a": "x"}, "condition": "s | near t"}}, "'t' not defined"),
    ({"detection": {"s": {"a": "x"}, "condition": "s | count() > 5", "timeframe": "soon"}}, "Timespan"),
    ({"detection": {"s": {"a|re": "[\ufeff]"}, "condition": "s"}}, "U+FEFF"),
    ({"detection": {"s": {"a|cidr|expand": ["%x%", "10.0.0.0/8"]}, "condition": "s"}}, "CIDR"),
    ({"detection": {"s": {"a": "x"}}}, "at least one condition"),
    ({"detection": {"s": {"a|cidr": "10.0.0.1/8"}, "condition": "s"}}, "CIDR"),
    ({"detection": {"s": {"a|expand": "x%y%z"}, "condition": "s"}}, "placeholder"),
    ({"detection": {"s": [None], "condition": "s"}}, "Null"),
    ({"detection": {"s": {"a": "\u2028x"}, "condition": "s"}}, "U+2028"),
    ({"logsource": {}}, "log source"),
    ({"logsource": "windows"}, "log"),
    ({"detection": "x"}, ""),
    ({"detection": None}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "reason"), REFUSED, ids=lambda v: str(v)[:60])
def test_what_is_refused(imported, keys, reason):
    whole = {**rule({"s": {"a": "x"}, "condition": "s"}), **keys}
    made = imported([whole])
    if not made.read[0].refused:
        with pytest.raises(
            (RefusedError, ValueError), match=reason.replace("(", r"\(").replace("+", r"\+")
        ):
            made.plan()
    else:
        assert reason in made.read[0].refused


def test_faults_beside_the_logic_do_not_refuse(imported):
    whole = rule({"s": {"a": "x"}, "condition": "s"}) | {
        "id": "no-uuid", "level": "severe", "status": 5, "date": "yesterday", "tags": "attack.t1059",
        "references": "see there", "author": ["a", "b"], "falsepositives": "some", "fields": "x",
        "description": ["x"], "modified": "never", "related": "x", "license": 1, "title": 17,
    }  # fmt: skip
    made = imported([whole])
    made.plan()
    assert made.read[0].notes


def test_huge_lists_stay_flat(imported):
    values = [f"value-{i}" for i in range(3000)]
    searches = {f"s{i}": {f"f{i}": "1"} for i in range(300)}
    made = imported([rule({"v": {"a|contains": values}, **searches, "condition": "1 of them"})])
    assert len(made.plan().alerts) == 1


def test_documents_of_a_file(imported):
    text = """
title: lent
action: global
logsource: {product: windows, service: system}
level: low
---
title: one
detection: {s: {EventID: 1}, condition: s}
---
action: repeat
title: two
detection: {s: {EventID: 2}}
---
action: reset
---
title: three
detection: {s: {EventID: 3}, condition: s}
---
- no rule
---
just text
---
---
action: dance
"""
    made = imported(text)
    assert [r.refused for r in made.read[:2]] == ["", ""]
    assert "log source" in made.read[2].refused
    assert [bool(r.refused) for r in made.read] == [False, False, True, True, True, True]
    assert 'channel == "System" and event_id == 1' in made.block(1).text
    assert 'channel == "System" and event_id == 2' in made.block(2).text


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: &x [*x]\nb: *x", "\ta: b", "%", "title: !!python/object:os.system x", "\x00"],
)
def test_a_file_that_is_no_rule_is_refused(imported, text):
    made = imported(text)
    assert all(r.refused for r in made.read)


def test_encodings(imported, tmp_path):
    text = yaml.safe_dump(rule({"s": {"Image": "ä"}, "condition": "s"}), allow_unicode=True)
    for data in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("cp1252")):
        made = imported(text)
        (tmp_path / "rules.yml").write_bytes(data)
        from engine.sigma.documents import documents_of

        assert documents_of(tmp_path / "rules.yml")[0].keys == made.documents[0].keys


def filter_of(rules, **keys):
    return {
        "title": "not ours", "logsource": WINDOWS,
        "filter": {"rules": rules, "own": {"User|startswith": "adm_"}, "condition": "not own"},
    } | keys  # fmt: skip


def test_filters_are_applied(imported):
    ident = "6f3e2987-db24-4c78-a860-b4f4095a7095"
    first = rule({"s": {"Image": "a"}, "condition": "s"}) | {"id": ident, "name": "first"}
    second = rule({"s": {"Image": "b"}, "condition": "s"})
    for rules, hit in ((["first"], [1]), ([ident], [1]), ("any", [1, 2]), (["other"], [])):
        made = imported([filter_of(rules), first, second])
        for number in (1, 2):
            applied = 'and not lower(user) startswith "adm_"' in made.block(number + 1).text
            assert applied == (number in hit)
            assert made.read[number].filters == (["not ours"] if number in hit else [])
    other = imported([filter_of("any", logsource={"product": "linux"}), first])
    assert "adm_" not in other.block(2).text
