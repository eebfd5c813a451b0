"""Real senders of syslog: rsyslog and syslog-ng over UDP, TCP (lines and counted octets) and TLS.

Each sends LINES lines of a file; over TCP and TLS all of them arrive, once each, also where the
receiver makes them wait; what is missing of UDP the system has counted. Then rsyslog sends to `atp-run`
by syslog and to Elasticsearch's bulk interface, with lines among them that nobody can read. Runs where
`ATP_SENDERS` is set, as continuous integration does; `ATP_SYSLOG_NG` is the folder that syslog-ng's
packages are unpacked in (it cannot be installed beside rsyslog).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.store import Store
from sensor.inputs.places import Place, tls_of
from sensor.inputs.syslog import Syslog

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("ATP_SENDERS"), reason="set ATP_SENDERS to start rsyslog and syslog-ng"
    ),
]

LINES = 100_000
FEWER = 20_000
"""Of the whole road to the database."""
DAMAGED = 10
PATIENCE = 60
NUMBER = re.compile(rb'"Workstation": "WS(\d+)"')
TOKEN = "0123456789abcdef01234567"


def line(number):
    """4776 as nxlog writes it, of a minute ago."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    return (
        f'{{"EventTime": "{moment}", "EventID": 4776, "SourceName": "Microsoft-Windows-Security-Auditing", '
        f'"Channel": "Security", "Hostname": "dc1.corp.test", "TargetUserName": "ann", "Workstation": "WS{number}", "Status": "0x0"}}\n'
    )


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "lines.log"
    path.write_text("".join(map(line, range(LINES))))
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"


def rsyslog(folder, source, action, ca, modules=""):
    program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    if not Path(program).exists():
        pytest.fail("needs rsyslogd (rsyslog, rsyslog-gnutls)")
    (folder / "rsyslog.conf").write_text(f"""
global(workDirectory="{folder}" DefaultNetstreamDriverCAFile="{ca}")
module(load="imfile" mode="polling" PollingInterval="1")
{modules}
template(name="whole" type="string" string="%msg%\\n")
ruleset(name="out") {{ {action} }}
input(type="imfile" File="{source}" Tag="atp" Severity="info" ruleset="out")
""")
    return [program, "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"], {}


def rsyslog_forward(folder, source, way, port, ca):
    more = {
        "udp": 'protocol="udp"',
        "tcp": 'protocol="tcp"',
        "counted": 'protocol="tcp" TCP_Framing="octet-counted"',
        "tls": 'protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"',
    }[way]
    forward = f'action(type="omfwd" target="127.0.0.1" port="{port}" template="RSYSLOG_SyslogProtocol23Format" {more})'
    return rsyslog(folder, source, forward, ca)


def syslog_ng_forward(folder, source, way, port, ca):
    if "ATP_SYSLOG_NG" not in os.environ:
        pytest.fail("needs ATP_SYSLOG_NG, the folder that syslog-ng is unpacked in")
    root = Path(os.environ["ATP_SYSLOG_NG"]).resolve()
    (library,) = root.glob("usr/lib/syslog-ng/*/")
    to = {
        "udp": f'network("127.0.0.1" port({port}) transport("udp"))',
        "tcp": f'network("127.0.0.1" port({port}) transport("tcp"))',
        "counted": f'syslog("127.0.0.1" port({port}) transport("tcp"))',
        "tls": f'syslog("127.0.0.1" port({port}) transport("tls") tls(ca-file("{ca}") peer-verify(required-trusted)))',
    }[way]
    (folder / "syslog-ng.conf").write_text(f"""@version: {library.name}
options {{ stats-freq(0); }};
source s {{ file("{source}" flags(no-parse)); }};
destination d {{ {to}; }};
log {{ source(s); destination(d); flags(flow-control); }};
""")
    paths = [
        root / "usr/lib/syslog-ng",
        *root.glob("usr/lib/*-linux-gnu"),
        *root.glob("lib/*-linux-gnu"),
    ]
    command = [
        root / "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", folder / "syslog-ng.conf", f"--module-path={library}",
        f"--persist-file={folder}/persist", f"--pidfile={folder}/pid", f"--control={folder}/control",
    ]  # fmt: skip
    return command, {"LD_LIBRARY_PATH": ":".join(map(str, paths))}


SENDERS = {"rsyslog": rsyslog_forward, "syslog-ng": syslog_ng_forward}


@contextlib.contextmanager
def sending(folder, command, more):
    log = folder / "sender.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, cwd=folder, env={**os.environ, **more}
        )
        try:
            yield log
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Heard:
    """Numbers of the lines that came, and a receiver that is busy every other tenth of a second."""

    def __init__(self, where, tls):
        self.numbers = []
        self.syslog = Syslog(where, tls)
        self.syslog.start(self._message, lambda: int(time.monotonic() * 10) % 2 == 0)

    def _message(self, message, _peer):
        found = NUMBER.search(message)
        self.numbers.append(int(found[1]) if found else -1)


