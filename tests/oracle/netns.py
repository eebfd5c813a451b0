"""A private network namespace with two ends of a cable, `left` and `right`, for live capture.

Needs root and iproute2. Sockets opened by `inside` belong to the namespace whoever uses them.
"""

import contextlib
import ctypes
import itertools
import os
import socket
import subprocess
import threading
import time

_CLONE_NEWNET = 0x40000000
_count = itertools.count()


class Unavailable(Exception):
    """No namespace can be made here; says why."""


class Namespace:
    """A namespace by its name."""

    def __init__(self, name):
        self.name = name

    def ip(self, *args):
        """Run `ip` in it."""
        subprocess.run(["ip", "-n", self.name, *args], check=True, capture_output=True)

    def inside(self, function):
        """What a function gives when it runs in the namespace, in a thread of its own."""
        done = {}

        def work():
            fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                done["value"] = function()
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                done["error"] = error
            finally:
                os.close(fd)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if "error" in done:
            raise done["error"]
        return done["value"]

    def sender(self, interface):
        """A socket whose `send` puts frames on the cable at that end."""

        def opened():
            made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            made.bind((interface, 0))
            return made

        return self.inside(opened)


@contextlib.contextmanager
def cable():
    """The namespace, both ends up; raises Unavailable."""
    name = f"atp-test-{os.getpid()}-{next(_count)}"
    try:
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
    except FileNotFoundError:
        raise Unavailable("there is no `ip` (iproute2)") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"ip netns add: {error.stderr.decode().strip()}") from None
    space = Namespace(name)
    try:
        try:
            space.ip("link", "add", "left", "mtu", "65535", "type", "veth", "peer", "name", "right", "mtu", "65535")  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"ip link add: {error.stderr.decode().strip()}") from None
        for end in ("left", "right"):
            space.ip("link", "set", end, "addrgenmode", "none")  # no packets of its own
            space.ip("link", "set", end, "up")
        space.ip("link", "set", "lo", "up")
        time.sleep(0.1)
        yield space
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
