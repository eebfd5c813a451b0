"""The bar: on terminals, for large files, whatever they are called."""

import io
import os
import pty
import select

import pytest

from engine.cli import progress


def everything_of(master):
    """What was written; the kernel hands it over piece by piece, a little after the writing."""
    pieces = []
    while select.select([master], [], [], 0.3)[0]:
        pieces.append(os.read(master, 1 << 16))
    return b"".join(pieces).decode()


@pytest.fixture
def terminal(monkeypatch):
    """Make standard error a terminal from now on; answers what reads from it."""
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(slave, "w") as stream:

        def install():
            monkeypatch.setattr("sys.stderr", stream)
            return lambda: everything_of(master)

        yield install
    os.close(master)


def file_of(tmp_path, size, name="a.pcap"):
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(size)
    return path


def test_none_where_the_output_is_no_terminal(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with progress.progress(file_of(tmp_path, 10**8)) as told:
        assert told is None


def test_none_for_a_small_file(tmp_path, terminal):
    terminal()
    with progress.progress(file_of(tmp_path, 999_999)) as told:
        assert told is None


@pytest.mark.parametrize(
    "name", ["a.pcap", "[red].pcap", "[bold]b.pcap", "[x].pcap", "e\x1b[2Jvil.pcap"]
)
def test_a_bar_with_the_name(tmp_path, terminal, name):
    written = terminal()
    with progress.progress(file_of(tmp_path, 10**7, name)) as told:
        told(10**6, 10**7)
    seen = written()
    assert name.replace("\x1b[2J", "\\x1b[2J") in seen.replace("\n", "")
    assert "\x1b[2Jvil" not in seen
