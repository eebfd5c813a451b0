"""What the taker of events raises comes out as it is, and is no defect of a decoder."""

import pytest

from engine.cli import reading


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("x"), KeyError(1)])  # fmt: skip
@pytest.mark.parametrize("batch", [1, 10_000])
def test_an_error_of_the_taker(capture, monkeypatch, error, batch):
    monkeypatch.setattr(reading, "_BATCH", batch)

    def take(_events):
        raise error

    with pytest.raises(type(error)) as raised:
        reading.read([capture], take)
    assert raised.value is error


def test_events_come_in_order_of_the_file(capture, monkeypatch):
    monkeypatch.setattr(reading, "_BATCH", 7)
    found = []
    assert not reading.read([capture], found.extend)
    assert [e.seq for e in found] == list(range(1, len(found) + 1))
