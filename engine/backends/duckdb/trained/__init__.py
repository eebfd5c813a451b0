"""Models that were trained beside the engine: what days teach them, and rows joined with their scores."""
