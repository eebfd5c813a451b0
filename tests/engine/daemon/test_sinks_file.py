"""The file of sinks: what is wrong in it is told in its place, and no secret is shown."""

import pytest

from engine.daemon import outputs
from engine.daemon.sinks_file import SEND, read_sinks
from engine.sinks import formats

GOOD = """\
sinks:
  - {name: siem, type: syslog, to: "udp:10.0.0.1", format: leef, severity: high, send: [new]}
  - name: hook
    type: webhook
    to: https://hooks.corp.test/atp
    secret_file: SECRET
    tags: [sensitive]
  - name: soc
    type: email
    to: [soc@corp.test]
    from: atp@corp.test
    server: mail.corp.test
    user: atp
    password_file: SECRET
"""


@pytest.fixture
def read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a long random text\n")
    secret.chmod(0o600)

    def one(text):
        path = tmp_path / "sinks.yaml"
        path.write_text(text.replace("SECRET", str(secret)))
        return read_sinks(path)

    return one


def test_good(read):
    sinks, found = read(GOOD)
    assert found == []
    assert [(s.name, s.type) for s in sinks] == [
        ("siem", "syslog"), ("hook", "webhook"), ("soc", "email"),
    ]  # fmt: skip
    assert sinks[0].filter.severity == "high"
    assert sinks[0].filter.send == {"new"}
    assert sinks[1].filter.tags == {"sensitive"}


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("type: syslog", "type: sislog", 2, "`sislog`"),
        ('"udp:10.0.0.1"', "upd", 2, "no receiver of syslog"),
        ('"udp:10.0.0.1"', '"udp:siem:x"', 2, "no host and port"),
        ("format: leef", "format: lef", 2, "`lef`"),
        ("severity: high", "severity: loud", 2, "`loud`"),
        ("[new]", "[news]", 2, "nothing that is sent"),
        ("format: leef", "formt: leef", 2, "`formt`"),
        ("name: hook", "name: siem", 3, "stands twice"),
        ("name: hook", "name: 'a b'", 3, "no name of a sink"),
        ("https://hooks", "http://hooks", 5, "in clear"),
        ("https://hooks", "ftp://hooks", 5, "no address of a web server"),
        ("secret_file: SECRET", "secret_file: /nowhere", 6, "cannot be read"),
        ("[soc@corp.test]", '["soc@corp.test\\nBcc: x@y.z"]', 10, "no e-mail address"),
        ("    password_file: SECRET\n", "", 8, "belong together"),
        ("    user: atp\n", "    user: atp\n    security: none\n", 14, "without TLS"),
        ("server: mail.corp.test", "server: ':'", 12, "no mail server"),
    ],
)
def test_what_is_wrong(read, old, new, line, said):
    assert GOOD.count(old)
    sinks, found = read(GOOD.replace(old, new, 1))
    assert sinks is None
    assert [(d.span.line, said in d.message) for d in found if d.severity == "error"] == [
        (line, True)
    ]


def test_an_empty_file(read):
    assert read("sinks: []\n")[1][0].code == "D0605"
    assert read("- a\n")[0] is None


def test_a_secret_open_to_others_is_told(read, tmp_path):
    (tmp_path / "secret").chmod(0o644)
    sinks, found = read(GOOD)
    assert sinks is not None
    assert {(d.severity, "open to others" in d.message) for d in found} == {("warning", True)}


def test_every_form_may_be_named(read):
    for name in formats.names():
        assert read(GOOD.replace("leef", name))[0] is not None


def test_everything_is_told_in_the_manual(root):
    text = (root / "docs/operations.md").read_text()
    part = text[text.index("## Alerts out") : text.index("## Health")]
    words = (*outputs.names(), *formats.names(), *SEND)
    assert [word for word in words if f"`{word}`" not in part and f"[{word}" not in part] == []
