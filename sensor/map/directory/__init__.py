"""Entries of the directory -> events: what an object is, and what changed between two versions."""
