"""fmt: only the blocks, only where they differ."""

UGLY = {"a = match dns_query where qtype == axfr": "a   =  match dns_query   where qtype==axfr"}


def test_formats_and_says_so(atp, rule):
    path = rule()
    before = path.read_bytes()
    path = rule(**UGLY)
    done = atp("fmt", path)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"formatted {path}\n1 file, 1 formatted\n"
    assert path.read_bytes() == before
    assert atp("fmt", path).out == "1 file, 0 formatted\n"


def test_check_writes_nothing(atp, rule):
    path = rule(**UGLY)
    before = path.read_bytes()
    done = atp("fmt", "--check", path)
    assert done.code == 1
    assert done.out == f"would change {path}\n1 file, 1 to format\n"
    assert path.read_bytes() == before
    assert atp("fmt", "--check", rule()).code == 0


def test_what_cannot_be_read_is_left_alone(atp, rule, tmp_path):
    path = rule(**{"qtype == axfr": "qtype == == axfr"})
    before = path.read_bytes()
    done = atp("fmt", path)
    assert done.code == 1
    assert "error[D01" in done.err
    assert path.read_bytes() == before
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    assert atp("fmt", "x.yaml").code == 1


def test_the_shipped_rules_are_formatted(atp):
    assert atp("fmt", "--check").code == 0


def test_line_ends_stay(atp, rule):
    path = rule(**UGLY)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    atp("fmt", path)
    after = path.read_bytes()
    block = after.index(b"detect: |"), after.index(b"explain:")
    assert after[: block[0]] == before[: block[0]]
    assert after[block[1] :].count(b"\r\n") == after[block[1] :].count(b"\n")
