"""Folders of detections."""

from dsl.load import load, load_detection


def test_the_shipped_detections_load(root):
    catalogue = load([root / "detections"], root)
    assert [d for d in catalogue.diagnostics.items if d.severity == "error"] == []
    assert set(catalogue.texts) == {
        str(p.relative_to(root)) for p in (root / "detections").rglob("*.yaml")
    }
    for detection in catalogue.detections.values():
        assert detection.tests
        assert detection.path.stem == detection.id


def test_faults_of_the_block_are_placed_in_the_file(loaded):
    catalogue = loaded("detect: |\n\n  t = match a\n    where b = 1\n  alert t as (actor: c)")
    (fault,) = catalogue.diagnostics.items
    line = catalogue.texts[fault.file].split("\n")[fault.span.line - 1]
    assert (fault.code, line) == ("D0102", "    where b = 1")
    assert line[fault.span.column - 1] == "="
    assert catalogue.detections == {}


def test_one_file(tmp_path, loaded):
    loaded("title: One")
    file = tmp_path / "discovery" / "example.yaml"
    detection, diagnostics = load_detection(file, tmp_path)
    assert (detection.envelope.title, diagnostics) == ("One", [])
    at = detection.block.statements[1].at
    span = detection.source.span(at)
    line = file.read_text().split("\n")[span.line - 1]
    assert line[span.column - 1 :].startswith("alert seen")
    assert load_detection(tmp_path / "none.yaml")[0] is None


def test_a_broken_file_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.yaml").write_text("a: [")
    text = "list: b\nkind: host\ndescription: x\nentries: []\n"
    (tmp_path / "b.yaml").write_text(text)
    (tmp_path / "c.yml").write_text(text)
    catalogue = load([tmp_path], tmp_path)
    assert list(catalogue.lists) == ["b"]
    assert [d.code for d in catalogue.diagnostics.items] == ["D0601", "D0608"]


def test_relations(told):
    head = "atp: 1\nid: example\ntitle: x\ndescription: y\ndetect: |\n"
    assert told(head + "  a = match kerberos_as\n  example = union a, a\n", "relation") == []
    assert [c for c, _ in told(head + "  a = match kerberos_as\n", "relation")] == ["D0616"]
    text = head + "  example = match kerberos_as\n  alert example as (a: b)\n"
    assert [c for c, _ in told(text, "relation")] == ["D0618"]


def test_a_relation_may_not_hide_an_event_type(tmp_path):
    folder = tmp_path / "relations"
    folder.mkdir()
    text = "atp: 1\nid: logon\ntitle: x\ndescription: y\ndetect: logon = match kerberos_as\n"
    (folder / "logon.yaml").write_text(text)
    assert [d.code for d in load([tmp_path]).diagnostics.items] == ["D0616"]


def test_a_line_that_fell_out_of_the_block(told):
    found = told("detect: |\n  t = match kerberos_as\nalert t as (actor: account)\n")
    assert [c for c, _ in found] == ["D0620"]
