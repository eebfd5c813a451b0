"""Erasure of one person's data: what a person is called, and values without the name. Knows no SQL, no file."""
