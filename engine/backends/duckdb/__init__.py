"""Plans on DuckDB: each alert statement becomes one SQL statement over the store's tables."""

from engine.backends.duckdb.detection import (
    CompiledAlert,
    CompiledDetection,
    compile_detection,
)
from engine.backends.unsupported import Unsupported

__all__ = ["CompiledAlert", "CompiledDetection", "Unsupported", "compile_detection"]
