"""Where requests come from, as browsers tell it."""

import pytest

from portal.access.requests import followed_from_elsewhere, from_elsewhere, token_fits

LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers", "elsewhere"),
    [
        ("GET", {}, False),
        ("GET", {"sec-fetch-site": "none"}, False),
        ("GET", {"sec-fetch-site": "same-origin"}, False),
        ("GET", LINK, False),
        ("GET", {**LINK, "sec-fetch-dest": "iframe"}, True),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}, True),
        ("GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, True),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", LINK, True),
        ("POST", {"sec-fetch-site": "none"}, True),
        ("POST", {}, True),
        ("POST", {"origin": "https://a.test:8443", "host": "a.test:8443"}, False),
        ("POST", {"origin": "https://b.test", "host": "a.test"}, True),
        ("POST", {"origin": "null", "host": "a.test"}, True),
        ("DELETE", {"sec-fetch-site": "cross-site"}, True),
    ],
)
def test_where_it_comes_from(method, headers, elsewhere):
    assert from_elsewhere(method, headers) is elsewhere


def test_a_link_of_another_site_is_told():
    assert followed_from_elsewhere(LINK)
    assert not followed_from_elsewhere({})


@pytest.mark.parametrize(
    ("shown", "fits"), [("abc", True), ("", False), ("abd", False), ("äbc", False)]
)
def test_tokens(shown, fits):
    assert token_fits("abc", shown) is fits