def wait(condition, log, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {log.read_text()[-2000:]}"
        time.sleep(0.05)


@pytest.mark.parametrize("way", ["udp", "tcp", "counted", "tls"])
@pytest.mark.parametrize("sender", SENDERS)
def test_lines_arrive(sender, way, lines, certificate, tmp_path, capsys):
    tls = tls_of(*certificate) if way == "tls" else None
    heard = Heard(Place({"counted": "tcp"}.get(way, way), "127.0.0.1", 0), tls)
    command, more = SENDERS[sender](tmp_path, lines, way, heard.syslog.port, certificate[0])
    began = time.monotonic()
    try:
        with sending(tmp_path, command, more) as log:
            if way == "udp":
                quiet = [0, began]

                def still():
                    if len(heard.numbers) != quiet[0]:
                        quiet[:] = len(heard.numbers), time.monotonic()
                    return quiet[0] and time.monotonic() - quiet[1] > 3

                wait(still, log)
                spent = quiet[1] - began
                with socket.socket(type=socket.SOCK_DGRAM) as last:  # it tells of what was dropped
                    last.sendto(line(LINES).encode(), ("127.0.0.1", heard.syslog.port))
                wait(lambda: heard.numbers[-1] == LINES, log)
            else:
                wait(lambda: len(heard.numbers) >= LINES, log)
                spent = time.monotonic() - began
    finally:
        heard.syslog.close()
    with capsys.disabled():
        got, dropped = len(heard.numbers), heard.syslog.dropped
        print(f"\n{sender} {way}: {got} lines in {spent:.1f} s, {dropped} dropped")
    if way == "udp":
        assert len(set(heard.numbers)) == len(heard.numbers)
        assert len(heard.numbers) + heard.syslog.dropped == LINES + 1
    else:
        assert sorted(heard.numbers) == list(range(LINES))


def free_port():
    with socket.socket() as one:
        one.bind(("", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("way", ["syslog", "elasticsearch"])
def test_the_whole_road(way, tmp_path, root, certificate):
    """Every event is in the database, and every line that could not be read in the file for that."""
    source, port = tmp_path / "lines.log", free_port()
    (tmp_path / "tokens").write_text(TOKEN + "\n")
    if way == "syslog":
        bad = "{nothing\n"
        options = ["--syslog", f"tcp:127.0.0.1:{port}"]
        command, more = rsyslog_forward(tmp_path, source, "counted", port, certificate[0])
    else:
        bad = '{"no": "event"}\n'
        options = ["--json", f"http:127.0.0.1:{port}", "--json-tokens", tmp_path / "tokens"]
        modules = os.environ.get("ATP_RSYSLOG_MODULES")
        load = f"{modules}/omelasticsearch.so" if modules else "omelasticsearch"
        send = (
            f'action(type="omelasticsearch" server="127.0.0.1" serverport="{port}" bulkmode="on" searchIndex="atp" '
            f'searchType="" uid="atp" pwd="{TOKEN}" template="whole" queue.type="LinkedList" queue.dequeuebatchsize="1000" '
            'action.resumeRetryCount="-1")'
        )
        command, more = rsyslog(tmp_path, source, send, certificate[0], f'module(load="{load}")')
    every = FEWER // DAMAGED
    source.write_text("".join(line(n) + (bad if n % every == 0 else "") for n in range(FEWER)))
    told = tmp_path / "err.txt"
    err = told.open("w")
    run = subprocess.Popen(
        [sys.executable, "-c", "from engine.daemon.main import main; main()", *options, "--detections", root / "detections/persistence/suspicious_vpn.yaml"],
        cwd=tmp_path, stderr=err, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    rejected = tmp_path / "atp.duckdb.rejected"
    try:
        wait(lambda: "watching" in told.read_text(), told)
        with sending(tmp_path, command, more) as log:
            wait(lambda: rejected.exists() and rejected.read_text().count("\n") >= DAMAGED, log)
            time.sleep(3)
        run.send_signal(signal.SIGTERM)
        assert run.wait(60) == 0, told.read_text()
    finally:
        run.kill()
        run.wait()
        err.close()
    store = Store(tmp_path / "atp.duckdb")
    count = "SELECT count(*), count(DISTINCT workstation) FROM ntlm_auth"
    found = store.connection.execute(count).fetchone()
    store.close()
    assert found == (FEWER, FEWER)
    assert rejected.read_text().count("\n") == DAMAGED
