"""Names in values of any shape; what is only like the name stays."""

import msgspec
import pytest

from engine.erasure.person import Person
from engine.erasure.values import replaced

P = "erased-1@corp.test"
SID = "S-1-5-21-1-2-3-1104"
HANNA = Person(
    "hanna@corp.test", P, ("CORP",), (SID, "CN=Hanna Berg,OU=x,DC=corp,DC=test", "Hanna Berg")
)
PACK = msgspec.msgpack.encode


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("hanna@corp.test", P),
        ("HANNA@CORP.TEST", P),
        ("CORP\\hanna", P),
        ("hanna@CORP and others", f"{P} and others"),
        (SID, P),
        (f"{SID}5", None),
        ("johanna@corp.test", None),
        ("hanna@corp.test2", None),
        ("hanna", None),
        ("memberOf=CN=Hanna Berg,OU=x,DC=corp,DC=test;", f"memberOf={P};"),
        ('{"account":"CORP\\\\hanna","n":1}', f'{{"account":"{P}","n":1}}'),
        ('{"account_name":"Hanna","action":"hanna"}', f'{{"account_name":"{P}","action":"hanna"}}'),
        (["a", "hanna@corp.test"], ["a", P]),
        ({"hanna@corp.test": 1}, {P: 1}),
        (PACK(["hanna@corp.test", 3, b"\x00\x01"]), PACK([P, 3, b"\x00\x01"])),
        (PACK([sorted([PACK("hanna@corp.test"), PACK("a@corp.test")])]),
         PACK([sorted([PACK(P), PACK("a@corp.test")])])),
        (b'[{"x":"hanna@corp.test"}]', f'[{{"x":"{P}"}}]'.encode()),
        (b"\x93\xff", None),
        (7, None),
        (None, None),
    ],
)  # fmt: skip
def test_values(value, after):
    found = replaced(value, HANNA)
    if after is None:
        assert found is value
    else:
        assert found == after
