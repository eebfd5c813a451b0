"""Parameters: types, bounds, sensitivities."""

import pytest

MINUTE = 60_000_000


def params(loaded, line):
    catalogue = loaded(f"params:\n  p: {{{line}}}")
    codes = [d.code for d in catalogue.diagnostics.items]
    detection = catalogue.detections.get("example")
    return (detection.envelope.params["p"] if detection else None), codes


@pytest.mark.parametrize(
    ("line", "default"),
    [
        ("type: int, default: 5, help: x", 5),
        ("type: float, default: 5, help: x", 5.0),
        ("type: duration, default: 10m, min: 1m, max: 1h, help: x", 10 * MINUTE),
        ("type: text, default: abc, help: x", "abc"),
        ("type: bool, default: false, help: x", False),
    ],
)
def test_types(loaded, line, default):
    param, codes = params(loaded, line)
    assert (param.default, type(param.default), codes) == (default, type(default), [])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("type: int, default: five, help: x", "D0611"),
        ("type: int, default: true, help: x", "D0611"),
        ("type: int, default: 5, max: 4, help: x", "D0611"),
        ("type: int, default: 5, min: 9, max: 4, help: x", "D0611"),
        ("type: int, default: 5, min: 1m, help: x", "D0611"),
        ("type: int, default: 5, max: 9, high: 10, help: x", "D0611"),
        ("type: int, default: 5, high: 9, low: 7, help: x", "D0611"),
        ("type: int, default: 5, high: 2, medium: 1, low: 7, help: x", "D0611"),
        ("type: text, default: x, min: 5, help: x", "D0611"),
        ("type: number, default: 5, help: x", "D0607"),
        ("type: int, default: 5", "D0605"),
        ("type: int, help: x", "D0605"),
        ("type: int, default: 5, help: x, unit: s", "D0604"),
    ],
)
def test_faults(loaded, line, code):
    param, codes = params(loaded, line)
    assert param is None
    assert code in codes


def test_names(told):
    assert told("params:\n  Big: {type: int, default: 1, help: x}")[0][0] == "D0611"


def test_sensitivities_and_values_from_outside(loaded):
    param, _ = params(loaded, "type: duration, default: 10m, min: 1m, high: 5m, low: 1h, help: x")
    assert [param.at(s) // MINUTE for s in ("high", "medium", "low")] == [5, 10, 60]
    assert param.read("2m") == (2 * MINUTE, "")
    assert param.read("30s") == (None, "`30s` is less than the least, 1m")
    assert param.read(5) == (None, "`5` is not a duration such as `10m`")
    assert param.show(90 * MINUTE) == "90m"
