"""Files of lists."""

import pytest

HEAD = "list: example\nkind: {kind}\ndescription: Machines.\nentries:\n"


def test_a_list(loaded):
    catalogue = loaded(
        HEAD.format(kind="host")
        + "  - {value: ws1, owner: it, reason: scanner}\n"
        + "  - {value: ws2, owner: it, reason: scanner, expires: 2030-01-31}\n",
        "list",
    )
    assert catalogue.diagnostics.items == []
    found = catalogue.lists["example"]
    assert [(e.value, e.expires) for e in found.entries] == [
        ("ws1", None), ("ws2", 1_896_048_000_000_000),
    ]  # fmt: skip
    assert found.kind == "host"


@pytest.mark.parametrize(
    ("kind", "entry", "code"),
    [
        ("host", "{value: ws1, reason: x}", "D0605"),
        ("host", "{value: ws1, owner: x}", "D0605"),
        ("host", "{value: ws1, owner: x, reason: y, expires: tomorrow}", "D0617"),
        ("host", "{value: 7, owner: x, reason: y}", "D0606"),
        ("host", "{value: w, owner: x, reason: a, b c}", "D0604"),
        ("ip", "{value: 10.0.0.300, owner: x, reason: y}", "D0617"),
        ("host", "{roles: {source: ws1}, value: ws1, owner: x, reason: y}", "D0617"),
        ("host", "{roles: {}, owner: x, reason: y}", "D0617"),
        ("host", "{roles: {a b: ws1}, owner: x, reason: y}", "D0617"),
        ("host", "{roles: {source: 7}, owner: x, reason: y}", "D0606"),
        ("host", "{roles: {source: ws1}, reason: y}", "D0605"),
        ("machine", "{value: w, owner: x, reason: y}", "D0607"),
    ],
)
def test_faults(told, kind, entry, code):
    assert [c for c, _ in told(HEAD.format(kind=kind) + f"  - {entry}\n", "list")] == [code]


def test_networks_and_doubles(told):
    text = HEAD.format(kind="ip") + "  - {value: 10.0.0.0/8, owner: x, reason: y}\n"
    assert told(text, "list") == []
    text = HEAD.format(kind="host") + "  - {value: WS, owner: x, reason: y}\n" * 2
    assert [c for c, _ in told(text.replace("WS", "ws", 1), "list")] == ["D0617"]


def test_roles_that_must_be_met_together(loaded, told):
    entry = "  - {{roles: {{{}}}, owner: it, reason: backup, expires: 2030-01-31}}\n"
    one = entry.format("source: ws1, actor: svc@corp.test")
    head = HEAD.format(kind="text")
    (found,) = loaded(head + one, "list").lists["example"].entries
    assert dict(found.roles) == {"source": "ws1", "actor": "svc@corp.test"}
    assert (found.value, found.owner) == ("actor=svc@corp.test, source=ws1", "it")
    turned = entry.format("actor: svc@corp.test, source: WS1")
    assert [c for c, _ in told(head + one + turned, "list")] == ["D0617"]


def test_names(told):
    assert [c for c, _ in told("list: other\nkind: host\ndescription: x\nentries: []", "list")] == [
        "D0608"
    ]
    assert [c for c, _ in told("list: example\nkind: host\ndescription: x", "list")] == ["D0605"]
