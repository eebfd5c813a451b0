"""The file of the provider: what it says, and what is wrong in it."""

import pytest

from engine.daemon.sign_in_file import read_sign_in

GOOD = {
    "issuer": "https://login.corp.test/realms/corp", "client": "atp", "secret_file": "secret",
    "portal": "https://atp.corp.test:8443/", "roles": "{user: [soc, both], administrator: [both]}",
}  # fmt: skip


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("a secret\n")
    (tmp_path / "secret").chmod(0o600)

    def one(**changed):
        keys = {k: v for k, v in {**GOOD, **changed}.items() if v is not None}
        path = tmp_path / "sign-in.yaml"
        path.write_text("".join(f"{k}: {v}\n" for k, v in keys.items()))
        return read_sign_in(path)

    return one


def test_a_good_file(read):
    (settings, tls), found = read()
    assert found == []
    assert settings.portal == "https://atp.corp.test:8443"
    assert (settings.secret, settings.claim, settings.name_claim) == (
        "a secret", "groups", "preferred_username",
    )  # fmt: skip
    assert {g: r.value for g, r in settings.roles.items()} == {
        "soc": "user", "both": "administrator",
    }  # fmt: skip
    assert tls.check_hostname
    assert "a secret" not in repr(settings)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"issuer": None}, "issuer"),
        ({"issuer": "http://login.corp.test"}, "https"),
        ({"issuer": "https://u:p@login.corp.test"}, "https"),
        ({"issuer": "https://login.corp.test?x=1"}, "https"),
        ({"issuer": "https://[bad"}, "https"),
        ({"portal": "atp.corp.test"}, "https"),
        ({"client": None}, "client"),
        ({"secret_file": None}, "secret_file"),
        ({"secret_file": "nothing"}, "cannot be read"),
        ({"secret": "in clear"}, "no key `secret`"),
        ({"roles": None}, "nobody could sign in"),
        ({"roles": "{root: [soc]}"}, "no key `root`"),
        ({"roles": "{user: []}"}, "nobody could sign in"),
        ({"ca": "nothing.pem"}, "no certificates"),
    ],
)
def test_what_is_wrong(read, changed, words):
    read_, found = read(**changed)
    assert read_ is None
    assert any(words in f"{d.message} {d.hint}" for d in found)
    assert "a secret" not in str(found)


def test_a_secret_that_others_may_read_is_told(read, tmp_path):
    (tmp_path / "secret").chmod(0o644)
    settings, found = read()
    assert settings is not None
    assert [d.severity for d in found] == ["warning"]
