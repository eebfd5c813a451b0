"""Who may deliver: the sensor whose token and certificate both are in force, and nobody else."""

import contextlib
import ssl
import time

import msgspec
import pytest

from dsl.schema.directory import DirectoryChange
from dsl.schema.dns import DnsQuery
from engine.instance import authority
from sensor.delivery.batch import encode
from sensor.delivery.enrolment import EnrolmentError, days_left, renew
from sensor.delivery.fencing import Fence, fenced
from sensor.delivery.link import Link, LinkError, trusting, trusting_text
from sensor.delivery.protocol import DELIVER, ENROL, MOST_BODY, Delivery, Receipt
from sensor.delivery.sampling import Filter, Rule


def body(*batches, sent=None, **fields):
    now = time.time_ns() // 1000
    given = {"waiting": 0, "waiting_bytes": 0, "oldest": None, "dropped": {}} | fields
    return msgspec.msgpack.encode(
        Delivery(sent=sent or now, release="0.1", batches=list(enumerate(batches, 1)), **given)
    )


def link(identity):
    return Link(identity.engine, trusting(identity.ca, identity.certificate), "")


def deliver(identity, data=None, *, token=None, way=None):
    way = way or link(identity)
    try:
        return way.post(
            DELIVER, data or body(), {"Authorization": f"Bearer {token or identity.token}"}
        )
    finally:
        way.close()


def batch(seq=1):
    return encode([DnsQuery(ts=1, sensor="interface:eth0", seq=seq, query="a.test")])


def test_events_bear_the_sensors_name(start, tmp_path):
    instance = start()
    identity = instance.enrol(tmp_path / "s", "DC 1.corp.test")
    assert identity.name == "dc-1.corp.test"
    status, answer = deliver(identity, body(batch(1), batch(2), dropped={"dns_query": 3, "x": 1}))
    receipt = msgspec.msgpack.decode(answer, type=Receipt)
    assert (status, receipt.done, receipt.refused, receipt.raw) == (200, [1, 2], {}, True)
    ((name, events),) = instance.taken
    assert name == identity.name
    assert [e.sensor for e in events] == ["dc-1.corp.test/interface:eth0"] * 2
    (sensor,) = instance.registry.sensors()
    assert (sensor.events, sensor.address, sensor.dropped) == (2, "127.0.0.1", {"dns_query": 3})


def test_only_its_owner_may_read_an_identity(start, tmp_path):
    identity = start().enrol(tmp_path / "s")
    modes = {p.name: oct(p.stat().st_mode & 0o777) for p in identity.folder.iterdir()}
    assert set(modes.values()) == {"0o600"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"fingerprint": "00:11"}, "another fingerprint"),
        ({"access_key": "wrong"}, "access key"),
        ({"access_key": ""}, "access key"),
    ],
)
def test_who_may_not_enrol(start, tmp_path, changed, words):
    instance = start()
    with pytest.raises(EnrolmentError, match=words):
        instance.enrol(tmp_path / "s", **changed)
    assert instance.registry.sensors() == []
    assert not (tmp_path / "s").exists()


def test_a_new_access_key_ends_the_one_before(start, tmp_path):
    instance = start()
    identity = instance.enrol(tmp_path / "a")
    fresh = instance.registry.new_access_key()
    with pytest.raises(EnrolmentError):
        instance.enrol(tmp_path / "b")
    assert instance.enrol(tmp_path / "b", access_key=fresh).name == "dc1~2"
    assert deliver(identity)[0] == 200


def test_no_certificate(start, tmp_path):
    identity = start().enrol(tmp_path / "s")
    bare = Link(identity.engine, trusting_text(identity.ca.read_text()), "")
    assert deliver(identity, way=bare)[0] == 401


def test_the_token_of_another(start, tmp_path):
    instance = start()
    one, other = instance.enrol(tmp_path / "a"), instance.enrol(tmp_path / "b")
    assert deliver(one, token=other.token)[0] == 401
    assert deliver(one, token="dc1.x")[0] == 401
    assert deliver(one, token="x")[0] == 401
    assert instance.sensors.refusals["identity"] == 3


def test_revoked_at_once(start, tmp_path):
    instance = start()
    identity = instance.enrol(tmp_path / "s")
    way = link(identity)
    headers = {"Authorization": f"Bearer {identity.token}"}
    assert way.post(DELIVER, body(), headers)[0] == 200
    instance.registry.revoke("dc1")
    # on the very connection that was open
    assert way.post(DELIVER, body(), headers)[0] == 401
    way.close()


def test_the_certificate_of_another_instance(start, tmp_path):
    one, other = start("one"), start("other")
    mine, foreign = one.enrol(tmp_path / "a"), other.enrol(tmp_path / "b")
    forged = Link(mine.engine, trusting(mine.ca, foreign.certificate), "")
    with pytest.raises(LinkError):
        deliver(mine, way=forged)
    with pytest.raises(LinkError, match="certificate verify failed"):
        deliver(mine, way=Link(mine.engine, trusting(foreign.ca, mine.certificate), ""))


def test_a_certificate_that_has_ended(start, tmp_path, monkeypatch):
    instance = start()
    with monkeypatch.context() as patch:
        patch.setattr(authority, "_DAYS", 0)
        identity = instance.enrol(tmp_path / "s")
    with pytest.raises(LinkError):
        deliver(identity)


def handshake(*sides):
    """Both ends of TLS in memory, until neither has anything to say."""
    for _ in range(4):
        for side in sides:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()


