"""atp-run takes JSON by HTTP: Winlogbeat's bulk bodies and Zeek's rows become events."""

import http.client
import json
import socket
import time
from datetime import UTC, datetime

import pytest

from engine.store import Store

TOKEN = "0123456789abcdef01234567"


@pytest.fixture
def tokens(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"# shippers\n{TOKEN}\n")
    path.chmod(0o600)
    return path


def free_port():
    with socket.socket() as one:
        one.bind(("", 0))
        return one.getsockname()[1]


def post(port, path, *values):
    body = "".join(json.dumps(v) + "\n" for v in values)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, body, {"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def winlogbeat(number):
    """4776 as Winlogbeat 8 ships it."""
    return {
        "@timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "winlog": {
            "event_id": "4776", "provider_name": "Microsoft-Windows-Security-Auditing", "channel": "Security",
            "computer_name": "dc1.corp.test", "record_id": number,
            "event_data": {"TargetUserName": "ann", "Workstation": f"WS{number}", "Status": "0xc000006a"},
        },
    }  # fmt: skip


def test_shippers(atp_run, tokens, tmp_path):
    port = free_port()
    run = atp_run("--json", f"http:127.0.0.1:{port}", "--json-tokens", tokens, watch=False).begun()
    assert f"watching json http:127.0.0.1:{port}" in run.err
    action = {"create": {"_index": "winlogbeat"}}
    assert post(port, "/_bulk", action, winlogbeat(1), action, winlogbeat(2)) == 200
    ends = {"id.orig_h": "10.0.0.5", "id.orig_p": 5, "id.resp_h": "10.0.0.1", "id.resp_p": 53}
    zeek = {
        "_path": "dns",
        "ts": time.time(),
        "uid": "C",
        **ends,
        "query": "a.b",
        "qtype_name": "A",
    }
    assert (
        post(port, "/", zeek, {"_path": "ssl", "ts": time.time(), "uid": "C", **ends}, {"no": 1})
        == 200
    )
    run.wait(lambda: "1 messages could not be read" in run.err)
    assert run.stop()[0] == 0
    assert "Traceback" not in run.err
    store = Store(tmp_path / "atp.duckdb")
    ask = store.connection.execute
    assert ask("SELECT workstation, via FROM ntlm_auth ORDER BY seq").fetchall() == [
        ("WS1", "event_4776"), ("WS2", "event_4776"),
    ]  # fmt: skip
    assert ask("SELECT query, via, sensor FROM dns_query").fetchall() == [
        ("a.b", "zeek", f"json:http:127.0.0.1:{port}")
    ]
    store.close()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["udp"], "error: --json: `udp` is none of tcp, tls, http, https\n"),
        (["http"], "error: JSON by HTTP needs tokens of its senders\n"),
        (["https", "--json-tokens", "tokens"], "error: JSON over TLS needs a certificate\n"),
        (["http", "--json-tokens", "short"], "short:2:1: this is no token\n"),
        (["http", "--json-tokens", "empty"], "empty holds no token\n"),
        (["tcp:192.0.2.1:9"], "error: json tcp:192.0.2.1:9: "),
    ],
)
def test_what_it_refuses(atp_run, tokens, tmp_path, args, told):
    (tmp_path / "short").write_text("# a\nhush\n")
    (tmp_path / "empty").write_text("# a\n")
    run = atp_run("--json", *args, watch=False)
    assert run.process.wait(30) == 2
    assert told in run.err
    assert "hush" not in run.err
    assert "Traceback" not in run.err
