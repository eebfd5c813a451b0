"""Values of fields by kind."""

import pytest

from dsl.event_values import BadValueError, read_field
from dsl.schema.base import Field

BASE = 1_000_000_000


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("text", "x", "x"), ("account", "CORP\\x", "CORP\\x"), ("host", "ip:10.0.0.1", "ip:10.0.0.1"),
        ("int", 7, 7), ("int", "7", 7), ("bool", True, True), ("ip", "10.0.0.1", "10.0.0.1"),
        ("ip", "FE80::0001", "fe80::1"), ("bytes", "00ff", b"\0\xff"), ("duration", "10m", 600_000_000),
        ("time", "-1s", BASE - 1_000_000), ("time", 0, BASE), ("sid", "S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3-500"),
        ("guid", "6bd0f4a2-0c1f-4d39-8d7e-0a6a5b1f3c11", "6bd0f4a2-0c1f-4d39-8d7e-0a6a5b1f3c11"),
        ("text", None, None),
    ],
)  # fmt: skip
def test_accepted(kind, given, value):
    assert read_field(Field(kind, ""), given, BASE, many=False) == value


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", 7), ("text", ["x"]), ("text", {"a": 1}), ("account", True), ("int", "x"), ("int", True),
        ("int", 1.5), ("bool", 1), ("bool", "yes"), ("ip", "10.0.0"), ("ip", 10), ("bytes", "0"),
        ("bytes", 17), ("time", "noon"), ("time", 5), ("duration", 5), ("sid", "S-2"), ("guid", "x"),
    ],
)  # fmt: skip
def test_refused(kind, given):
    with pytest.raises(BadValueError) as bad:
        read_field(Field(kind, ""), given, BASE, many=False)
    assert bad.value.code == "D0703"


def test_lists():
    field = Field("int", "")
    assert read_field(field, [1, 2], BASE, many=True) == [1, 2]
    with pytest.raises(BadValueError, match="a list belongs") as bad:
        read_field(field, 1, BASE, many=True)
    assert bad.value.hint == "write `[1]`"


def test_words():
    closed = Field("enum", "", words=("success", "denied"))
    opened = Field("enum", "", words=("aes256",), open_words=True)
    assert read_field(closed, "denied", BASE, many=False) == "denied"
    assert read_field(opened, "etype_99", BASE, many=False) == "etype_99"
    for field, word, hint in (
        (closed, "sucess", "did you mean `success`?"),
        (opened, "aes255", "did"),
    ):
        with pytest.raises(BadValueError) as bad:
            read_field(field, word, BASE, many=False)
        assert bad.value.code == "D0704"
        assert hint in bad.value.hint
