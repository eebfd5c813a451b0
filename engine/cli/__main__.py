"""`python -m engine.cli` is `atp`."""

from engine.cli.main import main

main(prog_name="atp")
