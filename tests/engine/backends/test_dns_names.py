"""Registrable parts of DNS names."""

import pytest

from engine.backends.dns_names import registered_domain, subdomain


@pytest.mark.parametrize(
    ("name", "domain", "before"),
    [
        ("a.b.example.com", "example.com", "a.b"),
        ("EXAMPLE.com.", "example.com", ""),
        ("x.example.co.uk", "example.co.uk", "x"),
        ("co.uk", "co.uk", ""),
        ("com", None, ""),
        ("", None, ""),
        ("..a..b.c.", "b.c", "a"),
    ],
)
def test_parts(name, domain, before):
    assert registered_domain(name) == domain
    assert subdomain(name) == before
