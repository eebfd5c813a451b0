"""Backups of a running atp-run, killed meanwhile, and an atp-run on what was restored."""

import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from pcap_file import pcap_bytes

from engine.backup import archive
from engine.cli.main import main
from engine.daemon import backing_up


def drop(folder, name, data):
    part = folder / f".{name}"
    part.write_bytes(data)
    part.rename(folder / name)


@pytest.fixture
def atp():
    def run(*args):
        return CliRunner().invoke(main, [str(a) for a in args], prog_name="atp")

    return run


def test_backup_while_it_runs_and_a_daemon_on_the_restored_folder(
    atp_run, atp, watched, recording, tmp_path
):
    run = atp_run().begun()
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    (told,) = run.changes()
    run.wait(lambda: atp("alerts", "list", "--database", tmp_path / "atp.duckdb").output)
    done = atp("backup", tmp_path / "b.tar.zst", "--database", tmp_path / "atp.duckdb")
    assert done.exit_code == 0, done.output
    assert "verified" in done.output
    again = atp("backup", tmp_path / "b.tar.zst", "--database", tmp_path / "atp.duckdb")
    assert again.exit_code == 2
    assert "there already" in again.output
    assert run.stop()[0] == 0
    done = atp("restore", tmp_path / "b.tar.zst", "--to", tmp_path / "restored")
    assert done.exit_code == 0, done.output
    refused = atp("restore", tmp_path / "b.tar.zst", "--to", tmp_path / "restored")
    assert refused.exit_code == 2
    assert "is not empty" in refused.output

    run = atp_run("--store", tmp_path / "restored" / "atp.duckdb").begun()
    desk = atp("alerts", "list", "--database", tmp_path / "restored" / "atp.duckdb")
    assert "Zone transfer" in desk.output
    time.sleep(3)  # the folder was looked at again meanwhile
    assert run.changes() == [told]
    assert run.stop()[0] == 0


def test_killed_while_backing_up(atp_run, atp, watched, recording, tmp_path):
    database, target = tmp_path / "atp.duckdb", tmp_path / "b.tar.zst"
    run = atp_run().begun()
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    told = run.changes()
    for wait in (0.0, 0.02, 0.1):
        program = "from engine.cli.main import main; main(prog_name='atp')"
        asked = subprocess.Popen(
            [sys.executable, "-c", program, "backup", str(target), "--database", str(database)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        copying = database.with_name(f"{database.name}.copying")
        run.wait(lambda copying=copying, asked=asked: copying.exists() or asked.poll() is not None)
        time.sleep(wait)
        os.kill(run.process.pid, signal.SIGKILL)
        run.process.wait()
        asked.kill()
        asked.wait()
        if target.exists():
            archive.verify(target)  # what bears the name is whole
            target.unlink()
        run = atp_run().begun()
        assert not copying.exists()
    assert atp("backup", target, "--database", database).exit_code == 0
    archive.verify(target)
    assert run.changes() == told
    assert run.stop()[0] == 0


def test_by_the_clock(tmp_path):
    named = {"backup_folder": tmp_path, "backup_every": "week", "backup_keep": 2}
    (entry,) = backing_up.planned(named)
    day = 86_400_000_000
    assert entry.arguments(0, 20_000 * day - 1) == {
        "file": str(tmp_path / "atp-2024-10-04.tar.zst"), "replace": True,
    }  # fmt: skip
    assert backing_up.planned({**named, "backup_folder": None}) == []


def test_the_newest_are_kept_and_nothing_of_others_is_touched(tmp_path):
    for name in (
        "atp-2024-10-01.tar.zst", "atp-2024-10-02.tar.zst", "atp-2024-10-03.tar.zst",
        ".atp-2024-10-04.tar.zst.part", "atp-mine.tar.zst", "notes",
    ):  # fmt: skip
        (tmp_path / name).touch()
    backing_up.prune(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "atp-2024-10-02.tar.zst", "atp-2024-10-03.tar.zst", "atp-mine.tar.zst", "notes",
    ]  # fmt: skip
