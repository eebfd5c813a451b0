"""A real receiver of syslog: rsyslog takes what our sinks send, over UDP, TCP and TLS, in every form.

Opt-in by ATP_SENDERS (rsyslog, rsyslog-gnutls), as for `test_syslog_senders`.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from dsl.diagnostics import Diagnostics
from dsl.record import Record
from dsl.source import parse_source
from engine.daemon.outputs import Message, output_of
from engine.sinks.trial import trial

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("ATP_SENDERS"), reason="set ATP_SENDERS to start rsyslog"
    ),
]
NAME = "a|b=c\\d <e>\u202e\n{n}"
FEW = 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture
def receiver(tmp_path, certificate):
    """Start rsyslog for a way; its port and the file that it writes."""
    begun = []

    def start(way):
        program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
        if not Path(program).exists():
            pytest.fail("needs rsyslogd (rsyslog, rsyslog-gnutls)")
        kind = socket.SOCK_DGRAM if way == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        out = tmp_path / "out.log"
        cert, key = certificate
        module = 'module(load="imudp")' if way == "udp" else 'module(load="imtcp")'
        if way == "tls":
            module = (
                'module(load="imtcp" streamdriver.name="gtls" streamdriver.mode="1" '
                'streamdriver.authmode="anon")'
            )
        # 200 datagrams sent at once do not fit the kernel's usual buffer where rsyslog waits for its turn
        held = ' rcvbufSize="8m"' if way == "udp" else ""
        (tmp_path / "rsyslog.conf").write_text(f"""
global(workDirectory="{tmp_path}" maxMessageSize="64k" defaultNetstreamDriverCAFile="{cert}"
  defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}"
  parser.escapeControlCharactersOnReceive="off")
{module}
template(name="one" type="string" string="%pri%|%app-name%|%msgid%|%hostname%|%msg%\\n")
input(type="{"imudp" if way == "udp" else "imtcp"}" port="{port}" address="127.0.0.1"{held})
action(type="omfile" file="{out}" template="one")
""")
        log = (tmp_path / "rsyslog.txt").open("w")
        process = subprocess.Popen(
            [program, "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "pid"],
            stdout=log, stderr=log,
        )  # fmt: skip
        begun.append((process, log))
        end = time.monotonic() + 30
        while way != "udp" and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(1)
        return port, out

    yield start
    for process, log in begun:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.mark.parametrize(
    ("way", "form", "header", "framing"),
    [
        ("udp", "cef", "rfc5424", "octets"),
        ("udp", "leef", "rfc3164", "octets"),
        ("tcp", "cef", "rfc5424", "octets"),
        ("tcp", "cef_product", "rfc5424", "lines"),
        ("tls", "ocsf", "rfc5424", "octets"),
        ("tls", "ecs", "rfc3164", "lines"),
    ],
)
def test_it_arrives(receiver, certificate, way, form, header, framing):
    port, out = receiver(way)
    settings = {
        "to": f"{way}:127.0.0.1:{port}",
        "format": form,
        "header": header,
        "framing": framing,
    }
    settings |= {"ca": str(certificate[0])} if way == "tls" else {}
    text = "".join(f"{k}: {v!r}\n" for k, v in settings.items())
    diagnostics = Diagnostics()
    source = parse_source("s", text, diagnostics)
    opens = output_of("syslog").read(Record(source, (), source.data, diagnostics, "the sink"))
    assert opens is not None, diagnostics.items
    sender = opens()
    now = time.time_ns() // 1000
    for n in range(FEW):
        alert = trial(now, "ann") | {
            "title": NAME.format(n=n),
            "id": f"{n:032x}",
            "detection": "dcsync",
        }
        sender.send(Message(f"d.{n}", now, "opened", alert))
    sender.close()
    end = time.monotonic() + 60
    while (not out.exists() or out.read_text().count("\n") < FEW) and time.monotonic() < end:
        time.sleep(0.2)
    lines = out.read_text().splitlines()
    assert len(lines) == FEW
    assert {int(i, 16) for line in lines for i in re.findall(r"\b0{24}[0-9a-f]{8}\b", line)} == set(
        range(FEW)
    )
    pri, app, msgid, host, _ = lines[0].split("|", 4)
    assert (pri, host) == ("37", socket.gethostname())
    assert app == ("CEF" if form == "cef_product" else "atp")
    if header == "rfc5424":
        assert msgid == ("DcsyncSecurityAlert" if form == "cef_product" else "dcsync")
