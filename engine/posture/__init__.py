"""Posture: what is weak in a domain by its directory alone, with evidence and remedy."""
