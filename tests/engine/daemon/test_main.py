"""atp-run as a process: folders, restarts, kills, signals, and what it refuses."""

import os
import random
import signal
import time

import pytest
from pcap_file import pcap_bytes
from rights import NET_RAW, without


def pieces(recording, count):
    """The recording in files of equal length."""
    size = -(-len(recording) // count)
    return [pcap_bytes(recording[i : i + size]) for i in range(0, len(recording), size)]


def drop(folder, name, data):
    """Put a file there as a collector does: written under another name, then renamed."""
    part = folder / f".{name}"
    part.write_bytes(data)
    part.rename(folder / name)


def test_a_capture_that_is_dropped_in(atp_run, watched, recording):
    run = atp_run().begun()
    assert run.changes() == []
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    (change,) = run.changes()
    assert (change["change"], change["kind"], change["detection"]) == (
        1,
        "opened",
        "zone_transfers",
    )
    assert change["source"] == "ip:10.20.30.66"
    assert len(change["evidence"]) == change["evidence_count"] == 1
    run.wait(lambda: "Zone transfer" in run.out)
    assert "\x1b" not in run.out
    assert run.err == f"watching {watched}\n"
    code, seconds = run.stop()
    assert code == 0
    assert seconds < 10


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_restart_repeats_nothing(atp_run, watched, recording, end):
    drop(watched, "a.pcap", pcap_bytes(recording))
    run = atp_run()
    run.wait(run.changes)
    code, _ = run.stop(end)
    assert code == (0 if end != signal.SIGKILL else -signal.SIGKILL)
    before = run.changes()
    again = atp_run().begun()
    drop(watched, "b.pcap", pcap_bytes(recording[:50]))
    time.sleep(2)
    assert again.changes() == before
    assert again.stop()[0] == 0
    assert again.changes() == before


def test_a_file_that_grows(atp_run, watched, recording):
    """Written on and on, looked at in between: as if it had been read once."""
    run = atp_run().begun()
    data = pcap_bytes(recording)
    rng = random.Random(3)
    cuts = sorted(rng.sample(range(1000, len(data)), 6))
    with (watched / "a.pcap").open("wb") as file:
        for low, high in zip([0, *cuts], [*cuts, len(data)], strict=True):
            file.write(data[low:high])
            file.flush()
            time.sleep(1)
    run.wait(run.changes)
    time.sleep(1)
    assert run.stop()[0] == 0
    (change,) = run.changes()
    assert change["count"] == change["evidence_count"] == 1


def test_quiet(atp_run, watched, recording):
    drop(watched, "a.pcap", pcap_bytes(recording))
    run = atp_run("--quiet")
    run.wait(run.changes)
    assert run.stop()[0] == 0
    assert (run.out, run.err) == ("", "")


def test_a_terminal_that_goes_away(atp_run, watched, recording):
    read, write = os.pipe()
    run = atp_run(stdout=write)
    os.close(write)
    os.close(read)
    run.begun()
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    time.sleep(1.5)
    code, _ = run.stop()
    assert code == 0
    assert "Broken" not in run.err


def test_nobody_reads_its_complaints(atp_run, watched, recording):
    read, write = os.pipe()
    run = atp_run(stderr=write)
    os.close(write)
    assert os.read(read, 8) == b"watching"
    os.close(read)
    drop(watched, "README", b"hello")
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    assert run.stop()[0] == 0


def test_its_own_files_may_lie_in_the_folder(atp_run, watched, recording):
    run = atp_run("--store", watched / "atp.duckdb", "--alerts", watched / "alerts.jsonl")
    run.alerts_path = watched / "alerts.jsonl"
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    time.sleep(1)
    assert run.stop()[0] == 0
    assert run.err == f"watching {watched}\n"


def test_a_disk_that_is_full_for_a_while(atp_run, watched, tmp_path, recording):
    """The alerts wait in the database, and are written once when there is room."""
    (tmp_path / "alerts").mkdir()
    run = atp_run("--alerts", "alerts/a.jsonl").begun()
    run.alerts_path = tmp_path / "alerts" / "a.jsonl"
    moved = (tmp_path / "alerts").rename(tmp_path / "moved")
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(lambda: "the alerts cannot be written and wait: No such file" in run.err)
    time.sleep(2.5)
    assert run.err.count("cannot be written") == 1
    moved.rename(tmp_path / "alerts")
    run.wait(run.changes)
    assert run.stop()[0] == 0
    assert [c["change"] for c in run.changes()] == [1]


@pytest.fixture
def shipped(atp_run, root, tmp_path):
    """Begin atp-run with all shipped detections and a database of its own."""

    def start(name):
        run = atp_run(
            "--directory", root / "examples" / "directory.yaml", "--store", f"{name}.duckdb",
            "--alerts", f"{name}.jsonl", rules=root / "detections",
        )  # fmt: skip
        run.alerts_path = tmp_path / f"{name}.jsonl"
        return run

    return start


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, None])
def test_killed_at_any_moment_nothing_is_lost_or_repeated(shipped, watched, recording, seed):
    """kill -9 while files arrive: the alerts are those of a run that was left alone."""
    seed = seed or random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")  # other moments in each run; shown on failure
    parts = pieces(recording, 6)
    for i, part in enumerate(parts):
        drop(watched, f"{i}.pcap", part)
    run = shipped("calm")
    run.wait(run.changes, 120)
    time.sleep(3)
    assert run.stop()[0] == 0
    wanted = standing(run)
    assert len(wanted) >= 10

    for path in watched.iterdir():
        path.unlink()
    rng = random.Random(seed)
    for i, part in enumerate(parts):
        run = shipped("killed")
        if rng.random() < 0.7:
            run.begun()
        drop(watched, f"{i}.pcap", part)
        time.sleep(rng.uniform(0.0, 5.0))
        run.stop(signal.SIGKILL)
    run = shipped("killed").begun()
    end = time.monotonic() + 120
    while standing(run) != wanted and time.monotonic() < end:
        time.sleep(1)
    time.sleep(3)
    assert run.stop()[0] == 0
    changes = run.changes()
    assert [c["change"] for c in changes] == list(range(1, len(changes) + 1))
    assert standing(run) == wanted


