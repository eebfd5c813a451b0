"""How commands end: wrong usage, broken pipes, Ctrl-C, full disks, defects."""

import os
import signal

import click
import pytest
from click.testing import CliRunner
from pcap_file import pcap_bytes

from engine.cli import ending

USAGE = [
    ("decode", "error: missing argument 'PATH…'\n  = hint: see `atp decode --help`\n"),
    (
        "replay --evidnce 1 x",
        "error: there is no option `--evidnce`\n  = hint: did you mean `--evidence`?\n",
    ),
    ("replay --evidence one x", "'one' is not a valid integer range\n"),
    ("replay --evidence -1 x", "-1 is not in the range x>=0\n"),
    ("decode --format yaml x", "'yaml' is not one of 'text', 'json'\n"),
    ("decode nothing.pcap", "error: nothing.pcap: No such file or directory\n"),
    ("new", "error: missing argument 'ID'\n"),
    ("schema a b", "error: got unexpected extra argument (b)\n"),
]


@pytest.mark.parametrize(("line", "told"), USAGE, ids=[u[0] for u in USAGE])
def test_wrong_usage(atp, line, told):
    done = atp(*line.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert told in done.err


@pytest.fixture
def large(tmp_path, packets):
    path = tmp_path / "large.pcap"
    path.write_bytes(pcap_bytes(packets * 2000))
    return path


def test_a_reader_that_goes_away_ends_it_quietly(spawn, large):
    process = spawn("decode", large)
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(20) == -signal.SIGPIPE


def test_a_reader_that_never_was(spawn):
    read, write = os.pipe()
    os.close(read)
    process = spawn("--help", stdout=write)
    os.close(write)
    assert process.stderr.read() == b""
    assert process.wait(20) == -signal.SIGPIPE


@pytest.mark.parametrize("args", [["--help"], ["schema"], ["decode", "small.pcap"]])
def test_a_full_disk_is_told(spawn, capture, args):
    with open("/dev/full", "wb") as full:
        process = spawn(*args, stdout=full)
    _, err = process.communicate(timeout=20)
    assert err == b"error: standard output: No space left on device\n"
    assert process.returncode == 2


@pytest.mark.parametrize("args", [["schema"], ["decode", "small.pcap", "--format", "json"]])
def test_closed_streams_are_no_error(spawn, capture, args):
    process = spawn(*args, preexec_fn=lambda: os.close(1), stdout=None)
    assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == 0
    process = spawn("decode", "no.pcap", preexec_fn=lambda: os.close(2), stderr=None)
    assert process.communicate(timeout=20)[0] == b""
    assert process.returncode == 2


def test_a_terminal_that_lacks_a_character_gets_an_escape(spawn):
    process = spawn("decode", "--help", env={"PYTHONIOENCODING": "latin-1"})
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert b"PATH\\u2026" in out


def test_ctrl_c_is_quiet(spawn, large):
    # a shell starts what it puts in the background deaf to the key, and so would this be (POSIX, sh, 2.11)
    process = spawn(
        "decode", large, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    process.stdout.read(1000)  # at work now
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.strip() == b""


def fails(error):
    @click.command(cls=ending.Command)
    def command():
        raise error

    return CliRunner().invoke(command, [])


def test_a_refusal_of_the_system():
    done = fails(PermissionError(13, "Permission denied", "/etc/shadow"))
    assert (done.exit_code, done.stderr) == (2, "error: /etc/shadow: Permission denied\n")


def test_a_defect_is_told_as_one():
    done = fails(ZeroDivisionError("oops"))
    assert done.exit_code == 2
    assert "ZeroDivisionError: oops" in done.stderr
    assert done.stderr.endswith(
        "error: this is a defect of atp\n  = hint: please report it with the lines above\n"
    )


def test_callers_in_python_get_the_exceptions():
    @click.command(cls=ending.Command)
    def command():
        raise ending.UsageError("no")

    with pytest.raises(ending.UsageError):
        command.main([], standalone_mode=False)


def test_the_signal_is_as_before():
    before = signal.getsignal(signal.SIGPIPE)
    fails(ValueError())
    assert signal.getsignal(signal.SIGPIPE) is before
