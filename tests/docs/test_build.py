"""The derived reference is written, and leaves nothing out."""

import re
import subprocess
import sys

import pytest

from dsl.attributes import ATTRIBUTES
from dsl.codes import all_codes
from dsl.functions import AGGREGATES, FUNCTIONS
from dsl.load import load
from dsl.schema.registry import event_types
from engine.configuration.file import keys
from engine.daemon.main import main as atp_run
from sensor.map.windows import mappings


@pytest.fixture(scope="module")
def pages(root, tmp_path_factory):
    """Texts of the pages by name."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, root / "docs" / "build.py", folder], check=True)
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.fixture(scope="module")
def catalogue(root):
    return load([root / "detections"], root)


def test_the_pages(pages):
    assert set(pages) == {
        "events", "functions", "detections", "lists", "errors", "windows_events", "coverage",
        "configuration", "posture", "api",
    }  # fmt: skip


def test_every_event_type_and_field(pages):
    parts = re.split(r"^## (.*)$", pages["events"], flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    for event in event_types().values():
        for column in event.columns.values():
            assert event.meaning
            assert column.field.meaning
            assert column.field.sources or not column.common
            section = sections["Fields of every event" if column.common else event.name]
            assert f"| `{column.name}` | " in section
            assert " ".join(column.field.meaning.split()).replace("|", "\\|")[:20] in section
            for word in column.field.words:
                assert f"`{word}`" in sections["Words of enums"]


def test_every_windows_event(pages):
    for log, number in mappings():
        (row,) = re.findall(
            rf"^\| `{re.escape(log)}` \| {number} \|.*$", pages["windows_events"], re.MULTILINE
        )
        assert row.count("`") > 2 or "family" in row


def test_every_function_aggregate_and_attribute(pages):
    for name in (*FUNCTIONS, *AGGREGATES, *ATTRIBUTES):
        assert f"| `{name}` | " in pages["functions"]


def test_every_code_with_its_examples(pages):
    for code in all_codes().values():
        assert f"## {code.code}: " in pages["errors"]
        for example in (code.wrong, code.right):
            assert example.rstrip("\n").replace("\a", "\\a") in pages["errors"]


def test_every_detection(pages, catalogue):
    for detection in catalogue.detections.values():
        (section,) = re.findall(
            rf"^### {detection.id}\n(.*?)(?=^##|\Z)", pages["detections"], re.MULTILINE | re.DOTALL
        )
        envelope = detection.envelope
        wanted = [envelope.title, str(envelope.external_id or ""), *envelope.mitre]
        wanted += [f"`${name}`" for name in envelope.params]
        wanted += [*envelope.known_gaps, *envelope.false_positives]
        wanted += [test.name for test in detection.tests]
        for text in wanted:
            assert " ".join(text.split()).replace("<", "&lt;") in section


def test_every_key_of_the_configuration(pages):
    for key, option in keys(atp_run.params).items():
        assert f"\n| `{key}` | " in pages["configuration"]
        assert option.help


def test_every_endpoint_of_the_api(pages):
    from portal.api.endpoint import BASE, every

    for one in (e for r in every() for e in r.endpoints):
        path = BASE + re.sub(r":\w+\}", "}", one.path)
        assert f"\n### {one.method} {path}\n" in pages["api"]
        for field in one.query.__struct_fields__:
            assert f"| `{field}` | query |" in pages["api"]


def test_every_list_with_its_entries(pages, catalogue):
    for one in catalogue.lists.values():
        assert f"\n## {one.name}\n" in pages["lists"]
        assert all(f"| `{entry.value}` | " in pages["lists"] for entry in one.entries)


def test_links_and_tables_are_whole(pages):
    for name, text in pages.items():
        anchors = set(re.findall(r"^#+ (.*)$", text, re.MULTILINE))
        assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors, name
        columns = 0
        for line in text.splitlines():
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert not columns or cells in (0, columns), f"{name}: {line}"
            columns = cells


def test_nothing_derived_is_committed(root):
    ignored = (root / ".gitignore").read_text().splitlines()
    assert "/docs/reference/" in ignored


def test_every_check_of_the_posture_is_told(pages):
    from engine.posture import assess

    for name in assess.names():
        check, _ = assess.load(name)
        assert f"## {name}\n" in pages["posture"]
        assert check.title in pages["posture"]