def test_a_sensor_is_no_engine(start, tmp_path):
    """A sensor's certificate does not pass for the engine's."""
    identity = start().enrol(tmp_path / "s")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(identity.ca, identity.certificate).wrap_bio(there, back)
    server = context.wrap_bio(back, there, server_side=True)
    with pytest.raises(ssl.SSLCertVerificationError, match="(?i)purpose"):
        handshake(client, server)


def test_renewal(start, tmp_path):
    instance = start()
    identity = instance.enrol(tmp_path / "s")
    before = identity.certificate.read_bytes()
    renew(identity, "")
    after = identity.certificate.read_bytes()
    assert after != before
    assert 729 < days_left(identity, time.time()) <= 730
    identity.certificate.write_bytes(before)  # the answer was lost
    assert deliver(identity)[0] == 200
    identity.certificate.write_bytes(after)
    assert deliver(identity)[0] == 200
    identity.certificate.write_bytes(before)
    assert deliver(identity)[0] == 401


def test_a_batch_that_cannot_be_read_is_refused_alone(start, tmp_path):
    instance = start()
    status, answer = deliver(instance.enrol(tmp_path / "s"), body(b"junk", batch()))
    receipt = msgspec.msgpack.decode(answer, type=Receipt)
    assert (status, receipt.done, list(receipt.refused)) == (200, [2], [1])
    assert instance.sensors.refusals["batch"] == 1


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"\xc1", 400), (b"\x90", 400), (bytes(MOST_BODY + 1), 413), (body(*[b""] * 17), 413)],
    ids=["no msgpack", "no delivery", "too large", "too many batches"],
)
def test_deliveries_that_are_none(start, tmp_path, data, status):
    instance = start()
    identity = instance.enrol(tmp_path / "s")
    assert deliver(identity, data)[0] == status
    assert instance.taken == []
    assert deliver(identity)[0] == 200


def test_what_is_no_enrolment(start):
    instance = start()
    way = Link(instance.url, trusting_text(instance.authority.certificate_pem), "")
    assert way.post(ENROL, b"junk")[0] == 400
    assert way.post("/sensor/v1/none", b"")[0] == 404
    way.close()


def test_a_busy_engine(start, tmp_path):
    instance = start()
    identity = instance.enrol(tmp_path / "s")
    instance.room = False
    assert deliver(identity, body(batch()))[0] == 503
    instance.room, instance.commits = True, False
    assert deliver(identity, body(batch()))[0] == 503
    assert instance.registry.sensors()[0].seen is None


def test_a_clock_that_is_wrong(start, tmp_path):
    instance = start()
    now = time.time_ns() // 1000
    deliver(instance.enrol(tmp_path / "s"), body(sent=now + 90_000_000))
    assert 85_000_000 < instance.registry.sensors()[0].skew < 91_000_000
    deliver(instance.enrol(tmp_path / "t"), body(sent=2**64 - 1))
    assert instance.registry.sensors()[1].skew == 2**62


def receipt_of(answer):
    status, body_ = answer
    assert status == 200
    return msgspec.msgpack.decode(body_, type=Receipt)


def test_a_filter_is_told_until_it_is_in_force(start, tmp_path):
    instance = start()
    identity = instance.enrol(tmp_path / "s")
    assert receipt_of(deliver(identity)).filter is None
    instance.filter = Filter("v1", (Rule("dns_query", 0.5, ()),))
    assert receipt_of(deliver(identity)).filter == instance.filter
    assert receipt_of(deliver(identity, body(filter="v1"))).filter is None
    instance.filter = Filter()
    assert receipt_of(deliver(identity, body(filter="v1"))).filter == Filter()
    deliver(identity, body(sampled={"dns_query": 7, "nonsense": 1}))
    assert instance.registry.sensors()[0].sampled == {"dns_query": 7}


def changes(token, *numbers):
    name = fenced("directory:dc1", Fence("corp.test", token))
    return encode([DirectoryChange(ts=1, sensor=name, seq=n) for n in numbers])


def test_a_directory_is_taken_from_who_synchronises_it(start, tmp_path):
    instance = start()
    first, second = instance.enrol(tmp_path / "1", "one"), instance.enrol(tmp_path / "2", "two")
    asked = {"candidate_for": ["corp.test"]}
    assert receipt_of(deliver(first, body(**asked))).leases == {}
    now = time.time_ns() // 1000
    instance.leases.ask("one", "corp.test", now - 61_000_000)  # long ago, as it were
    db = instance.leases._db
    db.execute("UPDATE lease SET vacant = ?", (now - 61_000_000,))
    assert receipt_of(deliver(first, body(**asked))).leases == {"corp.test": 1}
    assert receipt_of(deliver(second, body(**asked))).leases == {}
    assert receipt_of(deliver(first, body(changes(1, 1, 2), batch(3), **asked))).done == [1, 2]
    assert receipt_of(deliver(second, body(changes(1, 1), **asked))).done == [1]
    assert receipt_of(deliver(first, body(changes(0, 3), changes(2, 4), **asked))).done == [1, 2]
    taken = [(e.sensor, e.seq) for _, events in instance.taken for e in events]
    assert taken == [("one/directory:dc1", 1), ("one/directory:dc1", 2), ("one/interface:eth0", 3)]
    assert instance.sensors.refusals["stale synchronizer"] == 3
    # half an hour without a controller
    db.execute("UPDATE lease SET seen = ?", (now - 31 * 60_000_000,))
    deaf = asked | {"unanswered": ["corp.test"]}
    assert receipt_of(deliver(first, body(**deaf))).leases == {"corp.test": 1}
    deliver(second, body(**asked))
    db.execute("UPDATE lease SET vacant = ?", (now - 61_000_000,))
    assert receipt_of(deliver(second, body(**asked))).leases == {"corp.test": 2}
    assert receipt_of(deliver(first, body(**deaf))).leases == {}
