"""lsp: help an editor with detections (Language Server Protocol over standard input and output)."""

from __future__ import annotations

import importlib.util
import os
import sys

import click

from engine.cli import corpus, output


@click.command()
def command() -> None:
    """Serve one editor over standard input and output, until it says `exit`.

    Diagnostics, completion, what a name is, definitions, references, renaming, formatting.
    """
    if importlib.util.find_spec("pygls") is None:
        output.fail("the language server is not installed", "pip install 'atp[lsp]'")
    from importlib.metadata import version  # noqa: PLC0415 - starts fast

    from engine.lsp.server import make_server  # noqa: PLC0415

    # the server closes its stream at the end; the command's own is flushed after that
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    make_server(version("atp"), corpus.SHIPPED).start_io(stdout=stream)
