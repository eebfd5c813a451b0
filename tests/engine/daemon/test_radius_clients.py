"""The file of RADIUS clients: what it means, how it complains, and that no secret is shown."""

import pytest

from engine.daemon.radius_clients import masked, read_clients

SECRET = "sixteen or more octets"


def read(tmp_path, text):
    path = tmp_path / "clients.yaml"
    path.write_text(text)
    return read_clients(path)


def entries(*lines):
    return "clients:\n" + "".join(f"  - {line}\n" for line in lines)


def test_secrets_by_network(tmp_path):
    clients, found, _ = read(
        tmp_path,
        entries(
            f'{{network: 10.0.0.1, secret: "{SECRET}"}}',
            f"{{network: 2001:db8::/32, secret: {SECRET} too}}",
        ),
    )
    assert found == []
    assert len(clients) == 2
    assert clients.secret("10.0.0.1") == SECRET.encode()
    assert clients.secret("2001:db8::7") == f"{SECRET} too".encode()
    assert clients.secret("10.0.0.2") == b""


@pytest.mark.parametrize(
    ("text", "code", "place", "message", "hint"),
    [
        (entries("{network: 10.0.0.300, secret: abcdefghijklmnop}"), "D0617", (2, 15), "is no network", "10.8.0.0/16"),
        (entries("{network: 10.0.0.1/8, secret: abcdefghijklmnop}"), "D0617", (2, 15), "is no network", "write `10.0.0.0/8`"),
        (entries("{network: 10.0.0.1, secrt: abcdefghijklmnop}"), "D0604", (2, 25), "no key `secrt`", "secret"),
        (entries("{network: 10.0.0.1}"), "D0605", (2, 5), "no key `secret`", "secret"),
        (entries("{network: 10.0.0.1, secret: 1234567890123456}"), "D0606", (2, 33), "a number where a text", "quotes"),
        (entries(*["{network: 10.0.0.1, secret: abcdefghijklmnop}"] * 2), "D0617", (3, 15), "stands twice", ""),
        ("clients: []\n", "D0605", (1, 1), "names no client", "network"),
        ("client: []\n", "D0604", (1, 1), "no key `client`", "clients"),
    ],
)  # fmt: skip
def test_what_is_wrong(tmp_path, text, code, place, message, hint):
    clients, found, _ = read(tmp_path, text)
    assert clients is None
    (one,) = [d for d in found if d.code == code]
    assert (one.span.line, one.span.column) == place
    assert message in one.message
    assert hint in one.hint


def test_a_short_secret_is_told_but_taken(tmp_path):
    clients, (found,), _ = read(tmp_path, entries("{network: 10.0.0.1, secret: short}"))
    assert (found.severity, clients.secret("10.0.0.1")) == ("warning", b"short")
    assert "5 octets" in found.message


def test_columns_stay_and_secrets_go():
    text = entries(
        '{network: 10.0.0.1, secret: "a, b}: c"}', "{secret: 'x y', network: 10.0.0.0/8}", "{secrt: hush}"
    )  # fmt: skip
    hidden = masked(text)
    assert [len(line) for line in hidden.splitlines()] == [len(line) for line in text.splitlines()]
    assert "10.0.0.1" in hidden
    assert "10.0.0.0/8" in hidden
    assert not any(secret in hidden for secret in ("a, b", "x y", "hush"))
