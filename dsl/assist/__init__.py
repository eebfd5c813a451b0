"""What an editor asks of a rule while it is written: completion, meaning, places, renaming.

Pure functions over texts and catalogues, on half-typed text too. Knows no protocol, no files, no
SQL; `engine.lsp` speaks with editors.
"""
