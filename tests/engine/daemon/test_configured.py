"""atp-run with a configuration file: the command line wins, and SIGHUP reads detections anew."""

import signal

from pcap_file import pcap_bytes


def test_the_file_and_the_command_line(atp_run, watched, tmp_path):
    (tmp_path / "atp.toml").write_text('watch = ["in"]\nstore = "a.duckdb"\nbuffer = 64\n')
    run = atp_run("--config", "atp.toml", "--store", "b.duckdb", watch=False).begun()
    assert run.stop()[0] == 0
    assert (tmp_path / "b.duckdb").exists()
    assert not (tmp_path / "a.duckdb").exists()


def test_a_misspelt_key_is_shown_in_its_place(atp_run, tmp_path):
    (tmp_path / "atp.toml").write_text('\nwach = ["in"]\n')
    run = atp_run("--config", "atp.toml", watch=False)
    assert run.process.wait(30) == 2
    assert " --> atp.toml:2:1\n" in run.err
    assert "did you mean `watch`?" in run.err


def test_detections_are_reread(atp_run, watched, tmp_path, recording):
    (tmp_path / "atp.toml").write_text('watch = ["in"]\ndetections = ["rules"]\n')
    run = atp_run("--config", "atp.toml", watch=False, rules=None).begun()
    rule = tmp_path / "rules" / "discovery" / "zone_transfers.yaml"
    text = rule.read_text()
    rule.write_text(text.replace("qtype == axfr", "qtpe == axfr"))
    run.process.send_signal(signal.SIGHUP)
    run.wait(lambda: "what was in force stays" in run.err)
    assert "did you mean `qtype`?" in run.err
    rule.write_text(text.replace("title: Zone transfer", "title: Another title"))
    (tmp_path / "atp.toml").write_text('watch = ["in"]\ndetections = ["rules"]\nbuffer = 64\n')
    run.process.send_signal(signal.SIGHUP)
    run.wait(lambda: "reloaded: 1 detections are in force" in run.err)
    assert "`buffer` has changed; in force after a new start" in run.err
    (watched / "a.pcap").write_bytes(pcap_bytes(recording))
    run.wait(run.changes)
    assert run.changes()[0]["title"] == "Another title"
    assert run.stop()[0] == 0
