"""A sensor and an engine as processes, killed and cut off: every event arrives, and counts once.

ATP_CHAOS says how many rounds of misfortune there are; three suffice to see that it holds at all.
"""

import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import msgspec
import pytest
from pcap_file import pcap_bytes
from relay import Relay

from dsl.schema.registry import event_types
from engine.instance.authority import create_authority
from engine.instance.registry import Registry
from engine.store import Store
from sensor.delivery.enrolment import enrol, fingerprint_of
from sensor.delivery.identity import SPOOL, load_identity
from sensor.delivery.link import Link, trusting
from sensor.delivery.protocol import DELIVER, Delivery, Receipt
from sensor.delivery.spool import Spool

ROUNDS = int(os.environ.get("ATP_CHAOS", "3"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Pair:
    """An engine, and a sensor that watches a folder, with a wire between them."""

    def __init__(self, folder, begin):
        self.folder = folder
        self.watched = folder / "in"
        self.watched.mkdir(parents=True)
        self._begin = begin
        self.relay = Relay()
        self.relay.to = free_port()
        authority = create_authority(folder / "instance", [])
        self.registry = Registry(folder / "instance" / "sensors.sqlite")
        self._enrolment = fingerprint_of(authority.certificate_pem), self.registry.new_access_key()
        self.engine = self.sensor = None
        self.last = b""

    def start_engine(self):
        self.engine = self._begin(
            self.folder, "--role", "engine", "--listen", f"127.0.0.1:{self.relay.to}",
            "--instance", "instance", "--detections", self.folder.parent / "rules",
        )  # fmt: skip

    def enrol(self):
        self.engine.begun()
        end = time.monotonic() + 20
        while True:
            try:
                return enrol(
                    self.folder / "state", f"https://127.0.0.1:{self.relay.port}", *self._enrolment,
                    "dc1", "0", "",
                )  # fmt: skip
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.1)

    def make_spool(self):
        identity = load_identity(self.folder / "state")
        spool = Spool(self.folder / "state" / SPOOL, 1 << 30, 1e9)
        spool.append(None, {"identity": identity.spool})
        return spool

    def start_sensor(self):
        self.sensor = self._begin(
            self.folder, "--role", "sensor", "--state", "state", "--watch", "in", "--proxy", "",
            name="sensor",
        )  # fmt: skip

    def start(self):
        self.start_engine()
        self.enrol()
        self.make_spool().close()
        self.start_sensor()

    def drop(self, name, data):
        (self.watched / f".{name}").write_bytes(data)
        (self.watched / f".{name}").rename(self.watched / name)

    def spooled(self, query):
        with contextlib.closing(sqlite3.connect(self.folder / "state" / SPOOL)) as db:
            return db.execute(query).fetchall()

    def idle(self):
        """Whether everything in the folder was read and delivered."""
        files = {value for _, value in self.spooled("SELECT * FROM state WHERE key LIKE 'file/%'")}
        read = sum('"stamp":""' not in value for value in files)
        return read == len(list(self.watched.glob("[!.]*"))) and not self.spooled(
            "SELECT 1 FROM batch"
        )

    def finish(self):
        """Let it all arrive, end both in order; events and alerts of the engine."""
        # files are read in the order of their names: once this one is, the sensor has looked into
        # all of them again since its last start, and waits for their ends
        self.sensor.begun()
        self.drop("last.pcap", self.last)
        self.sensor.wait(self.idle, 180)
        for file in self.watched.iterdir():
            file.unlink()
        unfinished = (
            "SELECT 1 FROM state WHERE key LIKE 'file/%' AND value NOT LIKE '%ended\":true%'"
        )
        self.sensor.wait(lambda: not self.spooled(unfinished))
        assert self.sensor.stop(seconds=60)[0] == 0
        assert self.spooled("SELECT count(*) FROM batch") == [(0,)]
        assert self.engine.stop(seconds=60)[0] == 0
        store = Store(self.folder / "atp.duckdb")
        rows = []
        for name in event_types():
            if name not in ("alert", "sensor_health"):
                query = f'SELECT sensor, seq, ts, account FROM "{name}"'
                rows += [(name, *row) for row in store.connection.execute(query).fetchall()]
        store.close()
        alerts = {(a["id"], a["detection"], a["count"]) for a in self.engine.standing()}
        assert len({row[:3] for row in rows}) == len(rows)
        return set(rows), alerts

    def close(self):
        self.relay.close()
        self.registry.close()


@pytest.fixture
def pair(tmp_path, atp_run, wrong_passwords, run_in, recording):
    (tmp_path / "rules" / "discovery" / "wrong_passwords.yaml").write_text(wrong_passwords)
    made = []

    def make(name):
        made.append(Pair(tmp_path / name, run_in))
        made[-1].last = pcap_bytes(recording[-40:])
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def undisturbed(pair, pieces):
    """What an engine has at the end if nothing goes wrong."""
    calm = pair("site")
    for name, data in pieces.items():
        calm.drop(name, data)
    calm.start()
    told = calm.finish()
    calm.folder.rename(calm.folder.with_name("calm"))  # events bear the name of their folder
    return told


@pytest.fixture
def pieces(recording):
    size = -(-len(recording) // max(12, ROUNDS))
    parts = [recording[i : i + size] for i in range(0, len(recording), size)]
    return {f"{i:02}.pcap": pcap_bytes(part) for i, part in enumerate(parts)}


def misfortune(pair, chance):
    """One of the things that happen, at some moment."""
    if chance.random() < 0.5:  # while they work, not while they begin
        pair.engine.begun()
        pair.sensor.begun()
    time.sleep(chance.uniform(0.0, 1.5))
    what = chance.choice(("sensor", "engine", "both", "wire"))
    if what == "wire":
        pair.relay.cut()
        time.sleep(chance.uniform(0.0, 1.5))
        pair.relay.mend()
        return
    if what in ("sensor", "both"):
        pair.sensor.stop(signal.SIGKILL)
    if what in ("engine", "both"):
        pair.engine.stop(signal.SIGKILL)
        time.sleep(chance.uniform(0.0, 1.0))
        pair.start_engine()
    if what in ("sensor", "both"):
        pair.start_sensor()


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(pair, pieces, undisturbed):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    one = pair("site")
    one.start()
    left = list(pieces.items())
    for number in range(ROUNDS):
        for _ in range(-(-len(left) // (ROUNDS - number))):
            one.drop(*left.pop(0))
        misfortune(one, chance)
    for name, data in left:
        one.drop(name, data)
    events, alerts = one.finish()
    assert events ^ undisturbed[0] == set()
    assert alerts == undisturbed[1]
    assert len(alerts) >= 1
    assert len(events) > 1_000


@pytest.mark.slow
def test_batches_that_come_twice_and_in_another_order(pair, pieces, undisturbed):
    """As by a sensor whose answers are lost, and one that sends on several ways."""
    one = pair("site")
    one.start_engine()
    identity = one.enrol()
    one.make_spool().close()
    one.relay.cut()
    for name, data in pieces.items():
        one.drop(name, data)
        if name == "00.pcap":
            one.start_sensor()
            one.sensor.wait(lambda: one.spooled("SELECT 1 FROM batch"))
    files = (
        "SELECT count(*) FROM state WHERE key LIKE 'file/%' AND value NOT LIKE '%\"stamp\":\"\"%'"
    )
    one.sensor.wait(lambda: one.spooled(files) == [(len(pieces),)])
    one.sensor.stop(signal.SIGKILL)
    one.relay.mend()
    batches = one.spooled("SELECT number, body FROM batch")
    assert len(batches) > 1
    way = Link(identity.engine, trusting(identity.ca, identity.certificate), "")
    sent = batches * 2
    random.Random(1).shuffle(sent)
    for batch in sent:
        body = msgspec.msgpack.encode(
            Delivery(time.time_ns() // 1000, "0", 0, 0, None, {}, [batch])
        )
        status, answer = way.post(DELIVER, body, {"Authorization": f"Bearer {identity.token}"})
        assert status == 200
        assert msgspec.msgpack.decode(answer, type=Receipt).done == [batch[0]]
    way.close()
    one.start_sensor()
    events, alerts = one.finish()
    # names are resolved with what was known when an event came
    assert {row[:4] for row in events} ^ {row[:4] for row in undisturbed[0]} == set()
    assert {a[1:] for a in alerts} == {a[1:] for a in undisturbed[1]}


def test_a_sensor_without_an_identity(run_in, tmp_path):
    (tmp_path / "in").mkdir()
    run = run_in(tmp_path, "--role", "sensor", "--watch", "in")
    assert run.process.wait(30) == 2
    assert "no sensor is enrolled in atp-sensor" in run.err


def test_a_spool_of_another(pair):
    one = pair("one")
    one.start_engine()
    one.enrol()
    one.make_spool().append(None, {"identity": "another"})
    one.start_sensor()
    assert one.sensor.process.wait(30) == 2
    assert "the spool in state is another's" in one.sensor.err


def test_a_revoked_sensor_says_so_and_keeps_what_it_has(pair, pieces):
    one = pair("one")
    one.start()
    one.sensor.begun()
    one.registry.revoke("dc1")
    one.drop("a.pcap", pieces["00.pcap"])
    one.sensor.wait(lambda: "is it revoked?" in one.sensor.err)
    one.sensor.wait(lambda: one.spooled("SELECT 1 FROM batch"))
    assert one.sensor.stop()[0] == 0
    assert one.spooled("SELECT 1 FROM batch")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--role", "sensor", "--listen", "0", "--watch", "."], "--listen belongs to the engine"),
        (["--role", "engine", "--watch", "."], "needs a port for its sensors"),
        (["--role", "engine", "--listen", "0", "--watch", "."], "captures belong to a sensor"),
        (["--listen", "0"], "sensors belong to an instance"),
        (["--listen", "0", "--instance", "."], ". is no instance"),
        (["--listen", "x:y", "--instance", "."], "`y` is no port"),
    ],
)
def test_options_that_do_not_belong_together(run_in, tmp_path, args, words):
    run = run_in(tmp_path, *args)
    assert run.process.wait(30) == 2
    assert words in run.err


def test_a_sensor_runs_light():
    """No language, no database, no web server: it runs on domain controllers."""
    program = (
        "import sys; from engine.daemon import inputs, main, sensing, sensor_role\n"
        "import sensor.delivery.enrolment, sensor.delivery.sender, engine.daemon.capture\n"
        "import engine.daemon.listening, engine.daemon.accounting, sensor.inputs.files\n"
        "heavy = {'lark', 'duckdb', 'pyarrow', 'sqlglot', 'starlette', 'uvicorn', 'jinja2'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
