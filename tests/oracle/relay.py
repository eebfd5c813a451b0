"""A wire between a sensor and its engine that can be cut: TCP, byte by byte, knows no TLS."""

import contextlib
import socket
import threading


class Relay:
    """Listens at `port`; carries to `to`, a port of this machine, while `up`."""

    def __init__(self):
        self.to = 0
        self.up = True
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """What goes on ends in the middle, and nothing gets through."""
        self.up = False
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            # a reset, not an end: the rest of what was on its way is lost
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def mend(self):
        self.up = True

    def close(self):
        self._server.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near = self._server.accept()[0]
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to)) if self.up else None
            except OSError:
                far = None
            if far is None:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
