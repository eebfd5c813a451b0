"""A repository of one's own rules, outside of this project: what its CI files and hooks name works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from dsl.load import load
from dsl.settings import read_settings


@pytest.fixture(scope="module")
def repository(root, tmp_path_factory):
    """The example as a team would copy it: a fresh repository, everything committed."""
    folder = tmp_path_factory.mktemp("team") / "rules"
    shutil.copytree(root / "examples" / "rules-repository", folder)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "Rules"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def run(line, folder, tmp_path):
    """A line of a shell, with `atp` being this one."""
    tool = tmp_path / "bin" / "atp"
    if not tool.exists():
        tool.parent.mkdir(exist_ok=True)
        program = "from engine.cli.main import main; main(prog_name='atp')"
        tool.write_text(f'#!/bin/sh\nexec {sys.executable} -c {shlex.quote(program)} "$@"\n')
        tool.chmod(0o755)
    path = f"{tool.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1"}
    return subprocess.run(
        ["sh", "-ec", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def ci_lines(folder):
    """What the two CI files run, without the installation."""
    github = yaml.safe_load((folder / ".github/workflows/detections.yaml").read_text())
    gitlab = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())
    lines = [step["run"] for step in github["jobs"]["detections"]["steps"] if "run" in step]
    lines += gitlab["detections"]["script"]
    assert lines.count("pip install atp") == 2
    return [line for line in dict.fromkeys(lines) if not line.startswith("pip ")]


@pytest.mark.slow
def test_what_its_ci_runs_passes(repository, tmp_path):
    lines = ci_lines(repository)
    assert {line.split()[1] for line in lines} == {"check", "fmt", "test"}
    for line in lines:
        done = run(line, repository, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert "warning" not in done.stdout + done.stderr
    assert 'failures="0"' in (repository / "report.xml").read_text()
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert changed.stdout.split() in ([], ["??", "report.xml"])


@pytest.mark.slow
def test_its_ci_finds_what_is_wrong(repository, tmp_path):
    copy = tmp_path / "rules"
    shutil.copytree(repository, copy)
    rule = copy / "detections/lateral_movement/service_account_spread.yaml"
    text = rule.read_text()
    for old, new, failing in (
        ("by account over", "by acount over", "atp check"),
        ("spread = window", "spread  = window", "atp fmt --check"),
        ("n >= $min_hosts", "n > $min_hosts", "atp test"),
        ("count_distinct(source)", "count_distinct(source) where source is not null",
         "atp test --mutate --least 0.8"),
    ):  # fmt: skip
        assert old in text
        rule.write_text(text.replace(old, new))
        assert run(failing, copy, tmp_path).returncode == 1, failing
    rule.write_text(text)


def test_its_hooks_are_those_of_this_project(root, repository):
    offered = {h["id"]: h for h in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())}
    config = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())
    asked = [hook["id"] for repo in config["repos"] for hook in repo["hooks"]]
    assert asked == list(offered)


@pytest.mark.slow
def test_hooks_pass_on_the_files_that_they_are_given(root, repository, tmp_path):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for hook in yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text()):
        files = [f for f in listed if re.search(hook["files"], f)]
        assert len(files) == 5
        line = " ".join(
            [hook["entry"], *(map(shlex.quote, files) if hook["pass_filenames"] else ())]
        )
        done = run(line, repository, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_its_settings_fit(repository):
    catalogue = load([repository / "detections"])
    settings, found = read_settings(repository / "settings.yaml", catalogue.detections)
    assert found == []
    assert settings.params["service_account_spread"] == {"min_hosts": 5}
