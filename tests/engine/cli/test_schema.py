"""schema: the event types for people, and one line of JSON Schema."""

import json

import jsonschema

from dsl.schema.registry import event_types


def test_all_types(atp):
    done = atp("schema")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == list(event_types())


def test_one_type(atp):
    done = atp("schema", "kerberos_as")
    assert done.code == 0
    shown = done.out.split()
    assert all(name in shown for name in event_types()["kerberos_as"].columns)


def test_json_is_one_line(atp):
    for args in ([], ["kerberos_as"]):
        done = atp("schema", *args, "--format", "json")
        assert done.out.count("\n") == 1
        jsonschema.Draft202012Validator.check_schema(json.loads(done.out))


def test_a_slip(atp):
    done = atp("schema", "kerberos_a")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: there is no event type `kerberos_a`\n  = hint: did you mean `kerberos_as`?\n"
    )
