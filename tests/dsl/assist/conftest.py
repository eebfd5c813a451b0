"""The shipped detections as a project, read once."""

from pathlib import Path

import pytest

from dsl.assist.project import Project

SHIPPED = Path(__file__).resolve().parents[3] / "detections"


@pytest.fixture(scope="session")
def texts():
    """Texts of all shipped files by path."""
    return {p: p.read_text(encoding="utf-8") for p in sorted(SHIPPED.rglob("*.yaml"))}


@pytest.fixture(scope="session")
def project(texts):
    return Project(texts)


@pytest.fixture(scope="session")
def spray(texts):
    """A detection with windows, a union, a sequence, parameters and a list."""
    return next(p for p in texts if p.stem == "password_spray")
