"""The bar: on terminals, for large files, whatever they are called."""

import io
import os
import pty

import pytest

from engine.cli import progress


@pytest.fixture
def terminal(monkeypatch):
    """Make standard error a terminal from now on; answers what reads from it."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(slave, "w") as stream:

        def install():
            monkeypatch.setattr("sys.stderr", stream)
            return lambda: os.read(master, 1 << 16).decode()

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
