"""Exclusions with proof: what would silence a false positive, and what else it would silence."""
