"""The command line `atp`: one module a command, found by folder scan."""
