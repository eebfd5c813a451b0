"""The numbers of a sensor's events go on."""

from engine.daemon.numbers import last_number


def test_a_run_goes_on_where_the_last_ended(store):
    assert last_number(store, "interface:right") == 0
    store.append((), {"seen/interface:right": "[[1,70],[72,90]]"})
    assert last_number(store, "interface:right") == 90
    assert last_number(store, "interface:left") == 0
