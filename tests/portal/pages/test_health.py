"""Health: issues, and what is decided about them."""

from engine.health import Issue
from engine.health.life import Standing
from engine.store import health as stored
from engine.store.desk import Desk


def test_health(house, browser):
    one = browser("administrator")
    assert "Nothing is wrong" in one.get("/health").text
    desk = Desk(house.sources.desk_file)
    issue = Issue(check="disk_space", subject="/var", severity="high", title="The disk is full",
                  text="1 % is free", remedy="Make room.")  # fmt: skip
    stored.put(desk, [Standing(issue, "open", 5, 6)])
    desk.close()
    assert "Make room." in one.get("/health").text
    form = {"check": "disk_space", "subject": "/var", "action": "suppress"}
    assert one.post("/health", form).status_code == 303
    assert one.post("/health", form).status_code == 409
    assert one.post("/health", {**form, "check": "none"}).status_code == 404
    assert one.post("/health", {**form, "action": "fly"}).status_code == 400