def standing(run):
    """The alerts that stand: id -> what counts of them."""
    return {
        c["id"]: (c["detection"], c["source"], c["evidence_count"], c["explanation"])
        for c in run.standing()
    }


def refused(run):
    """Its exit code and what it said."""
    return run.process.wait(60), run.err


def test_a_second_one_on_the_same_database(atp_run, tmp_path):
    atp_run().begun()
    code, told = refused(atp_run("--alerts", "other.jsonl"))
    assert code == 2
    assert (
        "error: atp.duckdb is in use by another process\n  = hint: one database, one atp-run\n"
        in told
    )


def test_a_second_one_on_the_same_alerts(atp_run, tmp_path):
    atp_run().begun()
    code, told = refused(atp_run("--store", "other.duckdb"))
    assert code == 2
    assert "error: alerts.jsonl is in use by another process\n" in told


def test_an_unknown_interface(atp_run):
    code, told = refused(atp_run("--interface", "eth77", watch=False))
    assert code == 2
    assert told.startswith("error: there is no interface `eth77`; there are: ")
    assert "lo" in told


def test_without_the_right_to_capture(atp_run):
    run = atp_run("--interface", "lo", watch=False, preexec_fn=without(NET_RAW))
    code, told = refused(run)
    assert code == 2
    assert told.startswith("error: capturing needs root or CAP_NET_RAW\n")


