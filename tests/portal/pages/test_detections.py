"""Detections as a list, one by one, and by technique."""


def test_they_are_listed(house, browser):
    house.ask(0)
    one = browser("viewer")
    text = one.get("/detections").text
    for part in ("zone_transfers", "enabled", "disabled", "too many", "T1110"):
        assert part in text, part
    assert "No detection is named so" in one.get("/detections?q=%3Cb%3E").text
    assert "qtype == axfr" in one.get("/detections/zone_transfers").text
    assert "T1110" in one.get("/detections/attack").text
