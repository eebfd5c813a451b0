"""Accounts as administrators keep them."""

import re


def test_somebody_is_added_changed_and_removed(site, browser):
    one = browser("administrator")
    answer = one.post("/people", {"action": "add", "name": "Bob", "role": "viewer"})
    password = re.search(r"<p><code>([^<]+)</code>", answer.text)[1]
    assert site.accounts.find("bob").must_change
    assert one.post("/people", {"action": "role", "name": "bob", "role": "user"}).status_code == 303
    again = one.post("/people", {"action": "reset", "name": "bob"}).text
    assert re.search(r"<p><code>([^<]+)</code>", again)[1] != password
    assert one.post("/people", {"action": "sign_out", "name": "bob"}).status_code == 303
    assert one.post("/people", {"action": "remove", "name": "bob"}).status_code == 303
    assert site.accounts.find("bob") is None
    with site.sources.desk() as desk:
        audited = [(e.action, e.before, e.after) for e in desk.audit() if e.object == "bob"]
    assert audited[1] == ("role", '{"role":"viewer"}', '{"role":"user"}')
    assert [a for a, *_ in audited] == ["add", "role", "reset", "sign_out", "remove"]
    assert all(password not in f"{before}{after}" for _, before, after in audited)


def test_what_is_refused(browser):
    one = browser("administrator")
    for form, code in [
        ({"action": "add", "name": "a b", "role": "viewer"}, 409),
        ({"action": "add", "name": "bob", "role": "king"}, 409),
        ({"action": "remove", "name": "some-administrator"}, 409),
        ({"action": "role", "name": "some-administrator", "role": "viewer"}, 409),
        ({"action": "fly"}, 400),
    ]:
        assert one.post("/people", form).status_code == code, form
