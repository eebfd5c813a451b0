"""What a detection comes to: its plan and the SQL that DuckDB runs, for those who hover over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.check import check
from dsl.explain_plan import describe

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.assist.project import Project


def facts(project: Project, path: Path) -> str:
    """Markdown; empty for what is no detection, or has errors."""
    catalogue = project.catalogue(path)
    detection = catalogue.detections.get(path.stem)
    if detection is None or detection.path != path:
        return ""
    plan, _ = check(detection, catalogue.relations, catalogue.lists)
    if plan is None:
        return ""
    from engine.backends.duckdb import (  # noqa: PLC0415 - slow, and asked for rarely
        Unsupported,
        compile_detection,
    )

    parts = [f"```\n{describe(plan, detection.envelope.params)}```"]
    try:
        parts += [f"```sql\n{alert.sql}\n```" for alert in compile_detection(plan).alerts]
    except Unsupported as refused:
        parts.append(f"no SQL: {refused}")
    return "\n\n".join(parts)
