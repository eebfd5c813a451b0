"""A certificate for receivers, an alert of hostile names, and senders as the file of sinks makes them."""

import subprocess

import pytest

from dsl.diagnostics import Diagnostics
from dsl.record import Record
from dsl.source import parse_source
from engine.daemon.outputs import Message, output_of
from engine.sinks.trial import trial

HOSTILE = "x\r\nBcc: evil@evil.test\r\n\r\n<script>alert(1)</script>|=\\ \u202e\x00"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Paths of a certificate for 127.0.0.1 and localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
         "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("correct horse battery staple\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def sender():
    """Opens a sender of a type with settings, closed in the end."""
    opened = []

    def one(kind, **settings):
        diagnostics = Diagnostics()
        text = "".join(f"{k.rstrip('_')}: {str(v)!r}\n" for k, v in settings.items())
        source = parse_source("s", text, diagnostics)
        made = output_of(kind).read(Record(source, (), source.data, diagnostics, "the sink"))
        assert made is not None, diagnostics.items
        opened.append(made())
        return opened[-1]

    yield one
    for each in opened:
        each.close()


@pytest.fixture
def message():
    """A message about an alert in which every name is an attacker's; changes by keyword."""

    def one(id_="d.1", change="opened", **changed):
        alert = trial(1_700_000_000_000_000, "ann") | {
            "title": HOSTILE, "explanation": HOSTILE, "actor": f"{HOSTILE}@x.test", "severity": "high",
            "detection": "dcsync", "external_id": 2006, "source": "ws9.corp.test",
            "roles": {"actor": HOSTILE}, "evidence_count": 3,
            "evidence": [{"type": "rpc_call", "ts": 1, "account": HOSTILE, "outcome": "success"}],
        }  # fmt: skip
        return Message(id_, 1_700_000_000_123_456, change, alert | changed)

    return one