REFUSED = [
    ([], "error: nothing to watch\n  = hint: name a folder with --watch, an interface"),
    (
        ["--probe-networks", "10.0.0.0/8"],
        (
            "error: --probe-networks alone watches nothing: it asks clients that others saw\n"
            "  = hint: add what sees clients: --interface, --watch, --syslog"
        ),
    ),
    (["--watch", "none"], "error: none: No such file or directory\n"),
    (["--watch", "text"], "error: text is no folder\n"),
    (["--watch", "in", "--alerts", "none/a"], "error: none/a: No such file or directory\n"),
    (["--watch", "in", "--alerts", "in"], "error: in: Is a directory\n"),
    (["--watch", "in", "--store", "none/s"], "error: none/s cannot be opened: "),
    (["--watch", "in", "--store", "text"], "error: text cannot be opened: "),
    (["--watch", "in", "--store", "in"], "error: in cannot be opened: "),
    (["--watch", "in", "--directory", "text"], "error: the directory file text has errors\n"),
    (["--watch", "in", "--detections", "text"], "error: the detections have errors\n"),
    (["--wach", "in"], "error: there is no option `--wach`\n  = hint: did you mean `--watch`?\n"),
    (["in"], "error: got unexpected extra argument (in)\n"),
]


@pytest.mark.parametrize(("args", "told"), REFUSED, ids=[" ".join(r[0]) for r in REFUSED])
def test_what_it_refuses(atp_run, tmp_path, args, told):
    (tmp_path / "text").write_text("hello, this is a text\n" * 500)
    run = atp_run(*args, watch=False, stdout=None)
    code, said = refused(run)
    assert code == 2
    assert told in said
    assert "Traceback" not in said


def test_a_second_signal_ends_it_at_once(atp_run):
    run = atp_run().begun()
    run.process.send_signal(signal.SIGSTOP)
    run.process.send_signal(signal.SIGTERM)
    run.process.send_signal(signal.SIGINT)
    run.process.send_signal(signal.SIGCONT)
    assert run.process.wait(20) in (0, 130, 143)


@pytest.mark.parametrize("rewritten", [False, True])
def test_an_event_log_that_grows(shipped, watched, event_log, rewritten):
    """Appended to, or written anew with more records and its end: old records, each told once."""
    whole = event_log
    end = b"</Event>"
    cuts = [i for i in range(len(whole)) if whole.startswith(end, i)]
    drop(watched, "whole.xml", whole)
    run = shipped("calm")
    run.wait(lambda: len(standing(run)) >= 4)
    time.sleep(2)
    run.stop()
    wanted = standing(run)
    (watched / "whole.xml").unlink()

    run = shipped("grown").begun()
    log = watched / "log.xml"
    for share in (0.2, 0.5, 0.8, 1.0):
        at = cuts[int((len(cuts) - 1) * share)] + len(end)
        if rewritten or share == 1.0:
            data = whole[:at] + b"\n</Events>\n"
        else:
            data = whole[: at + 100]
        log.write_bytes(data)
        time.sleep(1.5)
    run.wait(lambda: standing(run).keys() >= wanted.keys())
    time.sleep(2)
    assert run.stop()[0] == 0
    assert standing(run) == wanted
    opened = [c["id"] for c in run.changes() if c["kind"] == "opened"]
    assert len(opened) == len(wanted)


def test_settings_and_lists(atp_run, watched, recording, tmp_path):
    path = tmp_path / "rules" / "discovery" / "zone_transfers.yaml"
    text = path.read_text().replace("asked: query)", "asked: query) severity $word")
    text = text.replace("detect:", "params:\n  least: {type: int, default: 9, help: x}\ndetect:")
    path.write_text(text.replace("severity $word", "severity case(src_port > $least -> low, else high)"))  # fmt: skip
    (tmp_path / "s.yaml").write_text("detections: {zone_transfers: {params: {least: 70000}}}")
    (tmp_path / "own.yaml").write_text("nothing: here")
    refused = atp_run("--settings", "s.yaml", "--lists", "own.yaml")
    assert refused.process.wait(20) == 2
    (tmp_path / "own.yaml").write_text(
        "list: zone_transfers\nkind: host\ndescription: x\nentries:\n"
        "  - {value: nobody, owner: it, reason: x}\n"
    )
    (tmp_path / "own.yaml").rename(tmp_path / "zone_transfers.yaml")
    run = atp_run("--settings", "s.yaml", "--lists", "zone_transfers.yaml").begun()
    drop(watched, "a.pcap", pcap_bytes(recording))
    run.wait(run.changes)
    (change,) = run.changes()
    assert (change["severity"], change["params"]) == ("high", {"least": 70000})
