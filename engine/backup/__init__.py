"""Backups: a tar file packed with zstd, that holds a manifest and the files it names with their hashes.

Knows no daemon and no SQL.
"""
