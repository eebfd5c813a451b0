"""Some thousand cases of the message fuzzer, and that it tells of a defect."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from dsl.schema.sensor import SensorHealth

FOLDER = Path(__file__).parents[2] / "fuzz"


@pytest.fixture(scope="module")
def fuzzer():
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("fuzz_messages", FOLDER / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(FOLDER))
    return module


@pytest.fixture(scope="module")
def found(fuzzer):
    return fuzzer.runs()


@pytest.fixture(scope="module")
def protocols(fuzzer):
    return {protocol.name: protocol for protocol in fuzzer.discover()}


@pytest.mark.parametrize("start", range(0, 6_000, 1_500))
def test_damaged_messages(fuzzer, found, protocols, start):
    for number in range(start, start + 1_500):
        fuzzer.check(number, 3, found, protocols)


def test_cases_are_reproducible_and_different(fuzzer, found):
    first = [fuzzer.case(n, 1, found)[0] for n in range(60)]
    assert first == [fuzzer.case(n, 1, found)[0] for n in range(60)]
    assert len({str(run) for run in first}) > 50
    assert len({run[0] for run in first}) >= 4


def checks(fuzzer, runs, protocols):
    for number in range(0, 400, 4):
        fuzzer.check(number, 1, runs, protocols)


def test_reading_beyond_the_end_is_told(fuzzer, found, protocols):
    class Greedy:
        """A DNS reader that takes the byte after its message into account."""

        def __init__(self, reader, context):
            self.reader, self.context = reader, context

        def message(self, ts, to_server, b, o, e):
            self.reader.message(ts, to_server, b, o, e)
            self.context.emit(SensorHealth(ts=b[e], via="wire", kind="heartbeat"))

        def gap(self, ts, to_server):
            self.reader.gap(ts, to_server)

        def close(self, ts):
            self.reader.close(ts)

    dns = protocols["dns"]
    broken = fuzzer.WireProtocol(
        "dns", dns.tcp, dns.udp, lambda flow, context: Greedy(dns.reader(flow, context), context)
    )
    runs = [run for run in found if run[:2] == ("dns", True)]
    with pytest.raises(fuzzer.BudgetError, match="other surroundings"):
        checks(fuzzer, runs, {"dns": broken})
