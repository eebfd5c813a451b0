"""Metrics: what is told, in a form that parsers take, and that no name which was seen is in it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from engine.instance.registry import Sensor
from engine.store.spool import Counts
from portal.access.roles import Role
from portal.access.tokens import Tokens, beside
from portal.routes import routes


@pytest.fixture
def scrape(house):
    from starlette.testclient import TestClient

    tokens = Tokens(beside(house.file))
    token = tokens.create("prometheus", Role.VIEWER, "ann", house.sources.clock(), None)
    tokens.close()
    client = TestClient(Starlette(routes=routes(house.sources)))

    def go(accept=None):
        headers = {"authorization": f"Bearer {token}"} | ({"accept": accept} if accept else {})
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 200
        return answer

    return go


def values(answer):
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }


def test_before_the_first_tick(scrape):
    told = values(scrape())
    assert told["atp_tick_seconds_count", ()] == 0
    assert told["atp_alerts", (("severity", "high"), ("status", "open"))] == 0


def test_what_is_told(house, scrape):
    house.registry.add("dc1", "dc1", "c", "", "1.0")
    house.registry.seen(Sensor("dc1", "dc1", 0, "c", skew=-500_000, dropped={"dns_query": 3}))
    house.ask(0, source="secret.corp.test")
    house.ask(-86_400)
    house.service._counts = [Counts("mail", 1, 2, 3, 4, "")]
    house.service._note_status()
    answer = scrape()
    told = values(answer)
    assert told["atp_events_total", (("source", "dc1/eth0"), ("type", "dns_query"))] == 2
    assert told["atp_alerts", (("severity", "high"), ("status", "open"))] == 2
    assert told["atp_tick_seconds_count", ()] == 2
    assert told["atp_tick_seconds_bucket", (("le", "+Inf"),)] == 2
    assert told["atp_detections", (("state", "disabled"),)] == 1
    assert told["atp_sensor_dropped_events_total", (("sensor", "dc1"), ("type", "dns_query"))] == 3
    assert told["atp_sensor_skew_seconds", (("sensor", "dc1"),)] == -0.5
    assert told["atp_sink_refused_messages_total", (("sink", "mail"),)] == 3
    assert told["atp_store_bytes", (("file", "database"),)] > 0
    assert "secret" not in answer.text


def test_open_metrics(scrape):
    answer = scrape("application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
