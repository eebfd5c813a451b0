"""A stream of syslog -> its messages: counted octets, or lines (RFC 6587 §3.4.1, §3.4.2; RFC 5425).

Each message may be framed either way. Some forms (`siem`) have ends of lines of their own; so a line
that begins nothing, neither a priority nor a known form, belongs to the message before it. Bounded:
what is longer than a message may be is cut, and its rest passed over. Does no I/O.
"""

from __future__ import annotations

import re
from typing import Final

from sensor.inputs.siem import begins

MESSAGE_LIMIT: Final = 256 * 1024
"""Bytes of one message, at most."""
_COUNT: Final = re.compile(rb"([1-9][0-9]{0,8}) (?=<)")
_PRIORITY: Final = re.compile(rb"<[0-9]{1,3}>")
_COUNT_SIZE: Final = 11  # what decides whether a count stands here
_HEADER_LIMIT: Final = 1024
_END: Final = re.compile(rb"[\n\0]")


class Frames:
    """One connection. `feed` and `flush` give the messages that are whole; `cut` counts those that
    were too long.
    """

    def __init__(self) -> None:
        self.cut = 0
        self._buffer = b""
        self._open: list[bytes] = []  # lines of the message that may go on
        self._size = 0
        self._skip = 0  # bytes of a counted message that are passed over

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they came; a message that ends in a line is given when the next begins."""
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
        self._buffer += data
        done: list[bytes] = []
        while self._buffer:
            found = _COUNT.match(self._buffer)
            if found is not None:
                if not self._counted(found, done):
                    break
            elif self._buffer[:1].isdigit() and len(self._buffer) < _COUNT_SIZE:
                break  # not decided yet
            elif not self._line(done):
                break
        return done

    def flush(self) -> list[bytes]:
        """Nothing has come for a while: the lines that wait are a message."""
        done: list[bytes] = []
        if self._buffer and _COUNT.match(self._buffer) is None:
            self._take(self._buffer, done)
            self._buffer = b""
        self._end(done)
        return done

    def _counted(self, found: re.Match[bytes], done: list[bytes]) -> bool:
        """One counted message out of the buffer; False if it is not whole yet."""
        size, start = int(found[1]), found.end()
        if size > MESSAGE_LIMIT:
            self.cut += 1
            self._end(done)
            done.append(self._buffer[start : start + MESSAGE_LIMIT])
            self._skip = max(0, start + size - len(self._buffer))
            self._buffer = self._buffer[start + size :]
            return True
        if len(self._buffer) < start + size:
            return False
        self._end(done)
        done.append(self._buffer[start : start + size])
        self._buffer = self._buffer[start + size :]
        return True

    def _line(self, done: list[bytes]) -> bool:
        """One line out of the buffer; False if it has no end yet."""
        end = _END.search(self._buffer)
        if end is None:
            if len(self._buffer) > MESSAGE_LIMIT:
                self._take(self._buffer, done)
                self._buffer = b""
            return False
        line, self._buffer = self._buffer[: end.start()], self._buffer[end.end() :]
        self._take(line.removesuffix(b"\r"), done)
        return True

    def _take(self, line: bytes, done: list[bytes]) -> None:
        if _PRIORITY.match(line) or (_begins(line) and not self._is_header()):
            self._end(done)
        if self._size + len(line) > MESSAGE_LIMIT:
            if self._size <= MESSAGE_LIMIT:
                self.cut += 1
                self._open.append(line[: MESSAGE_LIMIT - self._size])
                self._size = MESSAGE_LIMIT + 1
            return
        if line or self._open:
            self._open.append(line)
            self._size += len(line) + 1

    def _is_header(self) -> bool:
        """All that waits is a line with a header, whose form begins in the next one."""
        return (
            len(self._open) == 1
            and len(self._open[0]) < _HEADER_LIMIT
            and _PRIORITY.match(self._open[0]) is not None
            and not _begins(self._open[0])
        )

    def _end(self, done: list[bytes]) -> None:
        if self._open:
            done.append(b"\n".join(self._open))
        self._open = []
        self._size = 0


def _begins(line: bytes) -> bool:
    return begins(line[:_HEADER_LIMIT].decode("utf-8", errors="replace"))
