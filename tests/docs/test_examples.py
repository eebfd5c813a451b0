"""Examples in the pages are rules: they parse, they check, and their tests pass.

A fence `detect` is a block, `yaml` a whole file or some keys of one (what is missing is put beside
it), `toml` a configuration, `sh` is for test_commands. A table behind `<!-- checked: conditions over TYPE -->` shows a
condition in the last cell of each row.
"""

import re

import pytest
import yaml

from dsl.check import check, check_relation
from dsl.load import load
from dsl.settings import read_settings
from engine.backends.duckdb import compile_detection
from engine.configuration.file import read_configuration
from engine.daemon.main import main as atp_run
from engine.daemon.radius_clients import read_clients
from engine.daemon.reports_file import read_reports
from engine.daemon.sign_in_file import read_sign_in
from engine.daemon.sinks_file import read_sinks
from engine.directory_file import read_directory_file
from engine.rule_tests import run_tests

FRAME = {
    "atp": 1, "version": 1, "title": "An example", "severity": "medium", "confidence": 50,
    "kill_chain": "reconnaissance", "mitre": ["T1087.002"], "description": "An example.",
    "false_positives": ["none known"], "known_gaps": ["it is an example"],
    "explain": "An example.",
}  # fmt: skip
_CONDITIONS = re.compile(r"<!-- checked: conditions over (\w+) -->\n\n((?:\|.*\n)+)")
_LANGUAGES = {"detect", "yaml", "toml", "sh", "text", ""}


@pytest.fixture
def run(tmp_path, root):
    """A function: keys of a detection, as text -> faults and failing tests."""

    def run(text):
        file = tmp_path / "detections" / "discovery" / "example.yaml"
        file.parent.mkdir(parents=True)
        given = yaml.safe_load(text)
        if "list" in given:
            file = file.with_name(f"{given['list']}.yaml")
        else:
            rest = {k: v for k, v in ({"id": "example"} | FRAME).items() if k not in given}
            file = file.with_name(f"{given.get('id', 'example')}.yaml")
            text = yaml.safe_dump(rest) + text
        file.write_text(text)
        shipped = [root / "detections" / "relations", root / "detections" / "lists"]
        catalogue = load([*shipped, file], tmp_path)
        found = list(catalogue.diagnostics.items)
        for detection in catalogue.detections.values():
            found += check(detection, catalogue.relations, catalogue.lists)[1]
        for relation in catalogue.relations.values():
            found += check_relation(relation, catalogue.relations, catalogue.lists)[1]
        told = [f"{d.code} {d.message}" for d in found if d.severity == "error"]
        outcomes = [*run_tests(catalogue, compile_detection, rules=["example", given.get("id")])]
        return told + [f"{o.test}: {o.complaints}" for o in outcomes if not o.passed]

    return run


def _block(text):
    """Lines of a block as keys of a file: parameters declared, an alert where there is none."""
    names = re.findall(r"^(\w+)\s+=(?!=)", text, re.MULTILINE)
    if not re.search(r"^alert\b", text, re.MULTILINE):
        text += f"alert {names[-1]} as (seen: ts)\n"
    return "detect: |\n" + "".join(f"  {line}\n" for line in text.splitlines())


def file_faults(text, root, path):
    """What is wrong with a file that is no detection; None: it is one."""
    path.write_text(text, encoding="utf-8")
    keys = yaml.safe_load(text).keys()
    if keys & {"sensitivity", "frozen"}:
        found = read_settings(path, load([root / "detections"]).detections)[1]
    elif "clients" in keys:
        path.chmod(0o600)
        found = read_clients(path)[1]
    elif "sync" in keys:
        found = read_directory_file(path)[1]
    elif "sinks" in keys:
        for name in re.findall(r"/etc/atp/(\S+)", text):
            (path.parent / name).write_text("a secret of the test\n", encoding="utf-8")
            (path.parent / name).chmod(0o600)
        path.write_text(text.replace("/etc/atp", str(path.parent)), encoding="utf-8")
        found = read_sinks(path)[1]
    elif "issuer" in keys:
        secret = path.with_name("secret")
        secret.write_text("secret")
        secret.chmod(0o600)
        path.write_text(text.replace("/etc/atp/oidc-secret", str(secret)), encoding="utf-8")
        found = read_sign_in(path)[1]
    elif "reports" in keys:
        found = read_reports(path, {"soc": "email"})[1]
    else:
        return None
    return [f"{d.code} {d.message}" for d in found]


def test_examples_hold(page, tmp_path, run, root):
    examples = [f for f in page.fences if f.language in {"detect", "yaml"}]
    for number, fence in enumerate(examples):
        text = _block(fence.text) if fence.language == "detect" else fence.text
        assert isinstance(yaml.safe_load(text), dict), (
            f"{page.name}:{fence.line}: not a file's keys"
        )
        faults = file_faults(text, root, tmp_path / "file.yaml")
        if faults is None:
            faults = run(text)
            (tmp_path / "detections").rename(tmp_path / f"done{number}")
        assert not faults, f"{page.name}:{fence.line}: {faults}"


def test_configurations_hold(page, tmp_path):
    for fence in (f for f in page.fences if f.language == "toml"):
        (tmp_path / "atp.toml").write_text(fence.text)
        found = read_configuration(tmp_path / "atp.toml", atp_run.params)[1]
        told = [d.message for d in found if "No such file" not in d.message]
        assert not told, f"{page.name}:{fence.line}: {told}"


def test_every_fence_says_what_it_is(page):
    assert {f.language for f in page.fences} <= _LANGUAGES


def test_conditions_in_tables_hold(language, run):
    tables = _CONDITIONS.findall(language.text)
    assert tables
    for event, rows in tables:
        cells = [re.split(r"(?<!\\)\|", row)[-2].strip() for row in rows.splitlines()[2:]]
        assert all(re.fullmatch("`.*`", cell) for cell in cells)
        block = "".join(f"c{i} = match {event} where {c.strip('`')}\n" for i, c in enumerate(cells))
        assert run(_block(block)) == []


@pytest.mark.parametrize("name", ["README.md", "docs/tutorial.md", "docs/language.md"])
def test_a_whole_rule_with_tests_is_shown(open_page, root, name):
    shown = [yaml.safe_load(f.text) for f in open_page(root / name).fences if f.language == "yaml"]
    assert any({"detect", "explain", "tests"} <= set(keys) for keys in shown)
