"""Numbers of leases in sensors' names."""

import pytest

from sensor.delivery.fencing import Fence, fence_of, fenced, plain


def test_there_and_back():
    name = fenced("directory:dc1.corp.test", Fence("corp.test", 7))
    assert plain(name) == "directory:dc1.corp.test"
    assert fence_of(name) == Fence("corp.test", 7)
    assert fence_of(fenced(name, Fence("corp.test", 8))) == Fence("corp.test", 8)


@pytest.mark.parametrize("name", ["", "directory:dc1", "interface:eth0"])
def test_others_have_none(name):
    assert (fence_of(name), plain(name)) == (None, name)


@pytest.mark.parametrize("end", ["", ":", "corp.test", "corp.test:", "x:-3", "x:³", "x:5x"])
def test_one_that_cannot_be_read_holds_nowhere(end):
    fence = fence_of(f"directory:dc1#{end}")
    assert fence is not None
    assert fence.token == -1
