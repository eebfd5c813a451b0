"""An erasure asked of a running atp-run: it ends with its own code, and goes on after a new start."""

import json

from click.testing import CliRunner
from pcap_file import pcap_bytes

from engine.cli.main import main


def test_it_ends_erases_and_goes_on(atp_run, watched, recording, tmp_path):
    run = atp_run().begun()
    (watched / "a.pcap").write_bytes(pcap_bytes(recording))
    run.wait(run.changes)
    told = run.changes()
    args = [
        "erase",
        "nobody@corp.test",
        "--database",
        str(tmp_path / "atp.duckdb"),
        "--format",
        "json",
    ]
    shown = CliRunner().invoke(main, args, prog_name="atp")
    assert (shown.exit_code, json.loads(shown.stdout)) == (0, {})
    done = CliRunner().invoke(main, [*args, "--yes"], prog_name="atp")
    assert done.exit_code == 0, done.output
    assert run.process.wait(20) == 75
    assert "ended for an erasure" in run.err
    run = atp_run().begun()
    listed = CliRunner().invoke(main, ["audit", "--database", args[3], "--format", "json"])
    assert json.loads(listed.stdout.splitlines()[-1])["action"] == "erase"
    assert "nobody" not in listed.stdout
    assert run.changes() == told
    assert run.stop()[0] == 0
