"""Streams of events, and engines that take them, for the tests of what profiles learn."""

from dataclasses import dataclass

import pytest
from hypothesis import strategies as st

from dsl.given_directory import DirectoryObject
from dsl.schema.kerberos import KerberosAs
from dsl.schema.ntlm import NtlmAuth
from engine.directory_file import DirectoryFile
from engine.entities_build import directory_of
from engine.entities_rows import FOREVER
from engine.run import Engine
from engine.store import Store

S = 1_000_000
HOUR = 3_600 * S
BASE = 1_767_614_400 * S

MOVED = BASE + 5 * HOUR + HOUR // 3
"""When u2 went from one department to another, and came back a little later."""
PEOPLE = (
    *(DirectoryObject("account", f"u{i}@x", {"department": "d"}) for i in range(50) if i != 2),
    DirectoryObject("account", "u2@x", {"department": "d"}, valid_to=MOVED),
    DirectoryObject(
        "account", "u2@x", {"department": "e"}, valid_from=MOVED, valid_to=MOVED + 2 * HOUR
    ),
    DirectoryObject("account", "u2@x", {"department": "d"}, valid_from=MOVED + 2 * HOUR),
)


@dataclass(frozen=True)
class Arrival:
    """An event of the stream and how late it comes, in seconds."""

    tick: int
    second: int
    delay: int
    kind: type
    source: str
    account: str
    outcome: str
    port: int | None

    def event(self, seq):
        return self.kind(
            ts=BASE + self.tick * HOUR // 2 + self.second * S, sensor="s", seq=seq, via="wire",
            domain="x", source=self.source, account=self.account, outcome=self.outcome,
            src_port=self.port,
        )  # fmt: skip


arrivals = st.builds(
    Arrival,
    tick=st.integers(0, 24),
    second=st.sampled_from([0, 0, 20, 40, 59, 60, 119, 600, 1799]),
    delay=st.integers(0, 59),
    kind=st.sampled_from([NtlmAuth, NtlmAuth, NtlmAuth, KerberosAs]),
    source=st.sampled_from(["w1", "w1", "w2", "w3"]),
    account=st.sampled_from(["u1@x", "u1@x", "u2@x"]),
    outcome=st.sampled_from(["wrong_password", "success"]),
    port=st.sampled_from([1, 2, 7, None]),
)


@pytest.fixture(scope="session")
def streams():
    """Lists of events, each with the time at which it arrives, in the order of `ts`."""

    def placed(stream):
        made = sorted(stream, key=lambda a: (a.tick, a.second))
        events = [(a.event(seq), a.delay) for seq, a in enumerate(made)]
        return [(e.ts + delay * S, e) for e, delay in events]

    return st.lists(arrivals, min_size=6, max_size=25).map(placed)


@pytest.fixture(scope="session")
def engine_of():
    """Rule, its compiled form, store [, options] -> engine; its sources were alive all the time."""

    def build(rule, compiled, store=None, **options):
        engine = Engine(
            store or Store(), [rule], compile_detection=lambda _: compiled,
            directory=directory_of(DirectoryFile(PEOPLE, ())), directory_settled=FOREVER, as_written=True, **options,
        )  # fmt: skip
        engine.coverage.declare(["ntlm_auth", "kerberos_as"], BASE - HOUR)
        return engine

    return build
