"""Plans on DuckDB: each alert statement becomes one SQL statement over the store's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.backends.duckdb.statement import CompiledAlert, CompiledDetection
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from dsl.plan import DetectionPlan

__all__ = ["CompiledAlert", "CompiledDetection", "Unsupported", "compile_detection"]


def compile_detection(detection: DetectionPlan) -> CompiledDetection:
    """Lower a detection. Raises `Unsupported` for what DuckDB has no exact form of."""
    # what is compiled already runs without the compiler
    from engine.backends.duckdb.detection import compile_detection as compiled  # noqa: PLC0415

    return compiled(detection)
