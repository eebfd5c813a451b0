"""The hours of a week as a picture."""

from portal.week import week


def test_every_hour_has_its_place():
    hours = [0] * 168
    hours[0], hours[9], hours[167] = 1, 100, 50
    found = week(hours, "en")
    cells = found["cells"]
    assert len({(c["x"], c["y"]) for c in cells}) == 168
    assert [cells[i]["level"] for i in (0, 1, 9, 167)] == [1, 0, 4, 2]
    assert (cells[0]["title"], cells[167]["title"]) == ("Mon 0:00: 1", "Sun 23:00: 50")
    assert cells[9]["y"] == cells[0]["y"] < cells[167]["y"]
    assert (found["busy"], found["most"]) == (3, "Mon 9:00")
    assert week(hours, "de")["most"] == "Mo 9:00"
